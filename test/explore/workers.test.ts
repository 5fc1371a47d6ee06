import { join } from 'node:path'
import { explore } from 'ipclab/explore'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Search } from '../../explore/search.ts'
import { folder, LOST, removeFolders, root, spawned } from '../cli/cli.ts'
import { counter, made } from '../helpers/explored.ts'

/** Worker threads, which run what is compiled. What they come to is put together as test/explore/units.test.ts has it. */

const MANY = `
import { int32, map_anonymous, scenario } from 'ipclab'
export default scenario('many schedules', {
  params: { n: { default: 3, about: 'processes' }, k: { default: 5, about: 'times' } },
  *setup() { return int32(yield* map_anonymous(4)) },
  programs: { p: { copies: ({ n }) => n, *program({ shared, params }) { for (let i = 0; i < params.k; i++) yield* shared.add(0, 1) } } },
  sometimes: { 'it is 7': ({ load, shared }) => load(shared.base, 'i32') === 7, 'it is 99': ({ load, shared }) => load(shared.base, 'i32') === 99 },
  expect: 'holds',
})
`

/** One that misbehaves in one schedule of ten thousand. */
const misbehaving = (what: string): string => `
import { choose, scenario, yield_ } from 'ipclab'
export default scenario('misbehaves', {
  programs: { *p() { const one = yield* choose(100); if (one * 100 + (yield* choose(100)) === 2345) { ${what} } yield* yield_() } },
  expect: 'holds',
})
`

/** The same, but in workers only. */
const deadly = (what: string): string =>
  `import { isMainThread } from 'node:worker_threads'\n${misbehaving(`if (!isMainThread) { ${what} }`)}`

const files = {
  'many.ts': MANY,
  'lost.ts': LOST,
  'rubbish.ts': misbehaving('yield 5 as never'),
  'silent.ts': misbehaving('for (;;);'),
  'exits.ts': deadly('process.exit(7)'),
  'throws-later.ts': deadly(`queueMicrotask(() => { throw new Error('later') })`),
  'hungry.ts': deadly('for (const all: number[][] = []; ; ) all.push(new Array(1e5).fill(7))'),
}
beforeAll(() => void folder(files))
afterAll(removeFolders)

/** What is compiled: a thread can't run the sources on every Node. */
async function compiled() {
  const of = (path: string): Promise<unknown> => import(/* @vite-ignore */ join(root, '.build', path))
  const { Search } = (await of('explore/search.js')) as typeof import('../../explore/search.ts')
  const { Pool } = (await of('explore/workers/pool.js')) as typeof import('../../explore/workers/pool.ts')
  const { wishesOf } = (await of('explore/search/wishes.js')) as typeof import('../../explore/search/wishes.ts')
  const { loadScenarioFile, sourceOf } = (await of('trace/index.js')) as typeof import('../../trace/index.ts')
  return { Search, Pool, wishesOf, loadScenarioFile, sourceOf }
}

interface Asked {
  readonly strategy: string
  readonly executions?: number
  readonly seed?: number
  readonly vacuity?: boolean
}

/** All that is made of it by so many workers; 0: by none. */
async function searched(file: string, asked: Asked, workers: number): Promise<object> {
  const { Search, Pool, wishesOf, loadScenarioFile, sourceOf } = await compiled()
  const loaded = await loadScenarioFile(file)
  const wishes = wishesOf(loaded.scenario, asked, { block: 200, part: 100 })
  const search = new Search(loaded.scenario, wishes, sourceOf(loaded).probe)
  if (workers === 0) while (search.another());
  else await new Pool(search, loaded, workers).over
  return told(search)
}

const told = (search: Search): object => {
  const { executions, steps, pruned, complete, bound, raw, endless, schedules, traces, promises, neverReached } = search
  const { watched, sightings, signals, coverage, vacuity } = search
  const counts = { executions, steps, pruned, complete, bound, schedules, traces, watched, coverage, vacuity }
  return { ...counts, raw, endless, promises, neverReached, sightings, signals }
}

/** Starting one takes long; RUNS starts more of them. */
const WORKERS = process.env.RUNS === undefined ? [2] : [1, 2, 3, 5]

