import { RingError } from './errors.ts'
import { ASLEEP, fallAsleep, wakeUp } from './protocol.ts'

/** Waiting until the other side has done something: spinning, blocking, or awaiting. */

/** Why a wait is over. `ready`: there is something to read, or room; `closed`, `peer dead`: there never will be again (from that peer). */
export type Woken = 'ready' | 'closed' | 'peer dead' | 'timed out'

export interface WaitOptions {
  /** At most so many milliseconds. Default: no limit. */
  readonly timeout?: number
  /** So many looks before it sleeps. Default 300; `Infinity`: it never does, and keeps its processor busy. */
  readonly spin?: number
}

export interface AsyncWaitOptions {
  /** At most so many milliseconds. Default: no limit. */
  readonly timeout?: number
  /** Ends the wait: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
}

/** A side that can wait. */
export interface Waiter {
  readonly cells: Int32Array<SharedArrayBuffer>
  /** Why it need not wait, or `null`. */
  look(): Woken | null
  /** Gives the other side all that it could be waiting for, and marks that this one sleeps: where, and on what; `null`: there is news. */
  fallAsleep(): Bed | null
  /** Takes the mark away. */
  wakeUp(): void
}

/** A cell to sleep on, and what it holds until somebody wakes the sleeper. */
export interface Bed {
  readonly cell: number
  readonly value: number
}

/** Sleeping on the one cell that the other side publishes on. @param settle as `fallAsleep`: what the cell holds as long as there is nothing new */
export function sleepsOn(
  cells: Int32Array<SharedArrayBuffer>,
  cell: number,
  look: () => Woken | null,
  settle: () => number,
): Waiter {
  let position = 0
  return {
    cells,
    look,
    fallAsleep: () => {
      position = settle()
      return fallAsleep(cells, cell, position) ? { cell, value: position | ASLEEP } : null
    },
    wakeUp: () => wakeUp(cells, cell, position),
  }
}

const SPIN = 300
/** Nobody sleeps longer without looking: whatever was missed is noticed then. */
const SLEEP_MS = 100

/** @throws RingError `not here` on a page's main thread, which may not block */
export function wait(waiter: Waiter, { timeout = Infinity, spin = SPIN }: WaitOptions): Woken {
  const { cells } = waiter
  const until = timeout === Infinity ? Infinity : performance.now() + timeout
  for (let looks = 0; ; looks++) {
    const woken = waiter.look()
    if (woken !== null) return woken
    if (looks < spin) {
      // The clock costs more than a look.
      if (until !== Infinity && (looks & 63) === 63 && performance.now() >= until) return 'timed out'
      continue
    }
    const left = until - performance.now()
    if (left <= 0) return 'timed out'
    const bed = waiter.fallAsleep()
    if (bed === null) continue
    // Closing and death are noted elsewhere before they wake: what was missed before the mark is seen now.
    const missed = waiter.look()
    if (missed === null) block(cells, bed, Math.min(left, SLEEP_MS))
    waiter.wakeUp()
  }
}

function block(cells: Int32Array, { cell, value }: Bed, timeout: number): void {
  try {
    Atomics.wait(cells, cell, value, timeout)
  } catch (error) {
    throw new RingError('not here', `this thread may not block; use the form that awaits (${(error as Error).message})`)
  }
}

/** How often to look where `Atomics.waitAsync` is missing. */
const POLL_MS = 2

export async function waitAsync(waiter: Waiter, { timeout = Infinity, signal }: AsyncWaitOptions): Promise<Woken> {
  signal?.throwIfAborted()
  const first = waiter.look()
  if (first !== null) return first
  const until = performance.now() + timeout
  const stop = new Stop(signal)
  // A promise of waitAsync alone does not keep a Node process going.
  const alive = setInterval(() => {}, 2 ** 30)
  try {
    for (;;) {
      const left = until - performance.now()
      if (left <= 0) return 'timed out'
      await change(waiter, Math.min(left, SLEEP_MS), stop)
      signal?.throwIfAborted()
      const woken = waiter.look()
      if (woken !== null) return woken
    }
  } finally {
    clearInterval(alive)
    stop.forget()
  }
}

/** Until the cell changes, or it is time to look again. */
async function change(waiter: Waiter, timeout: number, stop: Stop): Promise<void> {
  if (typeof Atomics.waitAsync !== 'function') return pause(Math.min(timeout, POLL_MS))
  const bed = waiter.fallAsleep()
  if (bed === null) return
  try {
    if (waiter.look() !== null) return
    const { async, value } = Atomics.waitAsync(waiter.cells, bed.cell, bed.value, timeout)
    if (async) await stop.or(value)
  } finally {
    waiter.wakeUp()
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A signal to stop, as a promise, with one listener however often it is waited for. */
class Stop {
  readonly #signal: AbortSignal | undefined
  #stopped: Promise<void> | null = null
  #listener = (): void => {}

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    if (signal === undefined) return
    this.#stopped = new Promise((resolve) => {
      this.#listener = resolve
    })
    signal.addEventListener('abort', this.#listener, { once: true })
  }

  /** The promise, or the signal, whichever comes first. */
  async or(other: Promise<unknown>): Promise<void> {
    await (this.#stopped === null ? other : Promise.race([other, this.#stopped]))
  }

  forget(): void {
    this.#signal?.removeEventListener('abort', this.#listener)
  }
}
