import { RingError, shown } from './errors.ts'
import { ASLEEP, fallAsleep, wakeUp } from './protocol.ts'

/** Waiting until the other side has done something: spinning, blocking, or awaiting. */

/** Why a wait is over. `ready`: there is something to read, or room; `closed`, `peer dead`: there never will be again (from that peer). */
export type Woken = 'ready' | 'closed' | 'peer dead' | 'timed out'

export interface WaitOptions {
  /** At most so many milliseconds. Default: no limit. */
  readonly timeout?: number | undefined
  /** So many looks before it sleeps. Default 300; `Infinity`: it never does, and keeps its processor busy. */
  readonly spin?: number | undefined
}

/** What is needed of an `AbortSignal`, which is one: not every project that reads these types knows that name. */
export interface Signal {
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface AsyncWaitOptions {
  /** At most so many milliseconds. Default: no limit. */
  readonly timeout?: number | undefined
  /** Ends the wait: the promise is rejected with the signal's reason. */
  readonly signal?: Signal | undefined
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
  // Of one side, several may await: the mark is theirs together.
  let sleepers = 0
  return {
    cells,
    look,
    fallAsleep: () => {
      position = settle()
      if (!fallAsleep(cells, cell, position)) return null
      sleepers += 1
      return { cell, value: position | ASLEEP }
    },
    wakeUp: () => {
      sleepers -= 1
      if (sleepers === 0) wakeUp(cells, cell, position)
    },
  }
}

/** What all sides of rings have in common: that they wait. */
export abstract class Waiting {
  protected abstract readonly waiter: Waiter

  protected static waiterOf(side: Waiting): Waiter {
    return side.waiter
  }

  /**
   * Blocks until this side can go on: there is something to read, or room (for a record, as much as the last one needed that
   * did not fit).
   * @throws RingError `not here` where threads may not block: on a page's main thread; `bad argument`
   */
  wait(options: WaitOptions = {}): Woken {
    return wait(this.waiter, options)
  }

  /** As `wait`, but the event loop goes on meanwhile, and is kept alive. @throws the signal's reason; RingError `bad argument` */
  waitAsync(options: AsyncWaitOptions = {}): Promise<Woken> {
    return waitAsync(this.waiter, options)
  }

  /** Awaits as often as it takes until the attempt succeeds: `ready`; or why it never will. */
  protected async retry(attempt: () => boolean, { timeout, signal }: AsyncWaitOptions): Promise<Woken> {
    signal?.throwIfAborted()
    const until = performance.now() + milliseconds(timeout)
    while (!attempt()) {
      const woken = await this.waitAsync({ timeout: Math.max(0, until - performance.now()), signal })
      if (woken !== 'ready') return woken
    }
    return 'ready'
  }
}

const SPIN = 300
/** Nobody sleeps longer without looking: whatever was missed is noticed then. */
const SLEEP_MS = 100

/** @throws RingError `bad argument` */
function milliseconds(timeout = Infinity): number {
  if (typeof timeout === 'number' && timeout >= 0) return timeout
  throw new RingError('bad argument', `a timeout is a number of milliseconds, not ${shown(timeout)}`)
}

function wait(waiter: Waiter, options: WaitOptions): Woken {
  const timeout = milliseconds(options.timeout)
  const { spin = SPIN } = options
  if (!(typeof spin === 'number' && spin >= 0))
    throw new RingError('bad argument', `spin is a number of looks, not ${shown(spin)}`)
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
    try {
      // Closing and death are noted elsewhere before they wake: what was missed before the mark is seen now.
      if (waiter.look() === null) block(cells, bed, Math.min(left, SLEEP_MS))
    } finally {
      waiter.wakeUp()
    }
  }
}

function block(cells: Int32Array, { cell, value }: Bed, timeout: number): void {
  try {
    Atomics.wait(cells, cell, value, timeout)
  } catch (error) {
    throw new RingError(
      'not here',
      `this thread may not block: await waitAsync() instead (${(error as Error).message})`,
    )
  }
}

/** How often to look where `Atomics.waitAsync` is missing. */
const POLL_MS = 2

async function waitAsync(waiter: Waiter, { timeout, signal }: AsyncWaitOptions): Promise<Woken> {
  const until = performance.now() + milliseconds(timeout)
  signal?.throwIfAborted()
  const first = waiter.look()
  if (first !== null) return first
  // A promise of waitAsync alone does not keep a Node process going.
  const alive = setInterval(() => {}, 2 ** 30)
  try {
    for (;;) {
      const left = until - performance.now()
      if (left <= 0) return 'timed out'
      await change(waiter, Math.min(left, SLEEP_MS), signal)
      signal?.throwIfAborted()
      const woken = waiter.look()
      if (woken !== null) return woken
    }
  } finally {
    clearInterval(alive)
  }
}

/** Until the cell changes, it is time to look again, or the signal is given. */
async function change(waiter: Waiter, timeout: number, signal: Signal | undefined): Promise<void> {
  if (typeof Atomics.waitAsync !== 'function') return orAborted(pause(Math.min(timeout, POLL_MS)), signal)
  const bed = waiter.fallAsleep()
  if (bed === null) return
  try {
    if (waiter.look() !== null) return
    const { async, value } = Atomics.waitAsync(waiter.cells, bed.cell, bed.value, timeout)
    if (async) await orAborted(value, signal)
  } finally {
    waiter.wakeUp()
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Until the promise is settled or the signal given; nothing stays behind at the signal. */
async function orAborted(promise: Promise<unknown>, signal: Signal | undefined): Promise<void> {
  if (signal === undefined) return void (await promise)
  let wake = (): void => {}
  const aborted = new Promise<void>((resolve) => {
    wake = resolve
  })
  signal.addEventListener('abort', wake, { once: true })
  await Promise.race([promise, aborted])
  signal.removeEventListener('abort', wake)
}
