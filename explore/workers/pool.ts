import { Worker } from 'node:worker_threads'
import { attachConsumer, close, create, type RecordConsumer } from '../../ipc/ring/index.ts'
import type { LoadedScenario } from '../../trace/index.ts'
import type { Given, Left, Search } from '../search.ts'
import { type Report, type Start, unpack } from './mail.ts'
import { valuesFrom } from './pieces.ts'

/**
 * Workers that make units of a search. Each is given the next one that nobody has; it is the search that puts together
 * what they come to, in the order of the units, whoever is quick.
 */

/** As this file is: compiled, or a source where Node can run that. */
const THREAD = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)

/** Room for the reports of a worker: one that is longer than half of it comes in pieces. */
const RING_BYTES = 2 ** 17

interface Hand {
  readonly worker: Worker
  ready: boolean
  given: Given | null
  /** Of the unit that it makes. */
  executions: number
  steps: number
  share: number | null
}

export class Pool {
  /** The search is over, and so are the workers. Rejects with what was thrown in the first unit that threw. */
  readonly over: Promise<void>
  readonly #search: Search
  readonly #hands: Hand[] = []
  readonly #stop = new Int32Array(new SharedArrayBuffer(4))
  #stopped = false
  #settle: { resolve(): void; reject(error: unknown): void } = { resolve() {}, reject() {} }

  constructor(search: Search, { file, hash }: LoadedScenario, workers: number) {
    this.#search = search
    const settled = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    const start = { file, hash, wishes: search.wishes, stop: this.#stop }
    for (let i = 0; i < workers; i++) this.#hire(start)
    this.over = settled.finally(() => Promise.all(this.#hands.map(({ worker }) => worker.terminate())))
    // Whoever waits for it hears of it; that it may be later is no fault.
    this.over.catch(() => {})
  }

  /** Whether there is one that has loaded the scenario. */
  get ready(): boolean {
    return this.#hands.some(({ ready }) => ready)
  }

  /** Made by the workers, beyond what the search knows of. */
  get executions(): number {
    return this.#hands.reduce((sum, { executions }) => sum + executions, 0)
  }

  get steps(): number {
    return this.#hands.reduce((sum, { steps }) => sum + steps, 0)
  }

  /** Of partial-order reduction, which one worker makes alone: see Left. */
  get left(): Left | null {
    for (const { share, executions } of this.#hands) if (share !== null) return { share, made: executions }
    return null
  }

  /** Ends it as soon as the runs under way are over. */
  stop(): void {
    this.#stopped = true
    Atomics.store(this.#stop, 0, 1)
    this.look()
  }

  /** Ends everything at once. */
  fail(error: unknown): void {
    this.#settle.reject(error)
  }

  /** Gives work to whoever has none; to be called also when a unit that was made elsewhere is over. */
  look(): void {
    const free = this.#hands.filter(({ given }) => given === null)
    if (this.#search.over) return this.#settle.resolve()
    if (this.#stopped) {
      if (free.length < this.#hands.length || this.#search.isMaking) return
      this.#search.stop()
      return this.#settle.resolve()
    }
    for (const hand of free) {
      if (!hand.ready) continue
      const given = this.#search.give()
      if (given === null) return
      hand.given = given
      hand.worker.postMessage(given.order)
    }
  }

  #hire(start: Omit<Start, 'ring'>): void {
    const ring = create({ kind: 'records', capacity: RING_BYTES })
    const worker = new Worker(THREAD, { workerData: { ...start, ring } satisfies Start })
    const hand: Hand = { worker, ready: false, given: null, executions: 0, steps: 0, share: null }
    this.#hands.push(hand)
    let why: unknown = null
    worker.on('error', (error) => {
      why = error
    })
    worker.on('exit', (code) => {
      why ??= new Error(`a worker ended with ${code} before its work was done`)
      // What it had reported is still read.
      close(ring)
    })
    // After the end of the search this is too late to matter.
    this.#listen(hand, attachConsumer(ring)).then(() => this.#settle.reject(why), this.#settle.reject)
  }

  /** Hears all that a worker reports, until it is no more. */
  async #listen(hand: Hand, reports: RecordConsumer): Promise<void> {
    for await (const report of valuesFrom(reports)) this.#hear(hand, report as Report) // by our own thread
  }

  #hear(hand: Hand, report: Report): void {
    switch (report.kind) {
      case 'ready':
        hand.ready = true
        break
      case 'progress':
        hand.executions = report.executions
        hand.steps = report.steps
        hand.share = report.share
        return
      case 'result': {
        const { given } = hand
        hand.given = null
        hand.executions = 0
        hand.steps = 0
        hand.share = null
        const thrown = report.thrown === null ? null : { error: unpack(report.thrown) }
        if (given !== null) this.#search.take(given, { tally: report.tally, thrown })
        break
      }
      case 'failed':
        throw unpack(report.thrown)
      default:
        report satisfies never
    }
    this.look()
  }
}
