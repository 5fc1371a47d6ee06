import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { boot, copy, type KernelState, type Simulation, type Transact } from '../../kernel/index.ts'
import { type Decider, fifo, random, rr } from '../../scheduler/index.ts'
import { Bytes } from '../../trace/bytes.ts'
import { EventWriter } from '../../trace/event.ts'
import { drafted, notATree } from '../helpers/drafted.ts'
import { type Case, cases, scenarioOf } from '../helpers/random-programs.ts'

/** One run, step by step: the event's line and the state after it. */
class Stepper {
  readonly simulation: Simulation
  readonly #decider: Decider
  readonly #writer: EventWriter

  constructor(one: Case, decider: Decider, transact: Transact | null) {
    this.#decider = decider
    this.simulation = boot(scenarioOf(one), { door: decider, transact, once: true })
    this.simulation.start()
    decider.begin(this.simulation, 0)
    this.#writer = new EventWriter(this.simulation.machine)
  }

  get state(): KernelState {
    return this.simulation.state
  }

  /** The line of the next step; `null` when there is none. */
  step(): string | null {
    const { machine } = this.simulation
    if (machine.options === 0 || machine.trouble !== null || machine.steps >= 300) return null
    machine.step(this.#decider.next(machine))
    const bytes = new Bytes()
    this.#writer.write(bytes)
    return bytes.from(0)
  }
}

const deciders: Record<string, (seed: string) => Decider> = { random, fifo, rr: () => rr(2) }
const runs = fc.record({ one: cases, decider: fc.constantFrom('random', 'random', 'fifo', 'rr') })

test('in place and on drafts a kernel does the same, event for event and state for state', () => {
  fc.assert(
    fc.property(runs, ({ one, decider }) => {
      const make = deciders[decider] ?? random
      const inPlace = new Stepper(one, make(one.seed), null)
      const onDrafts = new Stepper(one, make(one.seed), drafted)
      expect(onDrafts.state).toEqual(inPlace.state)
      for (let line = inPlace.step(); line !== null; line = inPlace.step()) {
        expect(onDrafts.step()).toBe(line)
        if (!isDeepStrictEqual(onDrafts.state, inPlace.state)) expect(onDrafts.state).toEqual(inPlace.state)
      }
      expect(onDrafts.step()).toBeNull()
    }),
    { numRuns: 300 },
  )
})

test('no state that drafts have left is changed by a later step', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const run = new Stepper(one, random(one.seed), drafted)
      const states: [kept: KernelState, copied: KernelState][] = []
      do states.push([run.state, copy(run.state)])
      while (run.step() !== null)
      for (const [kept, copied] of states) if (!isDeepStrictEqual(kept, copied)) expect(kept).toEqual(copied)
    }),
    { numRuns: 100 },
  )
})

test.each([
  ['in place', null],
  ['on drafts', drafted],
])('%s, the state at every step is a tree of plain data, and survives JSON and structuredClone', (_how, transact) => {
  fc.assert(
    fc.property(cases, (one) => {
      const run = new Stepper(one, random(one.seed), transact)
      let line: string | null = 'before the first step'
      for (; line !== null; line = run.step()) {
        expect(notATree(run.state), line).toBeNull()
        expect(isDeepStrictEqual(JSON.parse(JSON.stringify(run.state)), run.state), line).toBe(true)
        expect(isDeepStrictEqual(structuredClone(run.state), run.state), line).toBe(true)
      }
    }),
    { numRuns: 100 },
  )
})
