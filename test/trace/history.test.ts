import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { applyPatches, enablePatches } from 'immer'
import { expect, test } from 'vitest'
import {
  BadInput,
  boot,
  type Context,
  copy,
  int32,
  type KernelState,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
} from '../../kernel/index.ts'
import { type Decider, decider, dfs, random } from '../../scheduler/index.ts'
import { deciderOf, history, record, type Trace } from '../../trace/index.ts'
import { faultyCases, scenarioOf } from '../helpers/random-programs.ts'

enablePatches()

const deciders: Record<string, (seed: string) => Decider> = {
  random,
  dfs: () => dfs(),
  fifo: () => decider('fifo', '1'),
  'rr:quantum=2': () => decider('rr:quantum=2', '1'),
}

/** Copies of the state of a kernel that is changed in place, after the steps that are asked for. */
function statesInPlace(trace: Trace, scenario: Scenario, wanted: (step: number) => boolean): Map<number, KernelState> {
  const decider = deciderOf(trace)
  const { params, wakeOrder } = trace.header
  const simulation = boot(scenario, { params, wakeOrder, door: decider, once: true })
  simulation.start()
  decider.begin(simulation, 0)
  const states = new Map<number, KernelState>()
  for (let step = 0; step <= trace.steps; step++) {
    if (step > 0) simulation.machine.step(decider.next(simulation.machine))
    if (wanted(step)) states.set(step, copy(simulation.state))
  }
  return states
}

function expectSame(state: KernelState, expected: KernelState | undefined): void {
  if (!isDeepStrictEqual(state, expected)) expect(state).toEqual(expected)
}

test('the state at every step is that of a kernel changed in place, and patches lead from each to the next', () => {
  fc.assert(
    fc.property(faultyCases, fc.constantFrom(...Object.keys(deciders)), (one, name) => {
      const it = scenarioOf(one)
      const trace = record(it, { decider: (deciders[name] ?? random)(one.seed), lines: false })
      const states = statesInPlace(trace, it, () => true)
      const past = history(trace, it)
      expect(past.length).toBe(trace.steps)
      expectSame(past.at(0), states.get(0))
      for (let step = 1; step <= past.length; step++) {
        expectSame(past.at(step), states.get(step))
        expectSame(applyPatches(past.at(step - 1), past.patches(step) as never), states.get(step))
        expect(past.event(step)).toEqual(trace.events[step - 1])
      }
    }),
    { numRuns: 150 },
  )
})

const PAGE = 4096

/** Runs for as long as it may: words of three pages, shared and private, yields, and children that come and go. */
const busy = scenario('busy', {
  *setup(): Program<{ base: number }> {
    return { base: yield* map_anonymous(2 * PAGE, { name: 'words' }) }
  },
  programs: { p: { program: worker, copies: 3 } },
  expect: 'step limit',
})

function* worker({ shared, index }: Context<unknown, { base: number }>): Program {
  const words = int32(shared.base)
  const own = int32(yield* map_anonymous(64, { shared: false, name: 'own' }))
  for (let i = 0; ; i++) {
    const value = yield* words.load((i * index) % 1500)
    yield* words.store((i * 7) % 1500, value + i)
    yield* own.store(i % 16, value)
  }
}

const long = record(busy, { decider: random('long'), maxSteps: 100_000, lines: false })

test('any step of a run of 100,000 can be looked at, in any order', () => {
  expect(long.steps).toBe(100_000)
  const asked = fc.sample(fc.integer({ min: 0, max: long.steps }), { numRuns: 24, seed: 1 })
  asked.push(0, 1, 1024, 1025, 2048, 99_999, 100_000)
  const states = statesInPlace(long, busy, (step) => asked.includes(step))
  const past = history(long, busy)
  for (const step of asked) expectSame(past.at(step), states.get(step))
  for (const step of asked.reverse()) expectSame(past.at(step), states.get(step))
})

test('going forwards the run is made once, not once for each window', () => {
  let boots = 0
  const counted: Scenario = scenario('counted', {
    ...busy,
    ghost: () => void boots++,
    programs: { p: { program: worker, copies: 3 } },
  } as never)
  const trace = record(counted, { decider: random('long'), maxSteps: 20_000, lines: false })
  boots = 0
  const past = history(trace, counted)
  for (let step = 0; step <= past.length; step++) past.at(step)
  expect(boots).toBe(1)
  past.at(past.length - 3000)
  expect(boots).toBe(1)
  past.at(1)
  expect(boots).toBe(2)
})

test('states share what did not change', () => {
  const past = history(long, busy)
  const event = long.events.findIndex(({ call, process }) => call === 'load' && process === 'p1') + 1
  expect(past.at(event).frames).toBe(past.at(event - 1).frames)
  expect(past.at(event).objects).toBe(past.at(event - 1).objects)
})

test.each([-1, 100_001, 0.5, Number.NaN])('there is no step %d', (step) => {
  expect(() => history(long, busy).at(step)).toThrow(BadInput)
})

test('nothing comes before the first step', () => {
  expect(() => history(long, busy).patches(0)).toThrow('there is no step 0; the trace has steps 1 to 100000')
})

test('a scenario that is another one by now is told', () => {
  const other = scenario('busy', { programs: { p: { program: other_, copies: 3 } }, expect: 'holds' })
  function* other_(): Program {
    yield* map_anonymous(64)
  }
  expect(() => history(long, other).at(50)).toThrow(/^step \d+ of the trace can't be made again/)
})
