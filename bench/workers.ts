import { join } from 'node:path'
import { explore } from '../explore/index.ts'
import type { AnyValues } from '../kernel/index.ts'
import { loadScenarioFile } from '../trace/index.ts'

/**
 * What two workers do of the work of one thread, by turns: by the clock, which others on the machine have a part in; and by
 * the processor: twice the time that it takes alone over that of all threads together, where the machine has both free.
 */

const file = join(import.meta.dirname, '../scenarios/textbook/bounded-buffer.ts')
const TURNS = 3

const searches: readonly { readonly strategy: string; readonly executions: number; readonly params: AnyValues }[] = [
  { strategy: 'random', executions: 200_000, params: {} },
  { strategy: 'pct', executions: 150_000, params: {} },
  { strategy: 'surw', executions: 100_000, params: {} },
  { strategy: 'dfs', executions: 1_000_000, params: { items: 5 } },
  { strategy: 'dfs:preemptions=4', executions: 1_000_000, params: { items: 8 } },
]

interface Taken {
  readonly seconds: number
  readonly processor: number
  readonly said: string
}

async function taken(search: (typeof searches)[number], workers: number): Promise<Taken> {
  const loaded = await loadScenarioFile(file)
  const before = process.cpuUsage()
  const from = performance.now()
  const { executions, verdict } = await explore(loaded, { ...search, workers })
  const seconds = (performance.now() - from) / 1000
  const { user, system } = process.cpuUsage(before)
  return { seconds, processor: (user + system) / 1e6, said: `${verdict}, ${executions} runs` }
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
      spent.push((2 * one.processor) / two.processor)
      said.add(one.said).add(two.said)
    }
    console.log(
      `  ${search.strategy.padEnd(18)} two workers: ${median(passed).toFixed(2)}x by the clock, ${median(spent).toFixed(2)}x by the processor   ` +
        `(to reach: 1.8x)  ${[...said].join(' / ')}`,
    )
  }
}
