import { exitCode, explore, isExpected, meets } from 'ipclab/explore'
import { assert, assume, boot, choose, int32, type Program, type Scenario, wait, yield_ } from 'ipclab/kernel'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import { type Failure, replay, run } from 'ipclab/scheduler'
import { describe, expect, test, vi } from 'vitest'
import { type Body, counter, type Given, holds, made } from '../helpers/explored.ts'

const lost: Partial<Body> = {
  atEnd: { 'nothing is lost': ({ load, shared }) => load(shared.base, 'i32') === 2 },
  expect: 'violates: nothing is lost',
}

function* locksBoth(first: number, second: number): Program {
  yield* pthread_mutex_lock(first)
  yield* pthread_mutex_lock(second)
  yield* pthread_mutex_unlock(second)
  yield* pthread_mutex_unlock(first)
}
const deadlocking = () => ({
  P: ({ shared: { base } }: Given) => locksBoth(base + 1024, base + 2048),
  Q: ({ shared: { base } }: Given) => locksBoth(base + 2048, base + 1024),
})

/** The failure that a scenario comes to. */
async function failureOf(one: Scenario, options = {}): Promise<Failure> {
  const { failure, verdict } = await explore(one, options)
  expect(verdict).toBe('failed')
  if (failure === null) throw new Error('a search that failed has a failure')
  return failure
}

describe('what a search says', () => {
  test('proved: every schedule was made, and the words say how many there are', async () => {
    const found = await explore(made(counter(), { races: 'ignore' }), { strategy: 'dfs' })
    expect(found).toMatchObject({ verdict: 'proved', met: 'as expected', failure: null, executions: 6, schedules: 6 })
    expect(found.text).toBe('proved: holds in every schedule (there are 6)')
    expect(exitCode(found.met)).toBe(0)
  })

  test('sampled: there may be others, and that is no proof', async () => {
    for (const strategy of ['random', 'dfs', 'rr', 'fifo']) {
      const found = await explore(made(counter(3), { races: 'ignore' }), { strategy, executions: 10 })
      expect(found).toMatchObject({ verdict: 'sampled', met: 'inconclusive', schedules: null })
      expect(found.text).toMatch(/^sampled: holds in (10|1) schedules?; there may be others$/)
      expect(exitCode(found.met)).toBe(3)
    }
  })

  test('a sample is enough for a scenario that only claims to hold', async () => {
    const found = await explore(made(counter(), { expect: 'holds' }), { strategy: 'random', executions: 3 })
    expect(found.met).toBe('as expected')
  })

  test('failed: the kind, and in which run', async () => {
    const found = await explore(made(counter(), lost))
    expect(found).toMatchObject({ verdict: 'failed', met: 'as expected' })
    expect(found.text).toMatch(/^failed: invariant in run \d+ \(\w+\)\n'nothing is lost' does not hold/)
  })

  test('inconclusive: no run came to its end', async () => {
    const found = await explore(
      made({
        *P() {
          yield* assume(false)
        },
      }),
    )
    expect(found).toMatchObject({ verdict: 'inconclusive', met: 'inconclusive' })
    expect(exitCode(found.met)).toBe(3)
    expect(found.text).toContain('inconclusive')
  })

  test('what was expected and not found is not as expected', async () => {
    for (const expected of ['deadlock', 'step limit', 'violates: x', 'error: EAGAIN'] as const) {
      const { met } = await explore(made(holds, { expect: expected }))
      expect([expected, exitCode(met)]).toEqual([expected, 1])
    }
  })

  test('a failure that is not the expected one is not as expected', () => {
    const failure: Failure = { kind: 'invariant', name: 'a', message: '', threads: [], waiting: [], stuck: [] }
    expect(meets('violates: b', 'failed', failure)).toBe('not as expected')
    expect(meets('proved', 'failed', failure)).toBe('not as expected')
    expect(isExpected('violates: a', failure)).toBe(true)
    expect(isExpected('violates: a', { ...failure, kind: 'assertion' })).toBe(true)
    expect(isExpected('error: a', { ...failure, kind: 'uncaught error' })).toBe(true)
    expect(isExpected('deadlock', { ...failure, kind: 'step limit' })).toBe(false)
  })

  test('a sometimes-condition that no run reaches is told by its name', async () => {
    const sometimes: NonNullable<Body['sometimes']> = {
      'x is 1': ({ load, shared }) => load(shared.base, 'i32') === 1,
      'x is 7': () => false,
    }
    const found = await explore(made(counter(), { sometimes }), { strategy: 'dfs' })
    expect(found.neverReached).toEqual(['x is 7'])
    expect(found.text).toContain('never reached in any run: x is 7')
  })
})

