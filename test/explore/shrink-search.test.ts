import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Follower } from '../../explore/shrink/follow.ts'
import { Layers } from '../../explore/shrink/layers.ts'
import { movesOf } from '../../explore/shrink/moves.ts'
import { NO_LIMITS } from '../../explore/shrink/noted.ts'
import { search } from '../../explore/shrink/search.ts'
import { Trials } from '../../explore/shrink/trials.ts'
import {
  boot,
  type Context,
  choose,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  type View,
  type World,
} from '../../kernel/index.ts'
import { dfs, run } from '../../scheduler/index.ts'
import { failingCases, failingScenario } from '../helpers/failing-programs.ts'
import { cases, scenarioOf } from '../helpers/random-programs.ts'
import { counted, failuresOf, leastOf, wayOf } from '../helpers/shrunk.ts'

/**
 * The search, which leaves out whatever differs only in the order of steps that have nothing to do with each other:
 * it comes to every state to which any schedule comes, with as few preemptions.
 */

const SCHEDULES_MAX = 150
const PREEMPTIONS_MAX = 30

/** Every state that runs come to, each with the least number of preemptions before it. */
type States = Map<string, number>

const stateOf = ({ state, ghost }: World): string => JSON.stringify([state, ghost], plain)

/** Maps and sets as JSON can have them, the keys of objects in one order, of a page the words that are not 0, of mappings how many. */
function plain(key: string, value: unknown): unknown {
  if (key === 'words') return (value as number[]).flatMap((word, at) => (word === 0 ? [] : [at, word]))
  if (key === 'mappings') return (value as unknown[]).length
  if (value instanceof Map || value instanceof Set) return [...value]
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The scenario, telling of each state. */
const telling = (made: Scenario, told: (state: string) => void): Scenario => ({
  ...made,
  invariants: {
    'is told': (world) => {
      told(stateOf(world))
      return true
    },
  },
})

function note(states: States, state: string, preemptions: number): void {
  states.set(state, Math.min(preemptions, states.get(state) ?? Infinity))
}

/** As every schedule comes to them; `null`: there are too many. */
function byAll(made: Scenario): States | null {
  const states: States = new Map()
  const decider = dfs()
  let counting = counted(decider)
  const simulation = boot(
    telling(made, (state) => note(states, state, counting.preemptions)),
    { door: decider },
  )
  for (let index = 0; index < SCHEDULES_MAX; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return states
    counting = counted(decider)
    simulation.machine.kernel.door = counting
    run(simulation, counting, { maxSteps: made.maxSteps ?? 100 })
  }
  return null
}

/** As the search does. */
function bySearch(made: Scenario): { states: States; runs: number } {
  const states: States = new Map()
  let preemptions = 0
  const maxSteps = made.maxSteps ?? 100
  const spent = { executions: 0, steps: 0 }
  const trials = new Trials(
    telling(made, (state) => note(states, state, preemptions)),
    { params: {}, wakeOrder: made.wakeOrder ?? 'any', maxSteps, sought: { kind: 'step limit', name: 'none' }, spent },
  )
  const layers = new Layers(trials, PREEMPTIONS_MAX, maxSteps)
  for (;;) {
    while (!layers.over) layers.go()
    layers.deeper()
    preemptions = layers.preemptions
    if (layers.over) return { states, runs: spent.executions }
  }
}

/** Returns how many states were compared. */
function compare(made: Scenario): number {
  const all = byAll(made)
  if (all === null) return 0
  const { states } = bySearch(made)
  expect([...all].filter(([state, preemptions]) => states.get(state) !== preemptions)).toEqual([])
  expect(states.size).toBe(all.size)
  return all.size
}

const numRuns = Number(process.env.RUNS ?? 50)

describe('it comes to every state, and with as few preemptions', () => {
  test('of random programs that fail', () => {
    let compared = 0
    fc.assert(
      fc.property(failingCases, (one) => {
        compared += compare(failingScenario(one))
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
        compared += compare({ ...scenarioOf({ ...one, programs }), ghost: () => ({}) })
      }),
      { numRuns },
    )
    expect(compared).toBeGreaterThan(numRuns * 5)
  }, 600_000)
})

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

class Tally {
  n = 0
  add(): void {
    this.n += 1
  }
}

/**
 * What P has seen of the ghost and keeps, and what it has read of Q later, it leaves in memory; Q changes the ghost in
 * a step that is in nobody's way. All four combinations come of it, one of them only with two preemptions.
 */
const keeping = <G>(ghost: () => G, look: (ghost: G) => number, change: (ghost: G) => void): Scenario =>
  scenario<Record<never, never>, View<'i32'>, G>('keeping', {
    ghost,
    *setup() {
      return int32(yield* map_anonymous(4096))
    },
    programs: {
      *P({ shared, ghost }) {
        yield* shared.load(1)
        const seen = look(ghost)
        const read = yield* shared.load(2)
        yield* shared.store(0, 10 * seen + read)
      },
      *Q({ shared, ghost }) {
        yield* shared.store(2, 1)
        change(ghost)
        yield* shared.load(3)
      },
    },
    expect: 'holds',
  })

describe('a ghost is seen', () => {
  const counting = () => {
    let n = 0
    return {
      add() {
        n += 1
      },
      get: () => n,
    }
  }
  const getting = () => ({
    of: 0,
    get n() {
      return this.of
    },
    set n(n: number) {
      this.of = n
    },
  })

  test.each<[string, Scenario]>([
    [
      'in a number',
      keeping(
        () => ({ n: 0 }),
        (g) => g.n,
        (g) => {
          g.n += 1
        },
      ),
    ],
    [
      'in a key that is new',
      keeping(
        () => ({}) as Record<string, number>,
        (g) => g.n ?? 0,
        (g) => {
          g.n = 1
        },
      ),
    ],
    [
      'in a key that is gone',
      keeping(
        () => ({ n: 1 }) as Record<string, number>,
        (g) => g.n ?? 0,
        (g) => void delete g.n,
      ),
    ],
    [
      'in which keys there are',
      keeping(
        () => ({}) as Record<string, number>,
        (g) => Object.keys(g).length,
        (g) => {
          g.n = 1
        },
      ),
    ],
    [
      'in whether there is a key',
      keeping(
        () => ({}) as Record<string, number>,
        (g) => ('n' in g ? 1 : 0),
        (g) => {
          g.n = 1
        },
      ),
    ],
    [
      'deep inside',
      keeping(
        () => ({ a: { b: [{ n: 0 }] } }),
        (g) => g.a.b[0]?.n ?? 0,
        (g) => {
          ;(g.a.b[0] ?? { n: 0 }).n = 1
        },
      ),
    ],
    [
      'in what was put there',
      keeping(
        () => ({ a: { n: 0 } }),
        (g) => g.a.n,
        (g) => {
          g.a = { n: 1 }
        },
      ),
    ],
    [
      'in an array',
      keeping(
        () => [] as number[],
        (g) => g.length,
        (g) => void g.push(1),
      ),
    ],
    [
      'in an array that is sorted',
      keeping(
        () => [2, 1],
        (g) => g[0] ?? 0,
        (g) => void g.sort(),
      ),
    ],
    [
      'in a set',
      keeping(
        () => new Set<number>(),
        (g) => (g.has(1) ? 1 : 0),
        (g) => void g.add(1),
      ),
    ],
    [
      'in how large a set is',
      keeping(
        () => new Set<number>(),
        (g) => g.size,
        (g) => void g.add(1),
      ),
    ],
    [
      'in what a set lists',
      keeping(
        () => new Set<number>([1]),
        (g) => [...g].length,
        (g) => g.clear(),
      ),
    ],
    [
      'in a map',
      keeping(
        () => new Map([['n', 1]]),
        (g) => g.get('n') ?? 0,
        (g) => void g.delete('n'),
      ),
    ],
    [
      'in what a map lists',
      keeping(
        () => new Map([['n', { n: 0 }]]),
        (g) => [...g][0]?.[1].n ?? 0,
        (g) => {
          ;([...g.values()][0] ?? { n: 0 }).n = 1
        },
      ),
    ],
    [
      'in what a map gives',
      keeping(
        () => new Map([['n', [0]]]),
        (g) => [...g.values()][0]?.[0] ?? 0,
        (g) => {
          ;(g.get('n') ?? [])[0] = 1
        },
      ),
    ],
    [
      'in what a map tells',
      keeping(
        () => new Map([['n', { n: 0 }]]),
        (g) => seenIn(g),
        (g) => {
          for (const one of g.values()) one.n = 1
        },
      ),
    ],
    [
      'in an object with a class',
      keeping(
        () => new Tally(),
        (g) => g.n,
        (g) => g.add(),
      ),
    ],
    [
      'in an object with a class inside',
      keeping(
        () => ({ a: [new Tally()] }),
        (g) => g.a[0]?.n ?? 0,
        (g) => g.a[0]?.add(),
      ),
    ],
    [
      'behind code of its own',
      keeping(
        counting,
        (g) => g.get(),
        (g) => g.add(),
      ),
    ],
    [
      'behind a getter',
      keeping(
        getting,
        (g) => g.n,
        (g) => {
          g.n += 1
        },
      ),
    ],
    [
      'in an array of bytes',
      keeping(
        () => new Uint8Array(1),
        (g) => g[0] ?? 0,
        (g) => {
          g[0] = 1
        },
      ),
    ],
    [
      'in what is frozen around it',
      keeping(
        () => Object.freeze({ a: { n: 0 } }),
        (g) => g.a.n,
        (g) => {
          g.a.n = 1
        },
      ),
    ],
  ])('%s', (_where, made) => {
    expect(compare(made)).toBeGreaterThan(7)
  })
})

function seenIn(map: ReadonlyMap<string, { n: number }>): number {
  let seen = 0
  map.forEach(({ n }) => {
    seen += n
  })
  return seen
}

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
  expect(compare(choosing)).toBeGreaterThan(9)
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
