import type { RingHandle, WaitOptions, Woken } from 'ipclab/ring'
import { type Manner, type Receiver, receiver, type Sender, sender } from './ends.ts'
import { Ledger, QUOTA, type Role } from './ledger.ts'

/** One end of a ring at work, in a worker or on the main thread, until it is told to stop, or terminated. */

/** `asking`: it never waits. `fallback`: `async` where `Atomics.waitAsync` is missing. */
export const waitings = ['asking', 'spinning', 'blocking', 'spin, then block', 'async', 'fallback'] as const
export type Waiting = (typeof waitings)[number]

export interface Job {
  readonly handle: RingHandle
  readonly ledger: SharedArrayBuffer
  readonly role: Role
  /** The number of this producer, or consumer, in the round. */
  readonly who: number
  readonly lane?: number
  readonly manner: Manner
  readonly waiting: Waiting
}

/** Waits are cut short, to see whether it is time to stop. */
const TIMEOUT = 50
const blockingWaits: { readonly [W in Waiting]?: WaitOptions } = {
  asking: { timeout: 0, spin: 0 },
  spinning: { timeout: TIMEOUT, spin: Infinity },
  blocking: { timeout: TIMEOUT, spin: 0 },
  'spin, then block': { timeout: TIMEOUT },
}

/** Something that moves messages: how many this time; -1: it is to end. */
interface Mover {
  readonly end: Sender['end'] | Receiver['end']
  move(): number
  finish(): void
}

export async function play(job: Job): Promise<void> {
  const ledger = new Ledger(job.ledger)
  const mover = job.role === 'producer' ? producing(job, ledger) : consuming(job, ledger)
  const { end } = mover
  ledger.attached(job.role, job.who, 'number' in end ? end.number : (job.lane ?? 0))
  const options = blockingWaits[job.waiting]
  for (let turns = 1; ; turns++) {
    const moved = mover.move()
    if (moved < 0) break
    // No ring promises anybody a share: who has had its own lets the others have theirs.
    if (ledger.hasShare(job.role, job.who)) await pause(1)
    else if (options === undefined && (turns & 127) === 0) await nextTurn()
    if (moved > 0) continue
    const woken: Woken = options === undefined ? await end.waitAsync({ timeout: TIMEOUT }) : end.wait(options)
    if (woken === 'closed') break
    if (woken !== 'peer dead') continue
    ledger.told(job.role, job.who)
    await nextTurn()
  }
  mover.finish()
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function producing({ handle, manner, who, lane }: Job, ledger: Ledger): Mover {
  const { end, send, flush } = sender(handle, manner, who, lane)
  let seq = 0
  let noted = 0
  const note = (): void => {
    if (noted === seq) return
    flush()
    noted = seq
    ledger.sent(who, seq)
  }
  const move = (): number => {
    if (ledger.stopped) return -1
    const moved = seq < QUOTA - 8 ? send(seq) : 0
    seq += moved
    if (manner !== 'held back' || moved === 0 || seq - noted >= 50) note()
    return moved
  }
  const finish = (): void => {
    note()
    // There are others, perhaps: it is not for one of them to close the ring.
    if (handle.kind === 'mpmc') end.detach()
    else end.close()
  }
  return { end, move, finish }
}

function consuming({ handle, manner, who }: Job, ledger: Ledger): Mover {
  const { end, receive } = receiver(handle, manner)
  const last = new Map<number, number>()
  const move = (): number =>
    receive(({ producer, seq }) => {
      const before = last.get(producer)
      if (before !== undefined && !(handle.kind === 'mpmc' ? seq > before : seq === before + 1))
        throw new Error(`consumer ${who}: after message ${before} of producer ${producer} comes ${seq}`)
      last.set(producer, seq)
      ledger.got(who, producer, seq)
    })
  return { end, move, finish: () => end.detach() }
}
