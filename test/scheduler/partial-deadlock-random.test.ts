import fc from 'fast-check'
import { boot, type Id, int32, type Program, type Scenario, type Simulation, type WakeOrder } from 'ipclab/kernel'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import {
  type Choice,
  type Decider,
  dfs,
  type Outcome,
  prefixed,
  random,
  run,
  type Witnessed,
  witnessed,
} from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { type Given, made } from '../helpers/standing.ts'

/** Random programs over mutexes: what is reported, beside two reckonings that know nothing of how it is found. */

type Op = { readonly op: 'lock' | 'unlock'; readonly mutex: number } | { readonly op: 'step' }

interface Case {
  readonly programs: readonly (readonly Op[])[]
  readonly wakeOrder: WakeOrder
  readonly seed: string
}

const MUTEXES = 3
const idOf = (at: number): Id => `p${at}`

const wish = fc.record({
  kind: fc.constantFrom('lock', 'lock', 'unlock', 'unlock', 'step', 'lock again'),
  pick: fc.nat(MUTEXES - 1),
})

/** Unlocks only what is the program's own: anything else is undefined. Now and then it locks its own again, or ends with it. */
const ops = (maxLength: number): fc.Arbitrary<Op[]> =>
  fc.tuple(fc.array(wish, { maxLength }), fc.nat(3)).map(([wishes, keeps]) => {
    const held: number[] = []
    const list = wishes.map(({ kind, pick }, at): Op => {
      if (kind === 'step' || (kind === 'unlock' && held.length === 0)) return { op: 'step' }
      if (kind === 'unlock') return { op: 'unlock', mutex: held.splice(pick % held.length, 1)[0] ?? 0 }
      if (held.includes(pick) && (kind === 'lock' || at % 2 === 0)) return { op: 'step' }
      held.push(pick)
      return { op: 'lock', mutex: pick }
    })
    return keeps === 0 ? list : [...list, ...held.map((mutex): Op => ({ op: 'unlock', mutex }))]
  })

const cases = (programs: number, length: number): fc.Arbitrary<Case> =>
  fc.record({
    programs: fc.array(ops(length), { minLength: programs, maxLength: programs }),
    wakeOrder: fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
    seed: fc.string({ minLength: 1, maxLength: 4 }),
  })

function scenarioOf({ programs, wakeOrder }: Case, deadlocks: 'all' | 'total'): Scenario {
  const bodies = programs.map((list, at) => [
    idOf(at),
    function* ({ shared, ghost }: Given): Program {
      const counts = ghost as number[]
      for (const one of list) {
        if (one.op === 'step') yield* int32(shared.x).store(0, 1)
        else if (one.op === 'lock') yield* pthread_mutex_lock(shared.m[one.mutex] ?? 0)
        else yield* pthread_mutex_unlock(shared.m[one.mutex] ?? 0)
        counts[at] = (counts[at] ?? 0) + 1
      }
    },
  ])
  return made(Object.fromEntries(bodies), { wakeOrder, deadlocks, ghost: () => programs.map(() => 0) })
}

interface Made {
  readonly outcome: Outcome
  readonly simulation: Simulation
  readonly choices: readonly Choice[]
}

function once(scenario: Scenario, decider: Decider, watch: (simulation: Simulation) => void = () => {}): Made {
  const by: Witnessed = witnessed(decider)
  const simulation = boot(scenario, { door: by, once: true })
  simulation.start()
  by.begin(simulation, 0)
  const outcome = run(simulation, by, { maxSteps: 500, observers: [watch] })
  return { outcome, simulation, choices: by.schedule().choices }
}

/**
 * By how far each program has come, and nothing of the kernel's: who holds what, and who would be left waiting if
 * everybody who can go on gave back all it has at once, and whoever that lets go on as well, and so on.
 */
