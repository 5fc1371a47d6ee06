import { describe, expect, test } from 'vitest'
import { Follower } from '../../explore/shrink/follow.ts'
import { NO_LIMITS } from '../../explore/shrink/noted.ts'
import { search } from '../../explore/shrink/search.ts'
import { Trials } from '../../explore/shrink/trials.ts'
import { int32, map_anonymous, type Scenario, scenario, type View, type World } from '../../kernel/index.ts'
import { compareStates } from '../helpers/states.ts'

/** The shrinker's search leaves out orders that do not matter; what programs see of a ghost is among what matters. */

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
    expect(compareStates(made)).toBeGreaterThan(7)
  })
})

function seenIn(map: ReadonlyMap<string, { n: number }>): number {
  let seen = 0
  map.forEach(({ n }) => {
    seen += n
  })
  return seen
}

test('where watching itself goes wrong, the search begins anew without', () => {
  const made = keeping(
    () => [] as number[],
    (g) => structuredClone(g).length, // which can't be done with a proxy
    (g) => void g.push(1),
  )
  const failing = {
    ...made,
    atEnd: { 'it was not between': ({ load, shared }: World) => load((shared as View<'i32'>).base, 'i32') !== 1 },
  }
  const sought = { kind: 'invariant', name: 'it was not between' } as const
  const spent = { executions: 0, steps: 0 }
  const trials = new Trials(failing, { params: {}, wakeOrder: 'any', maxSteps: 100, sought, spent })
  const moves = [...'PQPQP'].map((choice) => ({ choice, picks: [] }))
  const from = trials.make(new Follower(moves), NO_LIMITS)
  if (from === null) throw new Error('it fails')
  expect(from.preemptions).toBe(3)
  const work = search(trials, from, { executions: 1_000, steps: 10_000 })
  let step = work.next()
  while (step.done !== true) step = work.next()
  expect(step.value.best.preemptions).toBe(1)
  expect(step.value.fewestPreemptions).toBe(true)
})
