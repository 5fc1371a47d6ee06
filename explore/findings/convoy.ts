import type { Id } from '../../kernel/index.ts'
import type { WaitPeriod } from '../../trace/index.ts'
import { inWords, list } from '../story/phrases.ts'
import type { SecondLook } from '../story/second-look.ts'
import type { Finding } from './finding.ts'

/** So many threads have to stand in line, and each of them has to come round so often. */
const THREADS_MIN = 3
const ROUNDS_MIN = 3

/** A lock changes hands. */
interface Taking {
  readonly thread: Id
  readonly step: number
  /** When it was given back; `null` when it was not. */
  readonly given: number | null
}

/**
 * A convoy: a stretch of consecutive takings of one lock in which three or more threads come round three times each;
 * every one of them had to wait for it, with another one still waiting behind it, and whoever gave it back was waiting for
 * it again before the next in line gave it back. So all move at the pace of the lock, and the line never dissolves.
 * Blasgen, Gray, Mitoma, Price: The convoy phenomenon, Operating Systems Review 13 (2), 1979.
 */
export function convoys({ ledger, review }: SecondLook): Finding[] {
  const found: Finding[] = []
  for (const object of ledger.subjects) {
    const takings = takingsOf(ledger.takers(object), ledger.givers(object))
    const waits = review.waits.filter((one) => one.object === object)
    let stretch: Taking[] = []
    const close = (): void => {
      const threads = comeRound(stretch)
      if (threads !== null) found.push(tell(object, threads, stretch))
      stretch = []
    }
    takings.forEach((taking, at) => {
      const waited = hadToWait(waits, takings, at)
      if (!waited || !isBackInLine(waits, takings, at)) close()
      if (waited) stretch.push(taking)
    })
    close()
  }
  return found
}

interface Step {
  readonly thread: Id
  readonly step: number
}

function takingsOf(takers: readonly Step[], givers: readonly Step[]): Taking[] {
  return takers.map(({ thread, step }) => {
    const given = givers.find((one) => one.thread === thread && one.step > step)
    return { thread, step, given: given?.step ?? null }
  })
}

/** It waited for this very taking, and somebody else waited with it. */
function hadToWait(waits: readonly WaitPeriod[], takings: readonly Taking[], at: number): boolean {
  const taking = takings[at]
  if (taking === undefined) return false
  const { thread, step } = taking
  const before = takings.findLast((one, index) => index < at && one.thread === thread)?.step ?? 0
  const own = waits.some((one) => one.thread === thread && one.from >= before && one.from < step)
  return own && waits.some((one) => one.thread !== thread && during(one, step))
}

/** The one who had it before waits again by the time at which this one gives it back. */
function isBackInLine(waits: readonly WaitPeriod[], takings: readonly Taking[], at: number): boolean {
  const [before, taking] = [takings[at - 1], takings[at]]
  if (before?.given === undefined || before.given === null || taking === undefined) return false
  const { thread, given: from } = before
  const until = taking.given ?? Number.POSITIVE_INFINITY
  return waits.some((one) => one.thread === thread && one.from >= from && one.from <= until)
}

const during = ({ from, to }: { from: number; to: number | null }, step: number): boolean =>
  from <= step && (to === null || to >= step)

/** The threads of a stretch that is a convoy. */
function comeRound(stretch: readonly Taking[]): Id[] | null {
  const times = new Map<Id, number>()
  for (const { thread } of stretch) times.set(thread, (times.get(thread) ?? 0) + 1)
  const round = [...times].filter(([, count]) => count >= ROUNDS_MIN).map(([thread]) => thread)
  return round.length >= THREADS_MIN ? round : null
}

function tell(object: string, threads: readonly Id[], stretch: readonly Taking[]): Finding {
  const steps = stretch.map(({ step }) => step)
  return {
    name: 'convoy',
    object,
    threads,
    steps,
    text:
      `${list(threads)} queue for ${object} again and again: ${inWords(stretch.length, 'taking')} of it in a row ` +
      `(steps ${steps[0]} to ${steps.at(-1)}) all had to be waited for, and whoever gives it back waits for it again at once`,
  }
}
