import fc from 'fast-check'
import { assert, assume, choose, int32, map_anonymous, type Program, type Scenario, scenario } from 'ipclab'
import { type Exploration, explore } from 'ipclab/explore'
import { boot } from 'ipclab/kernel'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import { type Decider, dfs, dpor, run } from 'ipclab/scheduler'
import { expect, test } from 'vitest'

/** What `assume` gives up counts neither way, however schedules are explored: what others do without it counts. */

const SCHEDULES_MAX = 500

type Op =
  | { readonly op: 'store' | 'add'; readonly word: number; readonly value: number }
  | { readonly op: 'load'; readonly word: number }
  | { readonly op: 'choose' }
  | { readonly op: 'lock' | 'unlock'; readonly which: number }
  /** That what was read last is at least so much, or is not. */
  | { readonly op: 'assume' | 'assert'; readonly least: number; readonly not: boolean }

interface Case {
  readonly programs: readonly (readonly Op[])[]
  readonly checks: 'none' | 'invariant' | 'races' | 'sometimes'
}

const word = fc.nat(1)
const claim = { least: fc.nat(2), not: fc.boolean() }
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('store', 'add'), word, value: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('load'), word }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('choose') }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('lock', 'unlock'), which: word }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('assume', 'assume', 'assert'), ...claim }) },
) as fc.Arbitrary<Op>
const cases: fc.Arbitrary<Case> = fc.record({
  programs: fc.array(fc.array(op, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 3 }),
  checks: fc.constantFrom('none', 'invariant', 'races', 'sometimes'),
})

interface World {
  readonly shared: number
  load(address: number, type: 'i32'): number
}
const first = ({ shared, load }: World): number => load(shared, 'i32')

function made({ programs, checks }: Case): Scenario {
  return scenario('assumes', {
    *setup() {
      return yield* map_anonymous(4096)
    },
    programs: Object.fromEntries(
      programs.map((ops, at) => [`T${at}`, ({ shared }: { readonly shared: number }) => body(ops, shared)]),
    ),
    ...(checks === 'invariant' ? { invariants: { 'is small': (world: World) => first(world) < 3 } } : {}),
    ...(checks === 'sometimes'
      ? { sometimes: { one: (world: World) => first(world) === 1, three: (world: World) => first(world) === 3 } }
      : {}),
    ...(checks === 'races' ? { races: 'fail' } : {}),
    expect: 'proved',
  } as never)
}

function* body(ops: readonly Op[], base: number): Program {
  const x = int32(base)
  const held = [false, false]
  let read = 0
  for (const one of ops) {
    switch (one.op) {
      case 'store':
        yield* x.store(one.word, one.value)
        break
      case 'add':
        yield* x.add(one.word, one.value)
        break
      case 'load':
        read = yield* x.load(one.word)
        break
      case 'choose':
        read = yield* choose(3)
        break
      case 'lock':
        if (held[one.which] !== true) yield* pthread_mutex_lock(base + 64 * (1 + one.which))
        held[one.which] = true
        break
      case 'unlock':
        if (held[one.which] === true) yield* pthread_mutex_unlock(base + 64 * (1 + one.which))
        held[one.which] = false
        break
      default: {
        const holds = read >= one.least !== one.not
        if (one.op === 'assume') yield* assume(holds)
        else yield* assert(holds, `of ${one.least}`)
      }
    }
  }
}

/** How the runs of a decider fail. */
function failuresOf(made: Scenario, decider: Decider): Set<string> {
  const failures = new Set<string>()
  const simulation = boot(made, { door: decider })
  for (let index = 0; ; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return failures
    const { failure } = run(simulation, decider, { maxSteps: 200 })
    if (failure !== null) failures.add(wordsOf(failure))
  }
}

const wordsOf = ({ kind, message }: { readonly kind: string; readonly message: string }): string =>
  kind === 'assertion' ? message : kind

const of = (checks: Case['checks'], ...programs: (readonly Op[])[]): [Case] => [{ programs, checks }]
const store = (word: number): Op => ({ op: 'store', word, value: 1 })
const two: Op = { op: 'add', word: 0, value: 2 }
const fails = (op: 'assume' | 'assert'): Op => ({ op, least: 1, not: false })

/** One gives up at once, and others do what matters elsewhere, or in the same place. */
const known: readonly [Case][] = [
  of('none', [store(0), fails('assume')], [store(1), fails('assert')]),
  of('none', [store(0), fails('assume')], [store(0), fails('assert')]),
  of('none', [store(0), fails('assume'), store(1)], [{ op: 'lock', which: 1 }], [{ op: 'lock', which: 1 }]),
  of('invariant', [store(1), fails('assume')], [two, two]),
  of('sometimes', [store(1), fails('assume')], [store(0)]),
  of('races', [store(1), fails('assume')], [store(0)], [store(0)]),
]

const verdictOf = ({ verdict, neverReached }: Exploration) => ({ verdict, neverReached })

test('dpor finds what dfs finds, where runs are given up, and nothing else', async () => {
  const verdicts = { proved: 0, failed: 0 }
  const check = async (one: Case): Promise<void> => {
    const scenario = made(one)
    const every = await explore(scenario, { strategy: 'dfs', executions: SCHEDULES_MAX, shrink: false })
    const { verdict } = every
    fc.pre(verdict === 'failed' || every.executions < SCHEDULES_MAX)
    if (verdict === 'proved' || verdict === 'failed') verdicts[verdict] += 1
    const failures = verdict === 'failed' ? failuresOf(scenario, dfs()) : new Set<string>()
    for (const strategy of ['dpor', 'dpor:source']) {
      const reduced = await explore(scenario, { strategy, executions: 10 * SCHEDULES_MAX, checkDeterminism: 1 })
      expect(verdictOf(reduced)).toEqual(verdictOf(every))
      if (reduced.failure !== null) expect([...failures]).toContain(wordsOf(reduced.failure))
      // Whatever else they come to in runs that they make after one that failed.
      for (const failure of failuresOf(scenario, dpor({ source: strategy !== 'dpor' })))
        expect([...failures]).toContain(failure)
    }
  }
  await fc.assert(fc.asyncProperty(cases, check), {
    ...(process.env.RUNS === undefined ? { numRuns: 30, seed: 4 } : { numRuns: Number(process.env.RUNS) }),
    examples: [...known],
  })
  expect(Math.min(verdicts.proved, verdicts.failed)).toBeGreaterThan(0)
}, 600_000)
