import type { Id } from '../../kernel/index.ts'
import { Periods } from '../story/periods.ts'
import { inWords, list } from '../story/phrases.ts'
import type { SecondLook } from '../story/second-look.ts'
import type { Finding } from './finding.ts'

/** So many threads have to stand in line, and each of them has to come round so often. */
const THREADS_MIN = 3
const ROUNDS_MIN = 3

/** A lock changes hands. */
export interface Taking {
  readonly thread: Id
  readonly step: number
  /** When it was given back; `null` when it was not. */
  readonly given: number | null
  /** When the thread had taken it before; 0 when it had not. */
  readonly before: number
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
    const periods = new Periods(review.waits.filter((one) => one.object === object))
    let stretch: Taking[] = []
    const close = (): void => {
      const threads = comeRound(stretch)
      if (threads !== null) found.push(tell(object, threads, stretch))
      stretch = []
    }
    takings.forEach((taking, at) => {
      const waited = hadToWait(periods, taking)
      if (!waited || !isBackInLine(periods, takings[at - 1], taking)) close()
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

/** Who had a lock when, in the order of the takings. */
export function takingsOf(takers: readonly Step[], givers: readonly Step[]): Taking[] {
  const latest = new Map<Id, { -readonly [K in keyof Taking]: Taking[K] }>()
  const takings: Taking[] = []
  let at = 0
  const giveBackUntil = (step: number): void => {
    for (let giver = givers[at]; giver !== undefined && giver.step <= step; giver = givers[++at]) {
      const taking = latest.get(giver.thread)
      if (taking !== undefined) taking.given ??= giver.step
    }
  }
  for (const { thread, step } of takers) {
    giveBackUntil(step)
    const taking: Taking = { thread, step, given: null, before: latest.get(thread)?.step ?? 0 }
    latest.set(thread, taking)
    takings.push(taking)
  }
  giveBackUntil(Number.POSITIVE_INFINITY)
  return takings
}

/** It waited for this very taking, and somebody else waited with it. */
function hadToWait(periods: Periods, { thread, step, before }: Taking): boolean {
  const own = periods.firstFrom(thread, before)
  return (
    own !== null && own.from < step && [...periods.threads].some((id) => id !== thread && waitsAt(periods, id, step))
  )
}

function waitsAt(periods: Periods, thread: Id, step: number): boolean {
  const wait = periods.lastBefore(thread, step + 1)
  return wait !== null && (wait.to === null || wait.to >= step)
}

/** The one who had it before waits again by the time at which this one gives it back. */
function isBackInLine(periods: Periods, last: Taking | undefined, { given }: Taking): boolean {
  if (last === undefined || last.given === null) return false
  const again = periods.firstFrom(last.thread, last.given)
  return again !== null && again.from <= (given ?? Number.POSITIVE_INFINITY)
}

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
