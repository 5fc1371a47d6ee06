import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shrink, shrinking } from '../../explore/shrink/index.ts'
import { assert, assume, choose, int32, map_anonymous, type Program, scenario } from '../../kernel/index.ts'
import checkThenLock from '../../scenarios/atomics/check-then-lock.ts'
import lostUpdate from '../../scenarios/atomics/lost-update.ts'
import philosophers from '../../scenarios/classic/philosophers.ts'
import mutexFirst from '../../scenarios/posix/mutex-first.ts'
import { readSchedule, writeSchedule } from '../../scheduler/index.ts'
import { made } from '../helpers/explored.ts'
import { failingCases, failingScenario } from '../helpers/failing-programs.ts'
import { failureOf, failuresOf, leastOf, replayed, shrunk, wayOf } from '../helpers/shrunk.ts'

/** Of every failing run the smallest that fails in the same way; and what is claimed of it is so. */

const SCHEDULES_MAX = 3_000

test('over random failing programs the failure is kept, shrinking is idempotent, and where the search was complete nothing is smaller', () => {
  let compared = 0
  fc.assert(
    fc.property(failingCases, (one) => {
      const program = failingScenario(one)
      for (const from of failuresOf(program, one.seed, 60)) {
        const before = replayed(program, from)
        const after = shrunk(program, from)
        expect(after.preemptions).toBeLessThanOrEqual(before.preemptions)
        if (after.preemptions === before.preemptions) expect(after.steps).toBeLessThanOrEqual(before.steps)

        if (!after.fewestPreemptions || !after.fewestSteps) continue
        const least = leastOf(program, SCHEDULES_MAX)?.get(wayOf(from.failure))
        if (least === undefined) continue
        expect({ preemptions: after.preemptions, steps: after.steps }).toEqual(least)
        compared += 1
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 150) },
  )
  expect(compared).toBeGreaterThan(20)
}, 600_000)

describe('what is known to be the least is found', () => {
  test.each([2, 3, 4, 5])('%i philosophers: one preemption, and then in a row against the table', (n) => {
    const after = shrunk(philosophers, failureOf(philosophers, { philosophers: n }), { fixed: ['philosophers'] })
    // The first has to leave his left fork; of each who follows the right fork is gone.
    expect([after.preemptions, after.steps]).toEqual([1, n])
    expect([after.fewestPreemptions, after.fewestSteps]).toEqual([true, true])
    const order = after.choices.map((name) => Number(name.replace('philosopher', '')))
    for (const [at, one] of order.slice(1).entries()) expect(one).toBe((((order[at] ?? 0) + n - 2) % n) + 1)
  })

  test('an update is lost with one preemption, in four steps of two workers', () => {
    const after = shrunk(lostUpdate, failureOf(lostUpdate, { workers: 4, rounds: 3 }))
    expect(after.params).toEqual({ workers: 2, rounds: 1 })
    expect(after.lowered).toEqual(['workers', 'rounds'])
    expect(writeSchedule(after.choices)).toMatch(/^worker(\d) worker(\d)\*2 worker\1$/)
  })

  test('the mutex first: straight ahead, until the buffer is full', () => {
    const after = shrunk(mutexFirst, failureOf(mutexFirst))
    expect(after.params).toEqual({ slots: 1, items: 2 })
    expect(after.preemptions).toBe(0)
    expect(after.fewestPreemptions).toBe(true)
  })

  test('to check and then to lock: two are inside', () => {
    const after = shrunk(checkThenLock, failureOf(checkThenLock))
    expect([after.preemptions, after.steps, after.fewestSteps]).toEqual([2, 4, true])
  })
})

test('what is chosen inside a step is the smallest that will do', () => {
  const picky = made(
    {
      *P() {
        const [a, b] = [yield* choose(9), yield* choose(9)]
        yield* assert(a * b < 10, 'small')
      },
    },
    { expect: 'violates: small' },
  )
  const { choices } = shrunk(picky, failureOf(picky))
  const [a = 0, b = 0] = choices.filter((choice) => choice.startsWith('?')).map((choice) => Number(choice.slice(1)))
  expect(a + b).toBe(7) // 2 and 5, say
})

test('a fault that is needed stays, and one that is not goes', () => {
  const killed = (needed: boolean) =>
    made(
      {
        *P({ shared }) {
          yield* int32(shared.base).store(0, 1)
          yield* int32(shared.base).store(0, 0)
        },
        *Q({ shared }) {
          yield* int32(shared.base).load(0)
        },
      },
      {
        faults: { kill: true },
        atEnd: { 'it is put back': ({ load, shared }) => !needed || load(shared.base, 'i32') === 0 },
        invariants: { 'it is never 1': ({ load, shared }) => needed || load(shared.base, 'i32') === 0 },
        expect: 'violates: it is put back',
      },
    )
  expect(writeSchedule(shrunk(killed(true), failureOf(killed(true))).choices)).toBe('P -P Q')
  const other = killed(false)
  const from = { ...failureOf(other), choices: readSchedule('Q -Q P') }
  expect(writeSchedule(shrunk(other, from).choices)).toBe('P')
})

test('an order in which a program can not be used is none', () => {
  const hasty = made({
    *P({ shared }) {
      const x = int32(shared.base)
      yield* x.load(1)
      if ((yield* x.load(0)) === 0) throw new TypeError('not yet')
      yield* assert(false, 'always')
    },
    *Q({ shared }) {
      yield* int32(shared.base).store(0, 1)
    },
  })
  const failure = { kind: 'assertion', name: 'always' } as const
  const after = shrunk(hasty, { params: {}, wakeOrder: 'any', maxSteps: 100, choices: ['P', 'Q', 'P'], failure })
  expect([after.choices.join(' '), after.fewestPreemptions]).toEqual(['Q P P', true])
})

test('another failure of the same kind is another failure', () => {
  const two = made({
    *P({ shared }) {
      const x = int32(shared.base)
      yield* x.store(0, 1)
      yield* assert((yield* x.load(0)) === 1, 'nobody else writes')
    },
    *Q({ shared }) {
      const x = int32(shared.base)
      yield* x.store(0, 2)
      yield* assert((yield* x.load(0)) !== 2, 'somebody else writes')
    },
  })
  const byName = failuresOf(two, 'two', 100).map((from) => [from.failure.name, shrunk(two, from)] as const)
  const of = (name: string) => byName.find(([one]) => one === name)?.[1]
  expect(writeSchedule(of('somebody else writes')?.choices ?? [])).toBe('Q*2')
  expect(writeSchedule(of('nobody else writes')?.choices ?? [])).toBe('P Q P')
})

test('a run without an end stays as it is: a shorter one would show less', () => {
  const endless = made(
    {
      *P({ shared }) {
        while ((yield* int32(shared.base).load(0)) === 0);
      },
      *Q({ shared }) {
        while ((yield* int32(shared.base).load(0)) === 0);
      },
    },
    { expect: 'step limit', maxSteps: 50 },
  )
  const choices = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? 'P' : 'Q'))
  const failure = { kind: 'step limit', name: 'step limit' } as const
  const after = shrink(endless, { params: {}, wakeOrder: 'any', maxSteps: 50, choices, failure })
  expect(after.choices).toEqual(choices)
  expect([after.fewestPreemptions, after.fewestSteps]).toEqual([false, false])
})

