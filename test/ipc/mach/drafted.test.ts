import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { copy, type KernelState, type Transact } from 'ipclab/kernel'
import { expect, test } from 'vitest'
import { drafted, notATree } from '../../helpers/drafted.ts'
import { Stepper } from '../../helpers/stepper.ts'
import { type MachCase, machCases, scenarioOf } from './programs.ts'

const stepper = (one: MachCase, transact: Transact | null, once = true): Stepper =>
  new Stepper(scenarioOf(one), one.seed, transact, once)

test('in place and on drafts Mach does the same, step for step and state for state', () => {
  fc.assert(
    fc.property(machCases, (one) => {
      const inPlace = stepper(one, null)
      const onDrafts = stepper(one, drafted)
      expect(onDrafts.state).toEqual(inPlace.state)
      for (let step = inPlace.step(); step !== null; step = inPlace.step()) {
        expect(onDrafts.step()).toEqual(step)
        if (!isDeepStrictEqual(onDrafts.state, inPlace.state)) expect(onDrafts.state).toEqual(inPlace.state)
      }
      expect(onDrafts.step()).toBeNull()
    }),
    { numRuns: 80 },
  )
})

test('no state that drafts have left is changed by a later step', () => {
  fc.assert(
    fc.property(machCases, (one) => {
      const run = stepper(one, drafted)
      const states: [kept: KernelState, copied: KernelState][] = []
      do states.push([run.state, copy(run.state)])
      while (run.step() !== null)
      for (const [kept, copied] of states) if (!isDeepStrictEqual(kept, copied)) expect(kept).toEqual(copied)
    }),
    { numRuns: 40 },
  )
})

test('the state is a tree of plain data at every step', () => {
  fc.assert(
    fc.property(machCases, (one) => {
      const run = stepper(one, null)
      do expect(notATree(run.state)).toBeNull()
      while (run.step() !== null)
      expect(isDeepStrictEqual(JSON.parse(JSON.stringify(run.state)), run.state)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('a run that begins again begins from the same state, and goes the same way', () => {
  fc.assert(
    fc.property(machCases, (one) => {
      const run = stepper(one, null, false)
      const before = copy(run.state)
      const steps: unknown[] = []
      for (let step = run.step(); step !== null; step = run.step()) steps.push(step)
      run.start()
      if (!isDeepStrictEqual(run.state, before)) expect(run.state).toEqual(before)
      for (const step of steps) expect(run.step()).toEqual(step)
      expect(run.step()).toBeNull()
    }),
    { numRuns: 80 },
  )
})
