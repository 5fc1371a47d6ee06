import { parentPort } from 'node:worker_threads'
import { Ledger } from './ledger.ts'
import { type Job, play } from './peer.ts'
import { countSleeps } from './sleeps.ts'

/**
 * A worker that plays the jobs that it is sent, one after the other. They are begun by a callback, as Node 20 aborts the process
 * when a worker is terminated that loops in the body of a module with top-level await.
 */
parentPort?.on('message', async (job: Job) => {
  countSleeps(new Ledger(job.ledger), job.waiting !== 'fallback')
  await play(job)
  parentPort?.postMessage('done')
})
parentPort?.postMessage('ready')
