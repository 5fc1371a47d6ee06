import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { explore } from 'ipclab/explore'
import { isScenario } from 'ipclab/kernel'
import { expect, test } from 'vitest'

/** What is told of the library's lessons: races where that is the lesson, or where the textbook prints them; of those that are right, nothing. */

const folder = join(import.meta.dirname, '../../scenarios')
const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(sep).join('/').replace(/\.ts$/, ''))
  .filter((name) => !name.startsWith('bugs/'))
  .sort()

const TOLD: Readonly<Record<string, string>> = {
  'atomics/lost-update': 'data race: buffer',
  'classic/lost-wakeup': 'data race: done',
  'classic/philosophers': 'lock-order inversion: /fork3, /fork4, /fork5, /fork1, /fork2',
  'classic/readers-first-careless': 'data race: data',
  'classic/sleeping-barber': 'data race: asleep; data race: waiting',
  'textbook/bounded-buffer': 'data race: shared_buff',
  'textbook/shared-counter': 'data race: counter',
  'textbook/unbounded-buffer': 'data race: list',
}

test('each tells of what is wrong with it, and of no more', async () => {
  const told: Record<string, string> = {}
  for (const name of names) {
    const { default: made } = (await import(join(folder, `${name}.ts`))) as { default: unknown }
    if (!isScenario(made)) throw new Error(`${name} exports no scenario`)
    // To tell the story of a failure takes longer than the search.
    if (!['proved', 'holds'].includes(made.expect) && TOLD[name] === undefined) continue
    const { findings } = await explore(made, { strategy: 'random', executions: 100, shrink: false })
    const objects = findings.map((one) => `${one.name}: ${one.object.replaceAll(/\+\d+/g, '')}`)
    if (objects.length > 0) told[name] = [...new Set(objects)].sort().join('; ')
  }
  expect(told).toEqual(TOLD)
}, 120_000)
