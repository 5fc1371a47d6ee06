import type { RunnerTestCase } from 'vitest'
import { seconds } from '../../explore/budget.ts'
import type { Exploration } from '../../explore/index.ts'
import { BadInput } from '../../kernel/index.ts'

/**
 * A search that would go on when its test's time is over is ended just before, so that it can say so itself, and so that
 * it is not still going on under the next test.
 */

/** What is left to vitest, of the test's time. */
const MARGIN_SECONDS = 0.5
const MARGIN_SHARE = 0.25

/** @throws BadInput when the time was over before the budget of runs, and the test had not asked for that */
export async function limited(
  test: Readonly<RunnerTestCase> | null,
  search: (signal: { readonly aborted: boolean }) => Promise<Exploration>,
): Promise<Exploration> {
  const began = seconds()
  const limit = test === null ? Infinity : timeOf(test)
  let isOver = false
  const found = await search({
    get aborted() {
      if (seconds() - began >= limit || test?.context.signal.aborted === true) isOver = true
      return isOver
    },
  })
  if (!isOver || found.failure !== null) return found
  throw new BadInput(
    `'${found.scenario.title}' did not fail in ${found.executions} runs, and then the test's ${(test?.timeout ?? 0) / 1000} s were over; ` +
      `ask for fewer { executions }, for what there is { time } for, or give the test a longer timeout`,
  )
}

/** How long a search may take. */
function timeOf({ timeout, result }: Readonly<RunnerTestCase>): number {
  if (timeout <= 0 || timeout === Infinity) return Infinity
  const whole = timeout / 1000
  // An attempt that is not the first began at a time that nobody tells.
  const isFirst = (result?.retryCount ?? 0) === 0 && (result?.repeatCount ?? 0) === 0
  const passed = isFirst && result?.startTime !== undefined ? (Date.now() - result.startTime) / 1000 : 0
  return whole - passed - Math.min(MARGIN_SECONDS, whole * MARGIN_SHARE)
}