describe('failures', () => {
  test('deadlock: who waits in which call, on what, and who holds it', async () => {
    const failure = await failureOf(made(deadlocking()))
    expect(failure).toMatchObject({ kind: 'deadlock', name: 'deadlock', threads: ['P', 'Q'] })
    expect(failure.message).toMatch(/^nobody can go on: P in pthread_mutex_lock\(.*\), Q in pthread_mutex_lock\(/)
    expect(failure.waiting).toMatchObject([
      { thread: 'P', call: 'pthread_mutex_lock', heldBy: ['Q'], awaits: ['Q'] },
      { thread: 'Q', call: 'pthread_mutex_lock', heldBy: ['P'], awaits: ['P'] },
    ])
  })

  test.each(['fifo', 'lifo'] as const)(
    'the deadlock is found as well when waiters are served %s',
    async (wakeOrder) => {
      const { kind, waiting } = await failureOf(made(deadlocking()), { wakeOrder })
      expect([kind, waiting.length]).toEqual(['deadlock', 2])
    },
  )

  test('who waits for a lock that it has itself waits alone', async () => {
    const failure = await failureOf(
      made({
        *P({ shared }) {
          yield* pthread_mutex_lock(shared.base + 1024)
          yield* pthread_mutex_lock(shared.base + 1024)
        },
      }),
    )
    expect(failure).toMatchObject({ kind: 'deadlock', threads: ['P'], waiting: [{ heldBy: ['P'] }] })
  })

  test('an invariant: its name, its reason, and whose step broke it', async () => {
    const reason = 'x went up'
    const failure = await failureOf(
      made(
        {
          *P({ shared }) {
            yield* int32(shared.base).store(0, 1)
          },
        },
        { invariants: { 'x is 0': ({ load, shared }) => load(shared.base, 'i32') === 0 || reason } },
      ),
    )
    expect(failure).toMatchObject({ kind: 'invariant', name: 'x is 0', threads: ['P'] })
    expect(failure.message).toBe("'x is 0' does not hold: x went up")
  })

  test('an invariant that does not hold before the first step fails in an empty schedule', async () => {
    const { failure } = await explore(made(holds, { invariants: { never: () => false } }))
    expect(failure?.schedule.choices).toEqual([])
  })

  test('an assertion', async () => {
    const failure = await failureOf(
      made({
        *P() {
          yield* assert((yield* choose(2)) === 0, 'it is 0')
        },
      }),
    )
    expect(failure).toMatchObject({ kind: 'assertion', name: 'it is 0', threads: ['P'] })
    expect(failure.message).toBe("P asserted 'it is 0', which does not hold")
  })

  test('an error that the program does not catch', async () => {
    const failure = await failureOf(
      made({
        *P() {
          yield* wait()
        },
      }),
    )
    expect(failure).toMatchObject({ kind: 'uncaught error', name: 'ECHILD', threads: ['P'] })
    expect(failure.message).toBe('P did not catch wait: ECHILD')
  })

  test('the step limit names who is still going, and not who has ended', async () => {
    const one = made({
      *P() {
        for (;;) yield* yield_()
      },
      *Q() {
        yield* choose(1)
      },
    })
    const failure = await failureOf(one, { maxSteps: 50, strategy: 'rr' })
    expect(failure).toMatchObject({ kind: 'step limit', threads: ['P'] })
    expect(failure.message).toBe('the run is not over after 50 steps; still going: P')
  })

  test.each([
    ['deadlock', made(deadlocking())],
    ['invariant', made(counter(), lost)],
    [
      'step limit',
      made(
        {
          *P() {
            for (;;) yield* choose(2)
          },
        },
        { maxSteps: 20 },
      ),
    ],
    [
      'uncaught error',
      made({
        *P() {
          if ((yield* choose(9)) === 7) yield* wait()
        },
      }),
    ],
  ])('the schedule of a %s brings the same failure back', async (_kind, one) => {
    const { failure, maxSteps } = await explore(one)
    const by = replay(failure?.schedule.choices ?? [])
    const simulation = boot(one, { door: by, once: true })
    simulation.start()
    const again = run(simulation, by, { maxSteps })
    expect(again.failure?.message).toBe(failure?.message)
    expect(simulation.machine.steps).toBe(failure?.schedule.steps)
  })
})

describe('assume', () => {
  test('gives a run up, which counts neither way', async () => {
    const one = made({
      *P({ ghost }) {
        const n = yield* choose(4)
        yield* assume(n < 2)
        ghost.noted.push(String(n))
      },
    })
    const found = await explore(one, { strategy: 'dfs' })
    expect(found).toMatchObject({ verdict: 'proved', executions: 4, pruned: 2 })
    expect(found.text).toContain('2 runs given up by assume()')
  })

  test('nothing that comes after it is run: no assertion, no error, no invariant fails there', async () => {
    const after = vi.fn()
    const one = made(
      {
        *P({ ghost }) {
          const n = yield* choose(2)
          if (n === 1) ghost.noted.push('broken')
          yield* assume(n === 0)
          if (n === 1) after()
          yield* assert(n === 0, 'never reached')
        },
      },
      { invariants: { whole: ({ ghost }) => ghost.noted.length === 0 } },
    )
    expect((await explore(one, { strategy: 'dfs' })).verdict).toBe('proved')
    expect(after).not.toHaveBeenCalled()
  })

  test('before the first call it gives up every run', async () => {
    const one = made({
      *P() {
        yield* assume(false)
        yield* choose(2)
      },
      Q: holds.P,
    })
    expect(await explore(one, { strategy: 'random', executions: 20 })).toMatchObject({
      verdict: 'inconclusive',
      pruned: 20,
    })
  })
})

describe('budgets', () => {
  const long = () => made(counter(8), { expect: 'holds' })

  test('a search that is aborted says what it knows', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 20)
    const found = await explore(long(), { strategy: 'dfs', executions: 1e9, signal: controller.signal })
    expect(found.verdict).toBe('sampled')
    expect(found.text).toContain('stopped before its budget of runs was used up')
  })

  test('one that was aborted before it began has made no run', async () => {
    const found = await explore(long(), { signal: AbortSignal.abort() })
    expect(found).toMatchObject({ verdict: 'inconclusive', executions: 0 })
  })

  test('time ends a search between two runs', async () => {
    const found = await explore(long(), { strategy: 'random', executions: 1e9, time: 0.05 })
    expect(found.verdict).toBe('sampled')
    expect(found.executions).toBeLessThan(1e9)
  })

  test('the same seed gives the same search', async () => {
    const tell = async (seed: number) => {
      const { failure, executions, steps } = await explore(
        made(counter(3), { ...lost, atEnd: { 'nothing is lost': ({ load, shared }) => load(shared.base, 'i32') > 2 } }),
        { seed, strategy: 'random' },
      )
      return { choices: failure?.schedule.choices, executions, steps }
    }
    expect(await tell(1)).toEqual(await tell(1))
    const several = await Promise.all([1, 2, 3, 4].map(async (seed) => JSON.stringify(await tell(seed))))
    expect(new Set(several).size).toBeGreaterThan(1)
  })
})