const LIBRARY = join(root, 'scenarios')
const library = (name: string): string => join(LIBRARY, `${name}.ts`)

describe('workers come to what one thread alone comes to', () => {
  test.each<[string, Asked]>([
    ['many.ts', { strategy: 'random', executions: 3_210, seed: 7, vacuity: true }],
    ['many.ts', { strategy: 'dfs:preemptions=2' }],
    ['many.ts', { strategy: 'portfolio', executions: 2_000 }],
    ['lost.ts', { strategy: 'portfolio', vacuity: true }],
    [library('classic/killed-with-mutex'), { strategy: 'pct', seed: 3 }],
    [library('classic/bridge'), { strategy: 'dpor' }],
    [library('classic/bridge-mended'), { strategy: 'dpor' }],
  ])('%s %o', async (file, asked) => {
    const alone = await searched(file, asked, 0)
    for (const workers of WORKERS) expect(await searched(file, asked, workers)).toEqual(alone)
  })
})

describe('what goes wrong in a worker', () => {
  test.each(['random', 'dfs'])('is told as it is without workers: %s', async (strategy) => {
    const asked = { strategy, executions: 100_000 }
    const error = async (workers: number): Promise<unknown> =>
      searched('rubbish.ts', asked, workers).catch((why) => why)
    const alone = await error(0)
    const there = await error(2)
    expect(alone).toMatchObject({ name: 'BadInput', message: expect.stringContaining("program 'p' yielded 5") })
    expect(String(there)).toBe(String(alone))
    expect((there as Error).constructor).toBe((alone as Error).constructor)
  })

  test('a program that makes no call is ended, and named', async () => {
    const done = await spawned(['explore', 'silent.ts', '--strategy', 'random', '--workers', '2'])
    expect(done).toMatchObject({ code: 2, out: '' })
    expect(done.err).toMatch(/^ipclab: program 'p' has run for 5 s without making a call/)
  })
})

describe('a worker that dies is told of:', () => {
  test.each([
    ['exits.ts', 'a worker ended with 7 before its work was done'],
    ['throws-later.ts', 'later'],
  ])('%s', async (file, message) => {
    await expect(searched(file, { strategy: 'random', executions: 100_000 }, 2)).rejects.toThrow(message)
  })

  test('one that needs too much memory', async () => {
    const args = ['explore', 'hungry.ts', '--strategy', 'random', '--executions', '100000000', '--workers', '2']
    const done = await spawned(args, { env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=80' } })
    expect(done).toMatchObject({ code: 2, out: '' })
    expect(done.err).toContain('memory limit')
  })
})

describe('the command', () => {
  test('prints the same for any number of workers, and none is left', async () => {
    const explored = (workers: string) =>
      spawned(['explore', 'many.ts', '--strategy', 'dfs', '--executions', '30000', '--json', '--workers', workers])
    const [alone, three] = await Promise.all([explored('1'), explored('3')])
    expect(alone.out).toContain('"executions": 30000')
    expect(three).toEqual(alone)
  })

  test('stops in time', async () => {
    const args = ['--strategy', 'random', '--executions', '1000000000', '--time', '2', '--workers', '2', '--json']
    const { code, out } = await spawned(['explore', 'many.ts', ...args])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ verdict: 'sampled', failure: null })
  })

  test('takes a number, or auto', async () => {
    const done = await spawned(['explore', 'lost.ts', '--workers', '0'])
    expect(done).toMatchObject({ code: 2, err: expect.stringContaining('--workers') })
    expect(await spawned(['explore', 'lost.ts', '--workers', 'auto'])).toMatchObject({ err: '' })
  })
})

test('a scenario without a file can not be loaded by workers', async () => {
  await expect(explore(made(counter()), { workers: 2 })).rejects.toThrow('give explore() what loadScenarioFile()')
  await expect(explore(made(counter()), { workers: 0 })).rejects.toThrow('workers takes a whole number')
  await expect(explore(made(counter()), { workers: 1 })).resolves.toMatchObject({ verdict: 'proved' })
})
