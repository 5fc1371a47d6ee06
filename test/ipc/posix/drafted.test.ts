import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { boot, copy, type KernelState, type Simulation, type Transact } from 'ipclab/kernel'
import { type Decider, random } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { drafted, notATree } from '../../helpers/drafted.ts'
import { type PosixCase, posixCases, posixScenario } from '../../helpers/random-posix.ts'

/** One run of random programs, step by step. */
class Stepper {
  readonly simulation: Simulation
  readonly #seed: string
  #decider: Decider

  constructor(one: PosixCase, transact: Transact | null, once = true) {
    this.#seed = one.seed
    this.#decider = random(one.seed)
    this.simulation = boot(posixScenario(one), { door: this.#decider, transact, once })
    this.start()
  }

  start(): void {
    this.#decider = random(this.#seed)
    this.simulation.machine.kernel.door = this.#decider
    this.simulation.start()
    this.#decider.begin(this.simulation, 0)
  }

  get state(): KernelState {
    return this.simulation.state
  }

  /** What happened in the next step; `null` when there is none. */
  step(): unknown {
    const { machine } = this.simulation
    if (machine.options === 0 || machine.trouble !== null || machine.steps >= 300) return null
    machine.step(this.#decider.next(machine))
    const { kernel, actor, call, callArgs, kind, outcome, logged } = machine
    return copy({
      actor: actor?.id,
      call: call?.def.name,
      args: callArgs,
      kind,
      outcome,
      logged,
      touched: kernel.footprint.touches(),
      woken: kernel.woken,
    })
  }
}

test('in place and on drafts POSIX objects do the same, step for step and state for state', () => {
  fc.assert(
    fc.property(posixCases, (one) => {
      const inPlace = new Stepper(one, null)
      const onDrafts = new Stepper(one, drafted)
      expect(onDrafts.state).toEqual(inPlace.state)
      for (let step = inPlace.step(); step !== null; step = inPlace.step()) {
        expect(onDrafts.step()).toEqual(step)
        if (!isDeepStrictEqual(onDrafts.state, inPlace.state)) expect(onDrafts.state).toEqual(inPlace.state)
      }
      expect(onDrafts.step()).toBeNull()
    }),
    { numRuns: 150 },
  )
})

test('no state that drafts have left is changed by a later step', () => {
  fc.assert(
    fc.property(posixCases, (one) => {
      const run = new Stepper(one, drafted)
      const states: [kept: KernelState, copied: KernelState][] = []
      do states.push([run.state, copy(run.state)])
      while (run.step() !== null)
      for (const [kept, copied] of states) if (!isDeepStrictEqual(kept, copied)) expect(kept).toEqual(copied)
    }),
    { numRuns: 60 },
  )
})

test('the state is a tree of plain data at every step', () => {
  fc.assert(
    fc.property(posixCases, (one) => {
      const run = new Stepper(one, null)
      do expect(notATree(run.state)).toBeNull()
      while (run.step() !== null)
      expect(isDeepStrictEqual(JSON.parse(JSON.stringify(run.state)), run.state)).toBe(true)
    }),
    { numRuns: 100 },
  )
})

test('a run that begins again begins from the same state, and goes the same way', () => {
  fc.assert(
    fc.property(posixCases, (one) => {
      const run = new Stepper(one, null, false)
      const before = copy(run.state)
      const steps: unknown[] = []
      for (let step = run.step(); step !== null; step = run.step()) steps.push(step)
      run.start()
      if (!isDeepStrictEqual(run.state, before)) expect(run.state).toEqual(before)
      for (const step of steps) expect(run.step()).toEqual(step)
      expect(run.step()).toBeNull()
    }),
    { numRuns: 150 },
  )
})