function leftWaiting({ programs }: Case, simulation: Simulation): Id[] {
  const { machine } = simulation
  const held = programs.map((list, at) => {
    const mine: number[] = []
    for (const one of list.slice(0, (simulation.ghost as number[])[at] ?? 0)) {
      if (one.op === 'lock') mine.push(one.mutex)
      if (one.op === 'unlock') mine.splice(mine.indexOf(one.mutex), 1)
    }
    return mine
  })
  const waiting = new Set<number>()
  for (let at = 0; at < programs.length; at++) {
    const task = machine.tasks.get(idOf(at))
    if (task !== undefined && !task.ended && task.slot < 0) waiting.add(at)
    else if (task?.ended === false) held[at] = []
  }
  for (let size = -1; size !== waiting.size; ) {
    size = waiting.size
    for (const at of waiting) {
      const next = programs[at]?.[(simulation.ghost as number[])[at] ?? 0]
      if (next?.op !== 'lock' || held.some((mine) => mine.includes(next.mutex))) continue
      waiting.delete(at)
      held[at] = []
    }
  }
  return [...waiting].map(idOf)
}

describe('programs that lock and unlock', () => {
  test('whoever could never go on, whatever the others did, is reported at the first step at which that is so', () => {
    let some = 0
    let none = 0
    fc.assert(
      fc.property(cases(4, 8), (one) => {
        const first: { step: number; stuck: Id[] }[] = []
        const { outcome, simulation } = once(scenarioOf(one, 'all'), random(one.seed), (now) => {
          const stuck = leftWaiting(one, now)
          if (stuck.length > 0) first.push({ step: now.machine.steps, stuck })
        })
        const { failure } = outcome
        if (failure === null) {
          none += 1
          expect(first).toEqual([])
        } else {
          if (simulation.machine.ordinary > 0) some += 1
          expect(failure.kind).toBe('deadlock')
          expect(first).toEqual([{ step: simulation.machine.steps, stuck: failure.stuck }])
          expect(failure.threads).toEqual(failure.stuck)
          expect(failure.waiting.map(({ thread }) => thread)).toEqual(failure.stuck)
        }
      }),
      { numRuns: 400 },
    )
    expect(some).toBeGreaterThan(50)
    expect(none).toBeGreaterThan(20)
  })

  test('in no continuation of the run does any of them take a step', () => {
    let looked = 0
    fc.assert(
      fc.property(cases(3, 5), (one) => {
        const { outcome, simulation, choices } = once(scenarioOf(one, 'all'), random(one.seed))
        fc.pre(outcome.failure !== null && simulation.machine.ordinary > 0)
        looked += 1
        const stuck = outcome.failure?.stuck ?? []
        expect(movers(one, choices).filter((id) => stuck.includes(id))).toEqual([])
      }),
      { numRuns: 100 },
    )
    expect(looked).toBe(100)
  })

  test('a run that none is reported of ends as it does where only total deadlocks count, and a total one is never missed', () => {
    fc.assert(
      fc.property(cases(4, 8), (one) => {
        const total = once(scenarioOf(one, 'total'), random(one.seed))
        const all = once(scenarioOf(one, 'all'), random(one.seed))
        expect(all.outcome.ending).toBe(total.outcome.ending)
        expect(total.choices.slice(0, all.choices.length)).toEqual(all.choices)
        const missing = (all.outcome.failure?.stuck ?? []).filter((id) => !total.outcome.failure?.stuck.includes(id))
        expect(missing).toEqual([])
        if (all.choices.length === total.choices.length)
          expect(all.outcome.failure?.message).toBe(total.outcome.failure?.message)
      }),
      { numRuns: 300 },
    )
  })
})

/** Who takes a step in any of all the runs that begin with these choices. */
function movers(one: Case, choices: readonly Choice[]): Id[] {
  const decider = prefixed(choices, dfs())
  const simulation = boot(scenarioOf(one, 'total'), { door: decider })
  const seen = new Set<Id>()
  for (let index = 0; index < 5000; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return [...seen]
    const watch = ({ machine }: Simulation): void => {
      if (machine.steps > choices.length) seen.add(machine.actor?.id ?? '')
    }
    run(simulation, decider, { maxSteps: 500, observers: [watch] })
  }
  throw new Error('more continuations than were looked at')
}
