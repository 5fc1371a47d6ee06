import type { Id } from '../../kernel/index.ts'
import type { Ledger, Mark as LedgerMark, Waiting } from '../../scheduler/index.ts'
import { shortCall, type Trace } from '../../trace/index.ts'
import type { SecondLook } from './second-look.ts'
import type { Giver, Moment, StoryWait } from './story.ts'

/** Who waits on what when a run is over, who holds it, and who could give it. */

/** @param others ledgers of other runs of the same scenario */
export function waitsOf(look: SecondLook, others: readonly Ledger[]): StoryWait[] {
  const { failure } = look.trace.verdict
  if (failure === null) return []
  const forEver = new Set(failure.kind === 'deadlock' ? failure.threads : [])
  return failure.waiting
    .filter(({ thread }) => failure.kind === 'step limit' || forEver.has(thread))
    .map((one) => tell(one, forEver.has(one.thread), look, others))
}

function tell(one: Waiting, forEver: boolean, look: SecondLook, others: readonly Ledger[]): StoryWait {
  const { thread, object } = one
  const period = look.review.waits.find((wait) => wait.thread === thread && wait.to === null)
  const toGive = look.simulation.machine.tasks.get(thread)?.pending?.def.does === 'gives'
  const givers = giversOf(one, toGive, look.ledger, others)
  const givenBy = givers.length > 0 ? givers : writersOf(one, look.trace)
  const heldBy = toGive ? [] : holdersOf(one, look.ledger, others, givenBy)
  return {
    thread,
    step: period?.from ?? null,
    line: one.line ?? period?.line ?? null,
    call: shortCall(one.call, one.args, period?.places ?? {}),
    object,
    forEver,
    toGive,
    heldBy,
    givenBy,
    waitsFor: targets(thread, heldBy, givenBy),
  }
}

/** On whom a thread hangs: on others who hold what it wants; else on itself, if it holds that; else on those who give it. */
function targets(thread: Id, heldBy: readonly Moment[], givenBy: readonly Giver[]): Id[] {
  const not = (moments: readonly Moment[]): Id[] =>
    [...new Set(moments.map((moment) => moment.thread))].filter((id) => id !== thread)
  const holders = not(heldBy)
  if (holders.length > 0) return holders
  return heldBy.length > 0 ? [thread] : not(givenBy)
}

/** Those who hold it, as the call itself says; else as the ledger does, unless the object is none that is held. */
function holdersOf(
  { object, heldBy }: Waiting,
  ledger: Ledger,
  others: readonly Ledger[],
  givenBy: readonly Giver[],
): Moment[] {
  const known = ledger.holders(object).map(asMoment)
  if (heldBy !== undefined)
    return heldBy.map(
      (thread) => known.find((moment) => moment.thread === thread) ?? { thread, step: null, line: null },
    )
  return givenBy.length === 0 || isLock(object, [ledger, ...others]) ? known : []
}

const asMoment = ({ thread, step, site }: LedgerMark): Moment => ({ thread, step, line: site })

/**
 * Whether an object is held, as a lock is, and not used up, as the units of a counter are: mostly who gives it back is one
 * who has taken it.
 */
function isLock(object: string, ledgers: readonly Ledger[]): boolean {
  let own = 0
  let foreign = 0
  for (const ledger of ledgers) {
    const debts = new Map<Id, number>()
    const takings = ledger.takers(object)
    let at = 0
    for (const { thread, step } of ledger.givers(object)) {
      for (; (takings[at]?.step ?? step) < step; at++) {
        const taker = takings[at]?.thread ?? ''
        debts.set(taker, (debts.get(taker) ?? 0) + 1)
      }
      const debt = debts.get(thread) ?? 0
      if (debt > 0) own += 1
      else foreign += 1
      debts.set(thread, debt - 1)
    }
  }
  return own > foreign
}

/**
 * Those who give it or signal it, each by its last time, in this run or in another; and those whom the call names. Who
 * waits to give waits for those who take.
 */
function giversOf(
  { thread: waiting, object, awaits = [] }: Waiting,
  toGive: boolean,
  ledger: Ledger,
  others: readonly Ledger[],
): Giver[] {
  const enders = (one: Ledger): readonly LedgerMark[] => (toGive ? one.takers(object) : one.givers(object))
  const givers = new Map<Id, Giver>()
  for (const { thread, step, site } of enders(ledger)) givers.set(thread, { thread, step, line: site, known: 'here' })
  for (const other of others)
    for (const { thread, site } of enders(other))
      if (!givers.has(thread)) givers.set(thread, { thread, step: null, line: site, known: 'elsewhere' })
  for (const thread of awaits)
    if (!givers.has(thread)) givers.set(thread, { thread, step: null, line: null, known: 'by the call' })
  givers.delete(waiting)
  return [...givers.values()]
}

/** Who else wrote, last, the word of memory that a thread waits for. */
function writersOf({ thread: waiting, object }: Waiting, { events }: Trace): Giver[] {
  const last = events.findLast(
    ({ thread, touched }) =>
      thread !== waiting && touched.some(([mode, , , , label]) => mode !== 'r' && label === object),
  )
  if (last === undefined) return []
  return [{ thread: last.thread, step: last.step, line: last.line ?? null, known: 'by its writing' }]
}
