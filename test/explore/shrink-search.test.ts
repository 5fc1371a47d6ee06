import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Follower } from '../../explore/shrink/follow.ts'
import { movesOf } from '../../explore/shrink/moves.ts'
import { NO_LIMITS } from '../../explore/shrink/noted.ts'
import { search } from '../../explore/shrink/search.ts'
import { Trials } from '../../explore/shrink/trials.ts'
import {
  ftruncate,
  MAP_SHARED,
  mmap,
  O_CREAT,
  O_RDWR,
  PROT_READ,
  PROT_WRITE,
  read,
  shm_open,
  write,
} from '../../ipc/posix/index.ts'
import {
  type Context,
  choose,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  type View,
} from '../../kernel/index.ts'
import { failingCases, failingScenario } from '../helpers/failing-programs.ts'
import { posixCases, posixScenario } from '../helpers/random-posix.ts'
import { cases, scenarioOf } from '../helpers/random-programs.ts'
import { failuresOf, leastOf, wayOf } from '../helpers/shrunk.ts'
import { bySearch, compareStates } from '../helpers/states.ts'

/**
 * The search, which leaves out whatever differs only in the order of steps that have nothing to do with each other:
 * it comes to every state to which any schedule comes, with as few preemptions.
 */

const numRuns = Number(process.env.RUNS ?? 50)

describe('it comes to every state, and with as few preemptions', () => {
  test('of random programs that fail', () => {
    let compared = 0
    fc.assert(
      fc.property(failingCases, (one) => {
        compared += compareStates(failingScenario(one))
      }),
      { numRuns },
    )
    expect(compared).toBeGreaterThan(numRuns * 5)
  }, 600_000)

  test('of random programs with calls of every kind', () => {
    let compared = 0
    fc.assert(
      fc.property(cases, (one) => {
        const programs = one.programs.map((ops) => ops.slice(0, 3))
        compared += compareStates({ ...scenarioOf({ ...one, programs }), ghost: () => ({}) })
      }),
      { numRuns },
    )
    expect(compared).toBeGreaterThan(numRuns * 5)
  }, 600_000)
})

test('of random POSIX programs', () => {
  let compared = 0
  fc.assert(
    fc.property(posixCases, (one) => {
      const programs = one.programs.map((ops) => ops.slice(0, 2)).with(2, [])
      compared += compareStates(posixScenario({ ...one, programs, faults: {} }))
    }),
    { numRuns: Math.ceil(numRuns / 2) },
  )
  expect(compared).toBeGreaterThan(0)
}, 600_000)

test('from any failing run of random programs it comes to the least, with no neighbours tried before', () => {
  let compared = 0
  fc.assert(
    fc.property(failingCases, (one) => {
      const made = failingScenario(one)
      for (const { choices, failure, ...options } of failuresOf(made, one.seed, 20)) {
        const trials = new Trials(made, { ...options, sought: failure, spent: { executions: 0, steps: 0 } })
        const from = trials.make(new Follower(movesOf(choices)), NO_LIMITS)
        if (from === null) throw new Error('a failing run fails')
        const work = search(trials, from, { executions: 20_000, steps: 400_000 })
        let step = work.next()
        while (step.done !== true) step = work.next()
        const { best, fewestPreemptions, fewestSteps } = step.value
        const least = fewestPreemptions && fewestSteps ? leastOf(made, 1_000)?.get(wayOf(failure)) : undefined
        if (least === undefined) continue
        expect({ preemptions: best.preemptions, steps: best.steps }).toEqual(least)
        compared += 1
      }
    }),
    { numRuns },
  )
  expect(compared).toBeGreaterThan(numRuns / 8)
}, 600_000)

/** Programs that each touch a word of their own, and a ghost. */
const apart = (bodies: Record<string, (ghost: Counts, step: () => Program) => Program>): Scenario =>
  scenario('apart', {
    ghost: (): Counts => ({ P: 0, Q: 0, R: 0 }),
    *setup() {
      return int32(yield* map_anonymous(4096))
    },
    programs: Object.fromEntries(
      Object.entries(bodies).map(([name, body], at) => [
        name,
        ({ shared, ghost }: Context<unknown, View<'i32'>, Counts>) =>
          body(ghost, function* () {
            yield* shared.store(at, (yield* shared.load(at)) + 1)
          }),
      ]),
    ),
    expect: 'holds',
  })

type Counts = Record<string, number>

test('what was chosen inside a step is told apart', () => {
  const choosing = scenario('choosing', {
    *setup() {
      return int32(yield* map_anonymous(4096))
    },
    programs: {
      *P({ shared }) {
        const [a, b] = [yield* choose(3), yield* choose(3)]
        yield* shared.store(0, 10 * a + b)
      },
      *Q({ shared }) {
        yield* shared.store(1, 1)
      },
    },
    expect: 'holds',
  })
  expect(compareStates(choosing)).toBeGreaterThan(9)
})

/** Q reads two words one after the other, and keeps both; P writes the first and the second. */
const inTwo = (reads: typeof readWord, writes: typeof writeWord): Scenario =>
  scenario('in two', {
    *setup() {
      const fd = yield* shm_open('/m', O_CREAT | O_RDWR, 0o600)
      yield* ftruncate(fd, 64)
      return yield* mmap(null, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
    },
    programs: {
      *P({ shared }) {
        const fd = yield* shm_open('/m', O_RDWR, 0)
        yield* writes(shared, fd)
        yield* int32(shared).store(2, 1)
      },
      *Q({ shared }) {
        const fd = yield* shm_open('/m', O_RDWR, 0)
        const first = yield* reads(shared, fd)
        const second = yield* int32(shared).load(2)
        yield* int32(shared).store(3, 10 * first + second)
      },
    },
    expect: 'holds',
  })

function* readWord(base: number, _fd: number): Program<number> {
  return yield* int32(base).load(0)
}

function* readBytes(_base: number, fd: number): Program<number> {
  return (yield* read(fd, 4)).charCodeAt(0)
}

function* writeWord(base: number, _fd: number): Program {
  yield* int32(base).store(0, 1)
}

function* writeBytes(_base: number, fd: number): Program {
  yield* write(fd, '\u0001')
}

test.each([
  [readWord, writeWord],
  [readBytes, writeWord],
  [readWord, writeBytes],
  [readBytes, writeBytes],
])('what touches a page as a whole hangs on its words: %o, %o', (reads, writes) => {
  expect(compareStates(inTwo(reads, writes))).toBeGreaterThan(20)
})

describe('it is a search that leaves out', () => {
  const twice = function* (_ghost: unknown, step: () => Program): Program {
    yield* step()
    yield* step()
  }

  test('orders that do not matter', () => {
    const made = apart({ P: twice, Q: twice, R: twice })
    // There are 12! / 4!³ = 34,650 schedules, of 5³ states, in each of which one of three may be running.
    expect(bySearch(made).runs).toBeLessThan(500)
  })

  test('and so with ghosts that are not in each other’s way', () => {
    const counts = (name: 'P' | 'Q' | 'R') =>
      function* (ghost: Record<string, number>, step: () => Program): Program {
        yield* step()
        ghost[name] = (ghost[name] ?? 0) + 1
        yield* step()
      }
    const made = apart({
      P: counts('P'),
      Q: counts('Q'),
      R: counts('R'),
    })
    expect(bySearch(made).runs).toBeLessThan(500)
  })
})
