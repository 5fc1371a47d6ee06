import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { contenders } from './contenders.ts'
import type { Part, Played, Turn } from './side.ts'
import type { Contender, Side, Work } from './work.ts'

/** A contender at work: two workers, one for each side, which sleep until it is their turn. */
export class Pair {
  readonly #contender: Contender
  readonly #work: Work
  readonly #sides: { readonly [side in Side]: Worker }

  private constructor(contender: Contender, work: Work, sides: { readonly [side in Side]: Worker }) {
    this.#contender = contender
    this.#work = work
    this.#sides = sides
  }

  static async start(name: string, work: Work, processors: readonly [number, number] | null): Promise<Pair> {
    const contender = await contenders[name]?.()
    if (contender === undefined) throw new Error(`there is no contender '${name}'`)
    const part = (side: Side, processor: number | null): Worker => {
      const data: Part = { contender: name, side, work, processor }
      return new Worker(new URL('./side.js', import.meta.url), { workerData: data })
    }
    const producer = part('producer', processors?.[0] ?? null)
    const consumer = part('consumer', processors?.[1] ?? null)
    await Promise.all([once(producer, 'message'), once(consumer, 'message')])
    return new Pair(contender, work, { producer, consumer })
  }

  /** Seconds until the consumer has had so many messages, by its clock; the times of the trips, if the producer timed some. @throws Error if it has not had them all, in order */
  async run(count: number): Promise<{ readonly seconds: number; readonly times: readonly number[] }> {
    const gate = new Int32Array(new SharedArrayBuffer(4))
    const { moved = [], ...shared } = this.#contender.share(this.#work)
    const played = (['producer', 'consumer'] as const).map(async (side) => {
      const turn: Turn = { shared: shared[side], count, gate }
      this.#sides[side].postMessage(
        turn,
        moved.filter((one) => one === shared[side] || isIn(one, shared[side])) as never,
      )
      const [answer] = (await once(this.#sides[side], 'message')) as [Played]
      if (answer.error !== null) throw new Error(answer.error)
      return answer
    })
    // A side that found something wrong leaves the other waiting: the first word counts.
    const [producer, consumer] = (await Promise.all(played)) as [Played, Played]
    return { seconds: consumer.seconds, times: producer.times }
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.#sides).map((worker) => worker.terminate()))
  }
}

const isIn = (one: object, shared: unknown): boolean => Object.values(shared as object).includes(one)
