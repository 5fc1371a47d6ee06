import type { Job, Moved } from './peers.ts'
import { type WebWorker, web } from './web.ts'

/** A page's workers: one that has done its job is used again. */

export interface Hand {
  /** Its lane, or the number of its end. */
  readonly number: number
  /** What it has moved when its job is done. */
  readonly moved: Promise<Moved>
  /** Terminates the worker, and waits until it is gone: `terminate` alone only asks for that. */
  end(): Promise<void>
}

type Report = { readonly number: number } | { readonly moved: Moved } | { readonly fault: string }

interface Hired {
  readonly worker: WebWorker
  /** Which it holds as long as it lives. */
  readonly lock: string
}

const idle: Hired[] = []

const hire = (): Hired => ({
  worker: new web.Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
  lock: crypto.randomUUID(),
})

/** A worker that has the job, and its end of the ring. */
export function give(job: Job): Promise<Hand> {
  const hired = idle.shift() ?? hire()
  const { worker, lock } = hired
  const end = async (): Promise<void> => {
    worker.terminate()
    await web.navigator.locks.request(lock, {}, async () => {})
  }
  return new Promise((begun, refused) => {
    const moved = new Promise<Moved>((done, failed) => {
      const fail = (why: string): void => {
        const error = new Error(`in a worker: ${why}`)
        refused(error)
        failed(error)
      }
      worker.onerror = ({ message }) => fail(message)
      worker.onmessage = ({ data }) => {
        const report = data as Report
        if ('number' in report) begun({ number: report.number, moved, end })
        else if ('moved' in report) {
          idle.push(hired)
          done(report.moved)
        } else fail(report.fault)
      }
    })
    // Of one that is terminated nobody waits for it.
    moved.catch(() => {})
    worker.postMessage({ job, lock })
  })
}
