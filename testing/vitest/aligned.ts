import type { Id } from '../../kernel/index.ts'
import { isPick, threadOfChoice } from '../../scheduler/index.ts'
import { type KeptStep, keptOf, type Trace } from '../../trace/index.ts'

/**
 * A kept schedule and a scenario that was edited since, laid side by side: what each thread did when it was kept, and
 * what it does now. Following alone takes each call for the first like it; with the whole row of a thread's calls to
 * look at it is seen which of them are new.
 */

export interface Aligned {
  readonly steps: readonly KeptStep[]
  readonly guesses: readonly string[]
}

/** More pairs of calls of a thread than this are not compared. */
const PAIRS_MAX = 4_000_000

/** What the same call about another object is taken for. */
export type Elsewhere = 'another call' | 'perhaps the same'

/**
 * The schedule for the scenario as it is now; `null` when it is as it was, or can't be compared.
 * @param now any run of the scenario as it is now
 */
export function aligned(kept: readonly KeptStep[], now: Trace, elsewhere: Elsewhere): Aligned | null {
  const present = byThread(keptOf(now).steps)
  const past = byThread(kept)
  const guesses: string[] = []
  const renamed = renaming(past, present)
  if (renamed !== null) guesses.push(`${renamed.from} is taken to be ${renamed.to}`)
  const nameNow = (thread: Id): Id => (thread === renamed?.from ? renamed.to : thread)

  const rows = new Map<Id, Row>()
  for (const [thread, steps] of past) {
    const does = present.get(nameNow(thread)) ?? []
    const same = isSame(steps, does)
    if (!same && steps.length * does.length > PAIRS_MAX) return null
    rows.set(thread, {
      does,
      places: same ? steps.map((_, index) => index) : match(steps, does, elsewhere),
      next: 0,
      done: 0,
    })
  }

  const steps: KeptStep[] = []
  for (const step of kept) {
    if (!isOwn(step)) {
      steps.push({ ...step, choice: inName(step.choice, renamed) })
      continue
    }
    const row = rows.get(step.choice)
    if (row === undefined) continue
    const place = row.places[row.next++] ?? null
    if (place === null) {
      guesses.push(`${nameNow(step.choice)} does not make ${inWords(step)} any more`)
      continue
    }
    for (const more of row.does.slice(row.done, place)) {
      guesses.push(`${more.choice} makes ${inWords(more)}, of which the schedule does not know`)
      steps.push(more)
    }
    row.done = place + 1
    steps.push(...row.does.slice(place, place + 1))
  }
  return guesses.length === 0 ? null : { steps, guesses }
}

/** What a thread does now, and where in that the steps are which it took then; `null` for those that are gone. */
interface Row {
  readonly does: readonly KeptStep[]
  readonly places: readonly (number | null)[]
  next: number
  done: number
}

/** A step of a thread's own: no timer, no fault, no choice inside one. */
const isOwn = ({ choice }: KeptStep): boolean => !isPick(choice) && threadOfChoice(choice) === choice

function byThread(steps: readonly KeptStep[]): Map<Id, KeptStep[]> {
  const rows = new Map<Id, KeptStep[]>()
  for (const step of steps) {
    if (!isOwn(step)) continue
    const row = rows.get(step.choice)
    if (row === undefined) rows.set(step.choice, [step])
    else row.push(step)
  }
  return rows
}

type Renaming = { readonly from: Id; readonly to: Id } | null

/** As following has it: one that is gone and one that is new are the same. */
function renaming(past: ReadonlyMap<Id, unknown>, present: ReadonlyMap<Id, unknown>): Renaming {
  const [from, ...othersGone] = [...past.keys()].filter((thread) => !present.has(thread))
  const [to, ...othersNew] = [...present.keys()].filter((thread) => !past.has(thread))
  return from !== undefined && to !== undefined && othersGone.length + othersNew.length === 0 ? { from, to } : null
}

const inName = (choice: string, renamed: Renaming): string =>
  renamed !== null && !isPick(choice) && threadOfChoice(choice) === renamed.from
    ? choice.replace(renamed.from, renamed.to)
    : choice

const inWords = ({ call, about }: KeptStep): string => (about === undefined ? `${call}` : `${call} (${about})`)

const isSame = (then: readonly KeptStep[], now: readonly KeptStep[]): boolean =>
  then.length === now.length &&
  then.every(({ call, about }, index) => call === now[index]?.call && about === now[index]?.about)

/** How much speaks for two steps' being the same. */
function likeness(a: KeptStep, b: KeptStep, elsewhere: Elsewhere): number {
  if (a.call !== b.call) return 0
  if (a.about === undefined || b.about === undefined) return 2
  if (a.about === b.about) return 3
  return elsewhere === 'perhaps the same' ? 1 : 0
}

/** For each of the steps then its place among those now: in order, with the most likeness in all, and of equals the last. */
function match(then: readonly KeptStep[], now: readonly KeptStep[], elsewhere: Elsewhere): (number | null)[] {
  const width = now.length + 1
  /** Of the first i steps then and the first j now. */
  const best = new Int32Array((then.length + 1) * width)
  const at = (i: number, j: number): number => best[i * width + j] ?? 0
  then.forEach((step, i) => {
    now.forEach((other, j) => {
      const like = likeness(step, other, elsewhere)
      const paired = like === 0 ? 0 : at(i, j) + like
      best[(i + 1) * width + j + 1] = Math.max(paired, at(i, j + 1), at(i + 1, j))
    })
  })
  const places: (number | null)[] = then.map(() => null)
  let j = now.length
  for (let i = then.length; i > 0 && j > 0; ) {
    const [step, other] = [then[i - 1], now[j - 1]]
    const like = step === undefined || other === undefined ? 0 : likeness(step, other, elsewhere)
    if (like > 0 && at(i, j) === at(i - 1, j - 1) + like) {
      places[i - 1] = j - 1
      i -= 1
      j -= 1
    } else if (at(i, j) === at(i, j - 1)) j -= 1
    else i -= 1
  }
  return places
}
