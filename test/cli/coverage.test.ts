import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { progressLine } from '../../cli/progress.ts'
import { folder, ipclab, removeFolders, spawned } from './cli.ts'

/** What explore tells of what its runs cover. */

const QUIET = `import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_init, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
export default scenario('a lock too many', {
  *setup() {
    const page = yield* map_anonymous(4096)
    yield* pthread_mutex_init(page + 64)
    yield* pthread_mutex_init(page + 128)
    return page
  },
  programs: {
    *p({ shared }) {
      yield* pthread_mutex_lock(shared + 64)
      yield* pthread_mutex_lock(shared + 128)
      yield* int32(shared).store(0, 1, 'seq_cst')
      yield* pthread_mutex_unlock(shared + 128)
      yield* pthread_mutex_unlock(shared + 64)
    },
    *q({ shared }) {
      yield* pthread_mutex_lock(shared + 64)
      yield* int32(shared).add(0, 1)
      yield* pthread_mutex_unlock(shared + 64)
    },
  },
  expect: 'proved',
})
`
beforeAll(() => void folder({ 'quiet.ts': QUIET }))
afterAll(removeFolders)

test('--vacuity lists what nothing has put to the test, with its line', async () => {
  const { code, out } = await ipclab('explore', 'quiet.ts', '--strategy', 'dfs', '--vacuity')
  expect(code).toBe(0)
  expect(out.split('\n').slice(2, -1)).toEqual([
    expect.stringMatching(/^proved/),
    expect.stringMatching(/^different traces, by their hashes: 2 in \d+ runs$/),
    'pairs of calls seen in both orders: 5 of 5',
    '',
    expect.stringMatching(/^never contended: .* \(in \d+ runs\)$/),
    '  call                  at',
    '  pthread_mutex_lock    quiet.ts:13',
    '  pthread_mutex_unlock  quiet.ts:15',
    expect.stringMatching(/^never had to wait \(in \d+ runs\)$/),
    '  call                at',
    '  pthread_mutex_lock  quiet.ts:13',
    '',
    'as the scenario expects (proved)',
  ])
})

test('--json has it when it is asked for, the same for any number of workers', async () => {
  const explored = (...words: string[]) =>
    spawned(['explore', 'quiet.ts', '--json', '--strategy', 'random', '--executions', '5000', ...words])
  const [plain, alone, three] = await Promise.all([
    explored(),
    explored('--vacuity'),
    explored('--vacuity', '--workers', '3'),
  ])
  expect(JSON.parse(plain.out)).not.toHaveProperty('coverage')
  expect(JSON.parse(alone.out)).toMatchObject({
    coverage: { runs: 5_000, traces: 2, pairs: 5, bothOrders: 5 },
    vacuity: { runs: 5_000, neverWaited: [{ call: 'pthread_mutex_lock', line: 'quiet.ts:13' }] },
  })
  expect(three).toEqual(alone)
})

describe('the line that shows how far it is', () => {
  const told = {
    executions: 5_000,
    executionsMax: 10_000,
    steps: 1,
    seconds: 2,
    coverage: null,
    left: null,
    failed: false,
  }
  const coverage = { runs: 1_200, traces: 900, pairs: 17, bothOrders: 12 }
  const plain = '5000 of 10000 runs, 2500 a second, 2 s left; Ctrl-C ends it'

  test.each([
    [{}, 200, plain],
    [
      { coverage },
      200,
      '5000 of 10000 runs, 2500 a second, 2 s left, 900 different traces in 1200 looked at, 12 of 17 pairs of calls in both orders; Ctrl-C ends it',
    ],
    [
      { coverage: { ...coverage, pairs: 0 }, left: { share: 0.4, made: 4_900 } },
      200,
      '5000 of 10000 runs, 2500 a second, 2 s left, about 40 % made, some 12000 traces in all; Ctrl-C ends it',
    ],
    [
      { left: { share: 0.0001, made: 4_900 } },
      200,
      '5000 of 10000 runs, 2500 a second, 2 s left, under 0.1 % of all traces made; Ctrl-C ends it',
    ],
    [{ coverage }, 80, plain],
  ])('%o in %i columns', (more, width, line) => {
    expect(progressLine({ ...told, ...more }, Number.POSITIVE_INFINITY, width)).toBe(line)
  })
})
