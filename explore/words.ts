import type { Coverage } from './coverage/coverage.ts'
import type { Sighted } from './findings/sightings.ts'
import type { Found } from './investigate.ts'
import type { Verdict } from './verdict.ts'

/** What a search has to say at its end, for people. */

export const ENDLESS =
  'not searched depth first: a thread that spins goes on there for ever; spin with await_(), which waits'

export interface Counts {
  readonly executions: number
  readonly schedules: number | null
  readonly traces: number | null
  readonly bound: number | null
  readonly steps: number
  readonly pruned: number
}

const thousands = (n: number): string => n.toString().replace(/\B(?=(\d{3})+$)/g, ',')
const count = (n: number, what: string): string => `${thousands(n)} ${what}${n === 1 ? '' : 's'}`

/** A headline, and what else there is to know, a line each. */
export function inWords(
  verdict: Verdict,
  failure: Found | null,
  counts: Counts,
  neverReached: readonly string[],
  limits: readonly string[],
): string {
  const lines = [headline(verdict, failure, counts)]
  if (failure !== null) lines.push(failure.message, ...smaller(failure))
  lines.push(...limits)
  if (counts.pruned > 0) lines.push(`${count(counts.pruned, 'run')} given up by assume()`)
  for (const name of neverReached) lines.push(`never reached in any run: ${name}`)
  return lines.join('\n')
}

/** So many findings are told. */
const FINDINGS_MAX = 5

/** What was seen in runs, whatever they came to. */
export function seenInWords(findings: readonly Sighted[], watched: number, executions: number): string[] {
  const lines = findings
    .slice(0, FINDINGS_MAX)
    .map(({ name, text, run }) => `${name} in run ${thousands(run)}: ${text}`)
  const more = findings.length - lines.length
  if (more > 0) lines.push(`and ${more} more of the kind`)
  if (watched < executions) lines.push(`(looked for in ${thousands(watched)} of ${count(executions, 'run')})`)
  return lines
}

/** What the runs cover. */
export function coverageInWords({ runs, traces, pairs, bothOrders }: Coverage): string[] {
  const lines = [`different traces, by their hashes: ${thousands(traces)} in ${count(runs, 'run')}`]
  if (pairs > 0) lines.push(`pairs of calls seen in both orders: ${thousands(bothOrders)} of ${thousands(pairs)}`)
  return lines
}

/** What shrinking came to. */
function smaller({ shrunk, found, params }: Found): string[] {
  if (shrunk === null) return []
  const { preemptions, steps, fewestPreemptions, fewestSteps } = shrunk
  const size = (schedule: { readonly steps: number; readonly preemptions: number }): string =>
    `${count(schedule.steps, 'step')} with ${count(schedule.preemptions, 'preemption')}`
  const before = found.steps === steps && found.preemptions === preemptions ? '' : `, shrunk from ${size(found)}`
  const lowered = shrunk.lowered.map((name) => `${name}=${params[name]}`)
  const fewest = fewestPreemptions ? 'no failing schedule has fewer preemptions' : null
  const shortest = fewestPreemptions && fewestSteps ? 'none with so few is shorter' : null
  const said = [fewest, shortest].filter((one) => one !== null).join(', and ')
  return [
    `${size(shrunk)}${before}${said === '' ? '' : `; ${said}`}`,
    ...(lowered.length === 0 ? [] : [`smaller parameters will do: ${lowered.join(', ')}`]),
  ]
}

function headline(verdict: Verdict, failure: Found | null, { executions, schedules, traces, bound }: Counts): string {
  switch (verdict) {
    case 'proved':
      if (traces !== null)
        return `proved: holds in every schedule (${count(traces, 'run')}, one for all that differ only in the order of independent steps)`
      if (schedules === null) return 'proved: holds in every schedule'
      return `proved: holds in every schedule (${schedules === 1 ? 'there is' : 'there are'} ${thousands(schedules)})`
    case 'bounded':
      return `proved up to ${count(bound ?? 0, 'preemption')}: holds in every schedule with no more (${count(executions, 'run')}); there may be others`
    case 'sampled':
      return `sampled: holds in ${count(executions, 'schedule')}; there may be others`
    case 'failed':
      return `failed: ${failure?.kind} in run ${failure?.execution} (${failure?.strategy})`
    case 'inconclusive':
      return 'inconclusive: no run came to its end'
    default:
      return verdict satisfies never
  }
}
