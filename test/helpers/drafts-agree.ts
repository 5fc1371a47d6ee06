import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { copy, type KernelState, type Transact } from 'ipclab/kernel'
import { expect, test } from 'vitest'
import { drafted, notATree } from './drafted.ts'
import type { Stepper } from './stepper.ts'

/** What makes a run of a random case: `once`, and it cannot begin again. */
type Make<T> = (one: T, transact: Transact | null, once?: boolean) => Stepper

/** Tests that random cases of a system go the same way in place, on drafts and when they begin again; `runs` of the costly ones. */
export function draftsAgree<T>(system: string, cases: fc.Arbitrary<T>, make: Make<T>, runs: number): void {
  const each = (numRuns: number, holds: (one: T) => void): void => {
    fc.assert(fc.property(cases, holds), { numRuns })
  }

  test(`in place and on drafts ${system} does the same, step for step and state for state`, () => {
    each(runs, (one) => {
      const inPlace = make(one, null)
      const onDrafts = make(one, drafted)
      expect(onDrafts.state).toEqual(inPlace.state)
      for (let step = inPlace.step(); step !== null; step = inPlace.step()) {
        expect(onDrafts.step()).toEqual(step)
        if (!isDeepStrictEqual(onDrafts.state, inPlace.state)) expect(onDrafts.state).toEqual(inPlace.state)
      }
      expect(onDrafts.step()).toBeNull()
    })
  })

  test('no state that drafts have left is changed by a later step', () => {
    each(Math.ceil(runs / 2), (one) => {
      const run = make(one, drafted)
      const states: [kept: KernelState, copied: KernelState][] = []
      do states.push([run.state, copy(run.state)])
      while (run.step() !== null)
      for (const [kept, copied] of states) if (!isDeepStrictEqual(kept, copied)) expect(kept).toEqual(copied)
    })
  })

  test('the state is a tree of plain data at every step', () => {
    each(Math.ceil(runs / 2), (one) => {
      const run = make(one, null)
      do expect(notATree(run.state)).toBeNull()
      while (run.step() !== null)
      expect(isDeepStrictEqual(JSON.parse(JSON.stringify(run.state)), run.state)).toBe(true)
    })
  })

  test('a run that begins again begins from the same state, and goes the same way', () => {
    each(runs, (one) => {
      const run = make(one, null, false)
      const before = copy(run.state)
      const steps: unknown[] = []
      for (let step = run.step(); step !== null; step = run.step()) steps.push(step)
      run.start()
      if (!isDeepStrictEqual(run.state, before)) expect(run.state).toEqual(before)
      for (const step of steps) expect(run.step()).toEqual(step)
      expect(run.step()).toBeNull()
    })
  })
}
