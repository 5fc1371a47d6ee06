import fc from 'fast-check'
import { boot, choose, int32, type Program, type Scenario } from 'ipclab/kernel'
import {
  type Choice,
  type Decider,
  Departure,
  dfs,
  guided,
  isPick,
  prefixed,
  random,
  run,
  type ScheduledStep,
  witnessed,
} from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { type Given, independent, made } from '../helpers/deciding.ts'
import { cases, scenarioOf } from '../helpers/random-programs.ts'

/** Schedules that are followed through programs which are not those they were made for, and runs that begin with others' choices. */

interface Run {
  readonly steps: ScheduledStep[]
  readonly ghost: unknown
}

/** Makes one run, and writes down what it came of: choices, and the calls made by them. */
function once(scenario: Scenario, decider: Decider): Run {
  const logged = witnessed(decider)
  const simulation = boot(scenario, { door: logged, once: true })
  simulation.start()
  logged.begin(simulation, 0)
  const calls: (string | null)[] = []
  const observe = () => void calls.push(simulation.machine.call?.def.name ?? null)
  run(simulation, logged, { maxSteps: 500, observers: [observe] })
  let at = 0
  const steps = logged.schedule().choices.map((choice) => ({
    choice,
    call: isPick(choice) ? null : (calls[at++] ?? null),
  }))
  return { steps, ghost: simulation.ghost }
}

const choicesOf = ({ steps }: Run): Choice[] => steps.map(({ choice }) => choice)

describe('guided', () => {
  test('through the program it was made for a schedule is followed step by step, without a guess', () => {
    fc.assert(
      fc.property(cases, fc.string(), fc.boolean(), (one, seed, withCalls) => {
        const scenario = scenarioOf(one)
        const first = once(scenario, random(seed))
        const follower = guided(withCalls ? first.steps : choicesOf(first))
        expect(choicesOf(once(scenario, follower))).toEqual(choicesOf(first))
        expect(follower.guesses).toEqual([])
        expect(follower.over).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  /** Two that note the value they read, and write one more; each edit makes another program of it. */
  const pair = (P: (context: Given) => Program, Q: (context: Given) => Program = P): Scenario => made({ P, Q })
  const plain = function* ({ shared, ghost, name }: Given): Program {
    const x = int32(shared.base)
    const seen = yield* x.load()
    ghost.push(`${name}${seen}`)
    yield* x.store(0, seen + 1)
  }
  /** P and Q both read 0. */
  const both: ScheduledStep[] = [
    { choice: 'P', call: 'load' },
    { choice: 'Q', call: 'load' },
    { choice: 'P', call: 'store' },
    { choice: 'Q', call: 'store' },
  ]
  const noted = (scenario: Scenario, steps: readonly ScheduledStep[] = both, edit: 'removed' | 'added' = 'removed') => {
    const follower = guided(steps, edit)
    const { ghost } = once(scenario, follower)
    return {
      ghost: (ghost as string[]).join(' '),
      guesses: follower.guesses.map(({ step, text }) => `${step}: ${text}`),
    }
  }

  test('as it was', () => {
    expect(noted(pair(plain))).toEqual({ ghost: 'P0 Q0', guesses: [] })
  })

  test('a call that the schedule does not know is let through', () => {
    const more = function* (context: Given): Program {
      yield* int32(context.shared.base).store(5, 1)
      yield* int32(context.shared.base).store(6, 1)
      yield* plain(context)
    }
    expect(noted(pair(more), both, 'added')).toEqual({
      ghost: 'P0 Q0',
      guesses: [
        '1: P makes store, of which the schedule does not know, before load',
        '2: P makes store, of which the schedule does not know, before load',
        '4: Q makes store, of which the schedule does not know, before load',
        '5: Q makes store, of which the schedule does not know, before load',
      ],
    })
  })

  test('a call that is not made any more is left out', () => {
    const gone = [...both.slice(0, 2), { choice: 'P', call: 'sem_wait' }, ...both.slice(2)]
    expect(noted(pair(plain), gone)).toEqual({ ghost: 'P0 Q0', guesses: ['3: P does not make sem_wait any more'] })
  })

  test('a process with another name is the one that the schedule does not know', () => {
    const { ghost, guesses } = noted(made({ P: plain, R: plain }))
    expect(ghost).toBe('P0 R0')
    expect(guesses).toEqual(['0: Q is taken to be R'])
  })

  test('a process that is no more is left out, a new one goes behind the others', () => {
    expect(noted(made({ P: plain })).ghost).toBe('P0')
    expect(noted(made({ P: plain, Q: plain, R: plain, S: plain }))).toEqual({ ghost: 'P0 Q0 R1 S2', guesses: [] })
  })

  test('a choice that is not there is the first', () => {
    const chooses = made({
      *P({ ghost }) {
        ghost.push(String(yield* choose(2)))
        ghost.push(String(yield* choose(2)))
      },
    })
    const follower = guided(['P', '?7', 'P', '?1'])
    expect(once(chooses, follower).ghost).toEqual(['0', '1'])
    expect(follower.guesses.map(({ text }) => text)).toEqual(['?7 is not there to be chosen; the first of 2 is'])
  })
})

describe('prefixed', () => {
  test('every run begins with the choices, and all that can come of them is tried', () => {
    fc.assert(
      fc.property(cases, fc.string(), fc.nat({ max: 12 }), (one, seed, length) => {
        const scenario = scenarioOf(one)
        const first = choicesOf(once(scenario, random(seed)))
        const prefix = first.slice(0, length)
        const run = choicesOf(once(scenario, prefixed(prefix, random(`${seed}!`))))
        expect(run.slice(0, prefix.length)).toEqual(prefix)
      }),
      { numRuns: 100 },
    )
  })

  test('depth first, so many are left', () => {
    const search = prefixed(['T0', 'T1'], dfs())
    const simulation = boot(independent(2, 2), { door: search })
    let runs = 0
    for (; ; runs++) {
      simulation.start()
      if (!search.begin(simulation, runs)) break
      run(simulation, search, { maxSteps: 50 })
    }
    expect([runs, search.complete]).toEqual([2, true])
  })

  test('what can not happen is a departure', () => {
    expect(() => once(independent(1, 1), prefixed(['T0', 'T0'], random('x')))).toThrow(Departure)
  })
})
