import type { Ledger } from './ledger.ts'

/**
 * Counts this thread's sleeps in the ledger: how many end by time-out, and of those, how many slept over news. That is so where
 * the cell has changed and nobody wakes those who sleep on it: a wake-up that only comes too late is none that was lost.
 */

type Cells = Int32Array<SharedArrayBuffer>

/** So long the wake-up may come behind the news, on a machine that has other things to do. */
const GRACE_MS = 300

const real = { wait: Atomics.wait, waitAsync: Atomics.waitAsync, notify: Atomics.notify }
const replaced = Atomics as { wait: unknown; waitAsync: unknown; notify: unknown }

/** @param withAsync whether there is to be an `Atomics.waitAsync` */
export function countSleeps(ledger: Ledger, withAsync: boolean): void {
  replaced.wait = (cells: Cells, cell: number, value: number, timeout?: number): string => {
    const notifies = ledger.notifiesOf(cell)
    const how = real.wait(cells, cell, value, timeout)
    ledger.slept(how === 'timed-out')
    if (how === 'timed-out' && Atomics.load(cells, cell) !== value) suspect(ledger, cell, notifies)
    return how
  }
  const waitAsync = (cells: Cells, cell: number, value: number, timeout?: number): unknown => {
    const notifies = ledger.notifiesOf(cell)
    const sleep = real.waitAsync(cells, cell, value, timeout)
    if (!sleep.async) return sleep
    void sleep.value.then((how) => {
      ledger.slept(how === 'timed-out')
      if (how === 'timed-out' && Atomics.load(cells, cell) !== value) suspect(ledger, cell, notifies)
    })
    return sleep
  }
  replaced.waitAsync = withAsync ? waitAsync : undefined
  replaced.notify = (cells: Cells, cell: number, count?: number): number => {
    const woken = real.notify(cells, cell, count)
    ledger.notified(cell)
    return woken
  }
}

export function countNoMore(): void {
  Object.assign(replaced, real)
}

const nobodys = new Int32Array(new SharedArrayBuffer(4))

function suspect(ledger: Ledger, cell: number, notifies: number): void {
  const end = performance.now() + GRACE_MS
  while (performance.now() < end) {
    if (ledger.notifiesOf(cell) !== notifies) return
    real.wait(nobodys, 0, 0, 1)
  }
  ledger.missed()
}
