import { BadInput } from '../kernel/index.ts'
import type { Decider } from './decider.ts'
import { isCoarse, unit } from './dispatcher/costs.ts'
import { Dispatcher } from './dispatcher/dispatcher.ts'
import type { DispatcherOptions } from './dispatcher/settings.ts'
import { policies, policyNamed } from './policies/named.ts'
import { dfs } from './strategies/dfs.ts'
import { boundedDpor } from './strategies/dpor/bounded.ts'
import { dpor } from './strategies/dpor/dpor.ts'
import { pct } from './strategies/pct.ts'
import { pos } from './strategies/pos.ts'
import { random } from './strategies/random.ts'
import { surw, urw } from './strategies/surw.ts'

/** What `--strategy` and `--policy` take, with a line on each. */
export const deciders: { readonly [name: string]: string } = {
  random: 'a random walk, every option equally likely',
  pct: 'random priorities, which fall at random steps; pct:depth=N, 3 if not given',
  pos: 'every step has a random priority, and draws anew when it loses a race',
  surw: 'all orders of the steps on one object equally likely, another object in each run',
  urw: 'a random walk, whoever has more steps left the likelier',
  dfs: 'every schedule, depth first; dfs:preemptions=N only those with at most N, fewest first',
  dpor: 'one schedule of each kind that order makes a difference to; proves as dfs does, sooner; dpor:source by source sets; dpor:refined with more that commutes; dpor:preemptions=N within a bound',
  ...policies,
}

/** On what a policy runs. */
export type OnMachine = Omit<DispatcherOptions, 'policy' | 'seed'>

/**
 * The decider that a text such as `random` or `rr:quantum=2` names.
 * @param others what else the caller takes, for the complaint
 * @param on CPUs and costs, for policies: one, and `unit`, if nothing is said
 * @throws BadInput
 */
export function decider(text: string, seed: string, others: readonly string[] = [], on: OnMachine = {}): Decider {
  const [name, ...options] = text.split(':')
  switch (name) {
    case 'random':
      return plain(text, options, random(seed))
    case 'pct':
      return pct(seed, numberOf(text, options, 'depth', 3, 1))
    case 'pos':
      return plain(text, options, pos(seed))
    case 'surw':
      return plain(text, options, surw(seed))
    case 'urw':
      return plain(text, options, urw(seed))
    case 'dfs':
      return options.length === 0 ? dfs() : dfs({ preemptions: numberOf(text, options, 'preemptions', 0, 0) })
    case 'dpor':
      if (options[0]?.startsWith('preemptions=') === true)
        return boundedDpor(numberOf(text, options, 'preemptions', 0, 0))
      return dporOf(text, options)
    default:
      if (Object.hasOwn(policies, name ?? '')) return dispatcher(text, seed, on)
      throw new BadInput(
        `there is no strategy or policy '${name}'; there are ${[...others, ...Object.keys(deciders)].join(', ')}`,
      )
  }
}

function dporOf(text: string, options: readonly string[]): Decider {
  const source = options.includes('source')
  const refined = options.includes('refined')
  if (options.length > (source ? 1 : 0) + (refined ? 1 : 0))
    throw new BadInput(`'${text}': dpor takes source and refined, as in dpor:source`)
  return dpor({ source, refined })
}

function plain(text: string, options: readonly string[], made: Decider): Decider {
  if (options.length > 0) throw new BadInput(`'${text}': ${made.name} takes no options; write ${made.name} alone`)
  return made
}

/** The one number that a decider takes: `rr:quantum=2`, or `rr:2` for short. */
function numberOf(text: string, options: readonly string[], what: string, usual: number, least: number): number {
  const [option = String(usual), ...rest] = options
  const [, name = what, digits] = /^(?:(\w+)=)?(\d+)$/.exec(option) ?? []
  if (digits === undefined || name !== what || Number(digits) < least || rest.length > 0)
    throw new BadInput(
      `'${text}': ${nameOf(text)} takes a ${what === 'preemptions' ? 'number of preemptions' : what} of at least ${least}, as in ${nameOf(text)}:${what}=2`,
    )
  return Number(digits)
}

const nameOf = (text: string): string => text.split(':')[0] ?? text

/** A dispatcher of the policy that the text names. @throws BadInput */
export function dispatcher(text: string, seed: string, on: OnMachine = {}): Dispatcher {
  return new Dispatcher({ ...on, policy: policyNamed(text, isCoarse(on.costs ?? unit)), seed })
}
