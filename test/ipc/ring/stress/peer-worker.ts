import { parentPort } from 'node:worker_threads'
import { Ledger } from './ledger.ts'
import { type Job, play } from './peer.ts'

/**
 * A worker that plays the jobs that it is sent, one after the other. They are begun by a callback, as Node 20 aborts the process
 * when a worker is terminated that loops in the body of a module with top-level await.
 */

const real = { wait: Atomics.wait, waitAsync: Atomics.waitAsync }
let ledger: Ledger | null = null

/** Sleeps that ended by time-out are counted, and those among them whose cell had changed: nobody had woken the sleeper. */
function note(how: string, cells: Int32Array, cell: number, value: number): void {
  ledger?.slept(how === 'timed-out', Atomics.load(cells, cell) !== value)
}

const counting = Atomics as { wait: unknown; waitAsync: unknown }
counting.wait = (cells: Int32Array, cell: number, value: number, timeout?: number): string => {
  const how = real.wait(cells, cell, value, timeout)
  note(how, cells, cell, value)
  return how
}

function waitAsync(cells: Int32Array<SharedArrayBuffer>, cell: number, value: number, timeout?: number): unknown {
  const sleep = real.waitAsync(cells, cell, value, timeout)
  if (sleep.async) void sleep.value.then((how) => note(how, cells, cell, value))
  return sleep
}

parentPort?.on('message', async (job: Job) => {
  ledger = new Ledger(job.ledger)
  counting.waitAsync = job.waiting === 'fallback' ? undefined : waitAsync
  await play(job)
  parentPort?.postMessage('done')
})
parentPort?.postMessage('ready')
