import { Worker } from 'node:worker_threads'
import type { Job } from './peer.ts'

/** Workers that wait for jobs: one that was terminated is replaced, the others are used again. */
export class Crew {
  readonly #script: URL
  readonly #idle: Promise<Hand>[] = []
  readonly #all = new Set<Worker>()

  constructor(script: URL) {
    this.#script = script
  }

  /** So many more will be needed soon. */
  prepare(count: number): void {
    while (this.#idle.length < count) this.#idle.push(this.#hire())
  }

  async give(job: Job): Promise<Hand> {
    const hand = await (this.#idle.shift() ?? this.#hire())
    hand.begin(job)
    return hand
  }

  /** It has done its job. */
  takeBack(hand: Hand): void {
    this.#idle.push(Promise.resolve(hand))
  }

  async #hire(): Promise<Hand> {
    const worker = new Worker(this.#script)
    this.#all.add(worker)
    worker.once('exit', () => this.#all.delete(worker))
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    return new Hand(worker)
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.#idle)
    await Promise.all([...this.#all].map((worker) => worker.terminate()))
  }
}

/** A worker with a job. */
export class Hand {
  readonly worker: Worker
  #done: Promise<void> = Promise.resolve()

  constructor(worker: Worker) {
    this.worker = worker
  }

  begin(job: Job): void {
    this.#done = new Promise((resolve, reject) => {
      this.worker.removeAllListeners('message').removeAllListeners('error')
      this.worker.once('message', () => resolve()).once('error', reject)
    })
    // Whoever waits for it gets the error; until then it is nobody's.
    this.#done.catch(() => {})
    this.worker.postMessage(job)
  }

  get done(): Promise<void> {
    return this.#done
  }
}
