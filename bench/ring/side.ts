import { parentPort, workerData } from 'node:worker_threads'
import { contenders } from './contenders.ts'
import { pin } from './pin.ts'
import type { Side, Work } from './work.ts'

/** One side of one contender: a worker that plays its part each time it is told to. */

export interface Part {
  readonly contender: string
  readonly side: Side
  readonly work: Work
  readonly processor: number | null
}

export interface Turn {
  readonly shared: unknown
  readonly count: number
  /** How many sides are ready. */
  readonly gate: Int32Array
}

export interface Played {
  readonly seconds: number
  /** Of a round trip: each one's nanoseconds. */
  readonly times: readonly number[]
  /** What was wrong. */
  readonly error: string | null
}

const { contender, side, work, processor } = workerData as Part
if (processor !== null) pin(processor)
const made = await contenders[contender]?.()

async function play({ shared, count, gate }: Turn): Promise<Played> {
  try {
    const run = made?.[side](shared, work)
    Atomics.add(gate, 0, 1)
    while (Atomics.load(gate, 0) < 2);
    const from = performance.now()
    const result = run?.(count)
    // What blocks stays synchronous: a promise that is no use takes part of a small time.
    const times = (result instanceof Promise ? await result : result) ?? []
    return { seconds: (performance.now() - from) / 1000, times, error: null }
  } catch (error) {
    return { seconds: 0, times: [], error: `${contender}, ${side}: ${(error as Error).message}` }
  }
}

parentPort?.on('message', async (turn: Turn) => parentPort?.postMessage(await play(turn)))
parentPort?.postMessage('ready')
