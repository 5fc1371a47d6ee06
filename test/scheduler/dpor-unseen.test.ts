import fc from 'fast-check'
import {
  boot,
  int32,
  type KernelState,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  sleep,
} from 'ipclab/kernel'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import { type Decider, dfs, dpor, run } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'

/** What no footprint tells of: ghosts and checks see under partial-order reduction whatever they see under every schedule. */

type Step =
  | { readonly do: 'store' | 'add' | 'load'; readonly word: number; readonly value: number }
  | { readonly do: 'sleep' | 'lock'; readonly value: number }
  | { readonly do: 'set' | 'copy' | 'push' | 'search' | 'keep' | 'table' | 'box'; readonly value: number }

interface Ghost {
  x: number
  y: number
  list: number[]
  table: { [key: string]: number }
  boxes: { n: number }[]
  set: Set<number>
}
const fresh = (): Ghost => ({ x: 0, y: 0, list: [], table: {}, boxes: [{ n: 0 }], set: new Set() })

const word = fc.integer({ min: 0, max: 2 })
const value = fc.integer({ min: 1, max: 2 })
const onMemory = fc.record({ do: fc.constantFrom('store', 'add', 'load'), word, value })
const onGhost = fc.record({ do: fc.constantFrom('set', 'copy', 'push', 'search', 'keep', 'table', 'box'), value })
const waiting = fc.record({ do: fc.constantFrom('sleep', 'lock', 'lock'), value })
const step = fc.oneof(
  { arbitrary: onMemory, weight: 6 },
  { arbitrary: onGhost, weight: 4 },
  { arbitrary: waiting, weight: 4 },
) as fc.Arbitrary<Step>
const programs = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 })
/** What the check looks at: words; the ghost; the state, once the first word is so large. */
const looking = fc.record({
  words: fc.array(word, { maxLength: 2 }),
  ghost: fc.boolean(),
  stateFrom: fc.constantFrom(2, 99),
})
type Looking = typeof looking extends fc.Arbitrary<infer T> ? T : never

const perform = (steps: readonly Step[], base: number, ghost: Ghost) =>
  (function* (): Program {
    const x = int32(base)
    let kept: { n: number } | null = null
    for (const one of steps) {
      if (kept !== null) kept.n += 1
      switch (one.do) {
        case 'store':
          yield* x.store(one.word, one.value)
          break
        case 'add':
          yield* x.add(one.word, one.value)
          break
        case 'load':
          ghost.x += yield* x.load(one.word)
          break
        case 'lock':
          yield* pthread_mutex_lock(base + 1024)
          ghost.x += one.value
          yield* pthread_mutex_unlock(base + 1024)
          ghost.y = 0
          break
        case 'sleep':
          yield* sleep(one.value)
          break
        case 'set':
          ghost.x = one.value
          break
        case 'copy':
          ghost.y = ghost.x * one.value
          break
        case 'push':
          ghost.list.push(ghost.y + one.value)
          break
        case 'search':
          if (ghost.list.includes(one.value)) yield* x.store(0, 7)
          break
        case 'keep':
          kept = ghost.boxes.at(-1) ?? null
          ghost.set.add(one.value)
          break
        case 'box':
          kept = { n: one.value }
          ghost.boxes.push(kept)
          break
        case 'table':
          ghost.table[`${one.value}`] = ghost.x
          break
        default:
          one satisfies never
      }
    }
  })()

function made(bodies: readonly (readonly Step[])[], { words, ghost, stateFrom }: Looking, seen: Set<string>): Scenario {
  const told = ({ x, y, list, table, boxes, set }: Ghost): string =>
    JSON.stringify([x, y, list, table, boxes, [...set]])
  return scenario('unseen', {
    ghost: fresh,
    *setup() {
      return yield* map_anonymous(4096)
    },
    programs: Object.fromEntries(
      bodies.map((steps, at) => [
        `T${at}`,
        ({ shared, ghost: given }: { readonly shared: number; readonly ghost: Ghost }) => perform(steps, shared, given),
      ]),
    ),
    invariants: {
      looks(world: {
        load(at: number, type: 'i32'): number
        readonly shared: number
        readonly ghost: Ghost
        readonly state: KernelState
      }) {
        const { load, shared } = world
        const read = words.map((at) => load(shared + 4 * at, 'i32'))
        // All that is looked at, and nothing else.
        const more = (read[0] ?? 0) >= stateFrom ? memory(world.state) : ''
        seen.add(`${read} ${ghost ? told(world.ghost) : ''} ${more}`)
        return true
      },
    },
    atEnd: {
      is({ load, shared, ghost: last }: { load(at: number, type: 'i32'): number; shared: number; ghost: Ghost }) {
        seen.add(`end ${[0, 4, 8].map((at) => load(shared + at, 'i32'))} ${told(last)}`)
        return true
      },
    },
    expect: 'proved',
  } as never)
}

const memory = ({ frames }: KernelState): string =>
  Object.values(frames)
    .map(({ words }) => words.slice(0, 3))
    .join()

/** Runs that were given up as they had been made in another order. */
let redundant = 0

/** How many runs it made, `null` if more than that. */
function runsOf(one: Scenario, by: Decider, most: number): number | null {
  const simulation = boot(one, { door: by })
  for (let index = 0; index < most; index++) {
    simulation.start()
    if (!by.begin(simulation, index)) return by.traces ?? index
    if (run(simulation, by, { maxSteps: 100 }).ending === 'redundant') redundant += 1
  }
  return null
}

test('checks see the same, and ghosts end the same', () => {
  fc.assert(
    fc.property(programs, looking, (bodies, what) => {
      const every = new Set<string>()
      fc.pre(runsOf(made(bodies, what, every), dfs(), 500) !== null)
      const reduced = new Set<string>()
      redundant = 0
      expect(runsOf(made(bodies, what, reduced), dpor(), 10_000)).not.toBeNull()
      expect([...reduced].sort()).toEqual([...every].sort())
      if (!bodies.flat().some((one) => one.do === 'sleep')) expect(redundant).toBe(0)
    }),
    process.env.RUNS === undefined ? { numRuns: 30, seed: 12 } : { numRuns: Number(process.env.RUNS) },
  )
}, 600_000)

describe('and there are no more runs than that takes', () => {
  const stores = (count: number): Step[] =>
    Array.from({ length: count }, (_, at): Step => ({ do: 'store', word: at, value: 1 }))
  const loads: Step[] = [
    { do: 'load', word: 2, value: 0 },
    { do: 'load', word: 2, value: 0 },
  ]
  const blind: Looking = { words: [], ghost: false, stateFrom: 99 }

  test.each<[string, Step[][], Looking, number]>([
    ['one, where nobody looks', [stores(1), [{ do: 'add', word: 1, value: 1 }]], blind, 1],
    [
      'every order, of two that a check looks at',
      [stores(1), [{ do: 'add', word: 1, value: 1 }]],
      { ...blind, words: [0, 1] },
      2,
    ],
    ['every order, of two that change one number of the ghost', [loads.slice(1), loads.slice(1)], blind, 2],
    ['one, where a check looks at what one alone changes', [stores(1), loads], { ...blind, words: [0] }, 1],
  ])('%s', (_what, bodies, what, runs) => {
    expect(runsOf(made(bodies, what, new Set()), dpor(), 100)).toBe(runs)
  })
})