test('programs that loop for ever are shrunk, too', () => {
  const spinning = made(
    {
      *P({ shared }) {
        for (;;) yield* int32(shared.base).store(0, (yield* int32(shared.base).load(0)) ^ 1)
      },
      *Q({ shared }) {
        while ((yield* int32(shared.base).load(0)) === 0);
        yield* assert((yield* int32(shared.base).load(0)) === 1, 'it stays')
      },
    },
    { expect: 'violates: it stays' },
  )
  const after = shrunk(spinning, failureOf(spinning))
  expect([after.preemptions, after.fewestSteps]).toEqual([3, true])
  expect(writeSchedule(after.choices)).toBe('P*2 Q P*2 Q')
})

test('what assume gives up is no failure', () => {
  const given = made(
    {
      *P() {
        const n = yield* choose(5)
        yield* assume(n > 2)
        yield* assert(n === 0, 'n is 0')
      },
    },
    { expect: 'violates: n is 0' },
  )
  expect(shrunk(given, failureOf(given)).choices).toEqual(['P', '?3'])
})

describe('ghosts', () => {
  class Tally {
    n = 0
    add(): void {
      this.n += 1
    }
  }
  /** Fails only when one has counted between another's two looks, though no step touches what another's touches. */
  const looks = (make: () => { add(): void; n: number }) =>
    scenario('two looks', {
      ghost: make,
      *setup() {
        return { base: yield* map_anonymous(4096) }
      },
      programs: Object.fromEntries(
        ['P', 'Q', 'R'].map((name, at) => [
          name,
          function* ({ shared, ghost }) {
            const x = int32(shared.base)
            yield* x.load(at)
            const before = ghost.n
            yield* x.load(at)
            ghost.add()
            yield* assert(name !== 'P' || ghost.n <= before + 2, 'two others between')
            yield* x.load(at)
          } satisfies (given: { shared: { base: number }; ghost: { add(): void; n: number } }) => Program,
        ]),
      ),
      expect: 'violates: two others between',
    })

  test.each([
    [
      'a plain object',
      () => ({
        n: 0,
        add() {
          this.n += 1
        },
      }),
    ],
    ['an object with a class', () => new Tally()],
  ])('%s: nothing is overlooked that hangs on it', (_what, make) => {
    const one = looks(make)
    const after = shrunk(one, failureOf(one))
    const least = leastOf(one, 100_000)?.get('assertion: two others between')
    expect({ preemptions: after.preemptions, steps: after.steps }).toEqual(least)
  })
})

