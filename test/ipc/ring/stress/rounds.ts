import { close, create, declareDead, type RingHandle, type RingKind } from 'ipclab/ring'
import { shapeBehind } from '../../../../ipc/ring/create.ts'
import type { Crew, Hand } from './crew.ts'
import { allowance, type Manner, manners } from './ends.ts'
import { Ledger, type Role } from './ledger.ts'
import { MESSAGE_BYTES } from './messages.ts'
import { type Job, play, type Waiting, waitings } from './peer.ts'
import { countNoMore, countSleeps } from './sleeps.ts'
import { startAt, starts } from './start.ts'

/**
 * A round: threads send and read; one of them is terminated, at any moment; those it leaves behind are told, a fresh one takes
 * its place, all go on, and the books are compared.
 */

export interface Tally {
  rounds: number
  /** Rounds that could not go on after a death, or whose books don't agree: why, and how to have them again. */
  failures: string[]
  messages: number
  lost: number
  doubled: number
  sleeps: number
  timedOut: number
  /** Sleeps that ended by time-out though there was news: wake-ups that were lost. Who dies may take one along. */
  missed: number
}

export const emptyTally = (): Tally => ({
  rounds: 0,
  failures: [],
  messages: 0,
  lost: 0,
  doubled: 0,
  sleeps: 0,
  timedOut: 0,
  missed: 0,
})

/** So long may anything take while nobody moves a message; more is never. */
const PATIENCE_MS = 15_000
/** Messages that each thread still moves after the fresh one has come. */
const AFTERWARDS = 300

interface Actor {
  readonly job: Job
  /** `null`: it is this thread. */
  readonly hand: Hand | null
  readonly done: Promise<void>
}

export async function rounds(kind: RingKind, count: number, seed: number, crew: Crew): Promise<Tally> {
  const tally = emptyTally()
  const ledger = new Ledger()
  countSleeps(ledger, true)
  for (let i = 0; i < count; i++) {
    tally.rounds += 1
    ledger.clear()
    const pick = dice(seed + i)
    const ring = ringOf(kind, pick)
    try {
      await round(ring, pick, ledger, crew, tally)
    } catch (error) {
      tally.failures.push(`${kind}, seed ${seed + i}: ${(error as Error).message}`)
      // Whoever is still at it is to end.
      ledger.stop()
      close(ring.handle)
      break
    }
    const { all, timedOut, missed } = ledger.sleeps
    tally.sleeps += all
    tally.timedOut += timedOut
    tally.missed += missed
  }
  countNoMore()
  return tally
}

interface Ring {
  readonly handle: RingHandle
  readonly producers: number
  readonly consumers: number
}

function ringOf(kind: RingKind, pick: Dice): Ring {
  const capacity = 2 ** pick(7)
  const producers = kind === 'mpsc' || kind === 'mpmc' ? 1 + pick(2) : 1
  const consumers = kind === 'mpmc' ? 1 + pick(2) : 1
  const handle = create({
    kind,
    capacity: kind === 'records' ? 64 * capacity : capacity,
    ...(kind === 'records' ? {} : { messageBytes: MESSAGE_BYTES }),
    ...(kind === 'mpsc' ? { producers } : {}),
  })
  startAt(handle, starts[pick(starts.length)] ?? 0)
  return { handle, producers, consumers }
}

