import { at } from '../story/phrases.ts'
import type { SecondLook } from '../story/second-look.ts'
import type { Finding } from './finding.ts'

/**
 * A lost wake-up: a thread can never go on, and waits for a signal of an object of which an earlier signal, given by
 * another before the wait began, reached nobody; and none was given after that.
 */
export function lostWakeUps({ trace, review, ledger }: SecondLook): Finding[] {
  const found: Finding[] = []
  const { failure } = trace.verdict
  if (failure?.kind !== 'deadlock') return []
  for (const { thread, object, line } of failure.waiting) {
    if (!failure.threads.includes(thread)) continue
    const since = review.waits.find((wait) => wait.thread === thread && wait.to === null)?.from
    if (since === undefined || ledger.givers(object).some(({ step }) => step > since)) continue
    const lost = ledger.lost(object).findLast((signal) => signal.thread !== thread)
    if (lost === undefined) continue
    found.push({
      name: 'lost wake-up',
      object,
      threads: [thread, lost.thread],
      steps: [lost.step, since],
      text:
        `${lost.call} by ${lost.thread} at step ${lost.step}${at(lost.site)} finds nobody waiting for ${object}; ` +
        `${thread} waits for it since step ${since}${at(line)}, and no signal comes after that`,
    })
  }
  return found
}