test('it can be ended at any moment, with the smallest so far, which is no larger the later', () => {
  const from = failureOf(philosophers, { philosophers: 5, meals: 2 })
  const sizes: number[][] = []
  for (const pauses of [0, 1, 5, 20, 60, 200, 1_000]) {
    const signal = { aborted: false }
    const work = shrinking(philosophers, from, { signal })
    let step = work.next()
    for (let i = 0; i < pauses && step.done !== true; i++) step = work.next()
    signal.aborted = true
    if (step.done !== true) step = work.next()
    if (step.done !== true) throw new Error('it did not end')
    const { failure, ...replay } = replayed(philosophers, step.value)
    expect(wayOf(step.value.failure)).toBe('deadlock: deadlock')
    expect(failure?.kind).toBe('deadlock')
    sizes.push([replay.preemptions, replay.steps])
  }
  expect([...sizes].sort(([a = 0, b = 0], [c = 0, d = 0]) => c - a || d - b)).toEqual(sizes)
  expect(sizes.at(-1)).toEqual([1, 2])
})

test('with a small budget nothing is claimed that was not looked at', () => {
  const from = failureOf(philosophers, { philosophers: 5 })
  const after = shrunk(philosophers, from, { executions: 4, fixed: ['philosophers'] })
  expect([after.preemptions, after.steps]).toEqual([1, 5]) // the neighbourhood alone comes as far
  expect([after.fewestPreemptions, after.fewestSteps]).toEqual([false, false])
})

test('a schedule that does not fail like that can not be shrunk', () => {
  const from = { ...failureOf(philosophers), choices: ['philosopher1'] }
  expect(() => shrink(philosophers, from)).toThrow("does not lead to 'deadlock'")
})
