import { BadInput } from '../kernel/index.ts'
import type { Decider } from './decider.ts'
import { priority } from './policies/priority.ts'
import { fifo, rr } from './policies/rr.ts'
import { dfs } from './strategies/dfs.ts'
import { random } from './strategies/random.ts'

/** What `--strategy` and `--policy` take, with a line on each. */
export const deciders: { readonly [name: string]: string } = {
  random: 'a random walk, every option equally likely',
  dfs: 'every schedule, depth first; proves what holds when it gets through',
  fifo: 'a policy: a thread runs until it waits or ends',
  rr: 'a policy: each ready thread in turn, for rr:quantum=N steps',
  priority: 'a policy: the most urgent process first, at once; first come, first served among equals',
}

/** The decider that a text such as `random` or `rr:quantum=2` names. @param others what else the caller takes, for the complaint @throws BadInput */
export function decider(text: string, seed: string, others: readonly string[] = []): Decider {
  const [name, ...options] = text.split(':')
  switch (name) {
    case 'random':
      return plain(text, options, random(seed))
    case 'dfs':
      return plain(text, options, dfs())
    case 'fifo':
      return plain(text, options, fifo())
    case 'priority':
      return plain(text, options, priority())
    case 'rr':
      return rr(quantumOf(text, options))
    default:
      throw new BadInput(
        `there is no strategy or policy '${name}'; there are ${[...others, ...Object.keys(deciders)].join(', ')}`,
      )
  }
}

function plain(text: string, options: readonly string[], made: Decider): Decider {
  if (options.length > 0) throw new BadInput(`'${text}': ${made.name} takes no options; write ${made.name} alone`)
  return made
}

function quantumOf(text: string, options: readonly string[]): number {
  const [option = 'quantum=1', ...rest] = options
  const digits = /^(?:quantum=)?(\d+)$/.exec(option)?.[1]
  if (digits === undefined || Number(digits) < 1 || rest.length > 0)
    throw new BadInput(`'${text}': rr takes a quantum of at least 1 step, as in rr:quantum=2`)
  return Number(digits)
}
