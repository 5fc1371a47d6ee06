import { median } from '../table.ts'
import { type Cell, natives } from './cells.ts'
import type { Native } from './native.ts'
import { Pair } from './pair.ts'

/** A repeat of each contender, round after round: what disturbs the machine for a while disturbs all of them. */

/** How long a repeat is to take, in seconds; the first ones, in which code is compiled, don't count. */
const REPEAT = 0.08
const WARM_UP = 0.15
const FEWEST = 20

export interface Measured {
  /** Of each contender that could be had: messages a second, or nanoseconds of a round trip, a number for each round. */
  readonly figures: ReadonlyMap<string, readonly number[]>
  /** Nanoseconds of a bare cache line's round trip, likewise. */
  readonly line: readonly number[]
}

/** One contender, ready: `play` takes so many messages or trips, and gives seconds and its figure. */
interface Player {
  readonly name: string
  play(count: number): Promise<{ readonly seconds: number; readonly figure: number }>
  stop(): Promise<void>
}

/** @param native `null` where there is no compiler: its contenders are left out */
export async function measure(
  cell: Cell,
  rounds: number,
  processors: readonly [number, number] | null,
  native: Native | null,
  line: () => Promise<number>,
): Promise<Measured> {
  const players: Player[] = []
  try {
    const figures = new Map<string, number[]>()
    const counts: number[] = []
    for (const name of new Set(cell.comparisons.flatMap(({ ours, peer }) => [ours, peer]))) {
      if (name in natives && native === null) continue
      const player =
        name in natives && native !== null
          ? nativePlayer(name as keyof typeof natives, cell, native)
          : await workersPlayer(name, cell, processors)
      players.push(player)
      counts.push(await enough(player, cell))
      figures.set(name, [])
    }
    const lines: number[] = []
    for (let round = 0; round < rounds; round++) {
      lines.push(await line())
      for (const [i, { name, play }] of players.entries())
        figures.get(name)?.push((await play(counts[i] ?? FEWEST)).figure)
    }
    return { figures, line: lines }
  } finally {
    for (const player of players) await player.stop()
  }
}

async function workersPlayer(name: string, cell: Cell, processors: readonly [number, number] | null): Promise<Player> {
  const pair = await Pair.start(name, cell.work, processors)
  return {
    name,
    async play(count) {
      const { seconds, times } = await pair.run(count)
      return { seconds, figure: cell.measure === 'trips' ? median(times) : count / seconds }
    },
    stop: () => pair.stop(),
  }
}

function nativePlayer(name: keyof typeof natives, { work }: Cell, native: Native): Player {
  const what = natives[name]
  return {
    name,
    async play(count) {
      if (what === 'one' || what === 'batch') {
        const seconds = native.seconds(what, count, work)
        return { seconds, figure: count / seconds }
      }
      const figure = native.trip(what, count)
      return { seconds: (count * figure) / 1e9, figure }
    },
    stop: async () => {},
  }
}

/** How many make a repeat of the right length, once all is warm. */
async function enough({ play }: Player, { work }: Cell): Promise<number> {
  const until = performance.now() + WARM_UP * 1000
  const whole = (count: number): number => Math.ceil(count / (FEWEST * work.batch)) * FEWEST * work.batch
  for (let count = whole(1); ; ) {
    const { seconds } = await play(count)
    const wanted = whole((count * REPEAT) / Math.max(seconds, 1e-6))
    if (seconds > REPEAT / 4 && performance.now() > until) return wanted
    count = Math.min(wanted, count * 10)
  }
}
