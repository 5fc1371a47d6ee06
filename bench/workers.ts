import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { explore } from '../explore/index.ts'
import type { AnyValues } from '../kernel/index.ts'
import { loadScenarioFile } from '../trace/index.ts'

/**
 * What two workers do of the work of one thread, by turns: by the time that passes, in which others on the machine have
 * a part, and by the processor time of the search alone over that of the busiest thread of the shared one (Linux).
 */

const file = join(import.meta.dirname, '../scenarios/textbook/bounded-buffer.ts')
const TURNS = 3

const searches: readonly { readonly strategy: string; readonly executions: number; readonly params: AnyValues }[] = [
  { strategy: 'random', executions: 60_000, params: {} },
  { strategy: 'pct', executions: 50_000, params: {} },
  { strategy: 'surw', executions: 40_000, params: {} },
  { strategy: 'dfs', executions: 1_000_000, params: { items: 5 } },
  { strategy: 'dfs:preemptions=4', executions: 1_000_000, params: { items: 8 } },
]

interface Taken {
  readonly seconds: number
  /** Of the processor, by the busiest thread. */
  readonly busiest: number
  readonly said: string
}

async function taken(search: (typeof searches)[number], workers: number): Promise<Taken> {
  const loaded = await loadScenarioFile(file)
  const before = threads()
  const busy = new Map<string, number>()
  const look = (): void => {
    for (const [thread, ticks] of threads()) busy.set(thread, ticks - (before.get(thread) ?? 0))
  }
  const timer = setInterval(look, 10)
  const from = performance.now()
  const { executions, verdict } = await explore(loaded, { ...search, workers })
  const seconds = (performance.now() - from) / 1000
  clearInterval(timer)
  look()
  return { seconds, busiest: Math.max(...busy.values()) / 100, said: `${verdict}, ${executions} runs` }
}

/** The processor time of each thread of this process, in hundredths of a second. */
function threads(): Map<string, number> {
  const folder = '/proc/self/task'
  const found = new Map<string, number>()
  for (const thread of readdirSync(folder)) {
    try {
      const words =
        readFileSync(join(folder, thread, 'stat'), 'utf8')
          .split(') ')[1]
          ?.split(' ') ?? []
      found.set(thread, Number(words[11]) + Number(words[12]))
    } catch {
      // It has ended since.
    }
  }
  return found
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0

export async function bench(): Promise<void> {
  for (const search of searches) {
    const passed: number[] = []
    const spent: number[] = []
    const said = new Set<string>()
    for (let turn = 0; turn < TURNS; turn++) {
      const [one, two] = [await taken(search, 1), await taken(search, 2)]
      passed.push(one.seconds / two.seconds)
      spent.push(one.busiest / two.busiest)
      said.add(one.said).add(two.said)
    }
    console.log(
      `  ${search.strategy.padEnd(18)} two workers: ${median(passed).toFixed(2)}x by the clock, ${median(spent).toFixed(2)}x by the processor   ` +
        `(to reach: 1.8x)  ${[...said].join(' / ')}`,
    )
  }
}