async function round(ring: Ring, pick: Dice, ledger: Ledger, crew: Crew, tally: Tally): Promise<void> {
  const { handle, producers, consumers } = ring
  const { kind } = handle
  const job = (role: Role, who: number, lane = who): Job => ({
    handle,
    ledger: ledger.memory,
    role,
    who,
    ...(kind === 'mpsc' && role === 'producer' ? { lane } : {}),
    manner: manners[pick(manners.length)] as Manner,
    waiting: waitings[pick(waitings.length)] as Waiting,
  })
  const jobs = [
    ...Array.from({ length: producers }, (_, who) => job('producer', who)),
    ...Array.from({ length: consumers }, (_, who) => job('consumer', who)),
  ]
  const victimAt = pick(jobs.length)
  crew.prepare(jobs.length + 1)
  const actors: Actor[] = []
  for (const [i, one] of jobs.entries()) {
    const here = i !== victimAt && one.waiting === 'async' && pick(2) === 0 && actors.every(({ hand }) => hand !== null)
    actors.push(here ? { job: one, hand: null, done: play(one) } : await employ(one, crew))
  }
  await until('all have begun', actors, ledger, () => jobs.every((one) => ledger.numberOf(one.role, one.who) >= 0))
  await pause(pick(4))

  const [victim] = actors.splice(victimAt, 1) as [Actor]
  await kill(victim, handle, ledger)
  const { job: dead } = victim
  const bereaved = actors.filter((actor) => isTold(actor, dead, producers))
  await until('survivors are told', actors, ledger, () =>
    bereaved.every((one) => ledger.wasTold(one.job.role, one.job.who)),
  )

  const fresh = job(dead.role, dead.role === 'producer' ? producers : consumers, dead.who)
  actors.push(await employ(fresh, crew))
  for (const { job } of actors) ledger.setShare(job.role, job.who, AFTERWARDS)
  await until('all go on', actors, ledger, () => actors.every(({ job }) => ledger.hasShare(job.role, job.who)))

  ledger.stop()
  await within('producers end', Promise.all(actors.filter(sends).map(({ done }) => done)))
  if (kind === 'mpmc') close(handle)
  await within('consumers end', Promise.all(actors.map(({ done }) => done)))
  for (const { hand } of actors) if (hand !== null) crew.takeBack(hand)
  compare(ring, dead, ledger, tally)
}

const sends = ({ job }: Actor): boolean => job.role === 'producer'

/** Of one among many only those are told who have nobody else. */
function isTold({ job: { role } }: Actor, dead: Job, producers: number): boolean {
  if (dead.handle.kind === 'mpmc' || role === dead.role) return false
  return role === 'producer' || producers === 1
}

async function employ(job: Job, crew: Crew): Promise<Actor> {
  const hand = await crew.give(job)
  return { job, hand, done: hand.done }
}

async function kill({ job, hand }: Actor, handle: RingHandle, ledger: Ledger): Promise<void> {
  const worker = hand?.worker
  if (worker === undefined) throw new Error('the main thread is not to be terminated')
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  await worker.terminate()
  await gone
  declareDead(handle, job.role, ledger.numberOf(job.role, job.who))
}

function compare({ handle, producers }: Ring, dead: Job, ledger: Ledger, tally: Tally): void {
  const { lost, doubled } = ledger
  const { kind, slots } = shapeBehind(handle)
  const kept = Math.max(1, slots >> 3) - 1
  const may = dead.role === 'consumer' ? allowance(kind, dead.manner, producers * kept) : { lost: 0, doubled: 0 }
  if (lost > may.lost) throw new Error(`${lost} messages lost by a dead ${dead.role} (${dead.manner})`)
  if (doubled > may.doubled) throw new Error(`${doubled} messages read twice by a dead ${dead.role} (${dead.manner})`)
  tally.lost += lost
  tally.doubled += doubled
  for (let who = 0; who < 4; who++) tally.messages += ledger.progressOf('consumer', who)
}

async function until(what: string, actors: readonly Actor[], ledger: Ledger, condition: () => boolean): Promise<void> {
  const moved = (): number => actors.reduce((sum, { job }) => sum + ledger.progressOf(job.role, job.who), 0)
  let before = moved()
  let end = performance.now() + PATIENCE_MS
  let fault: unknown
  for (const { done } of actors) done.catch((error: unknown) => (fault = error))
  while (!condition()) {
    if (fault !== undefined) throw fault
    if (performance.now() > end) {
      if (moved() === before) throw new Error(`it never came to this: ${what}; ${said(actors, ledger)}`)
      before = moved()
      end = performance.now() + PATIENCE_MS
    }
    await pause(1)
  }
}

const said = (actors: readonly Actor[], ledger: Ledger): string =>
  actors
    .map(({ job: { role, who, manner, waiting }, hand }) => {
      const moved = ledger.progressOf(role, who)
      return `${role} ${who} (${manner}, ${waiting}${hand ? '' : ', main'}) has moved ${moved}`
    })
    .join(', ')

async function within(what: string, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it never came to this: ${what}`)), PATIENCE_MS)
  })
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A whole number below the given one. */
type Dice = (below: number) => number

function dice(seed: number): Dice {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
