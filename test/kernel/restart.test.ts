import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { boot, type Simulation } from 'ipclab/kernel'
import { type Decider, indexed, logged, random } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { recordSteps } from '../helpers/both.ts'
import { type Case, faultyCases, scenarioOf } from '../helpers/random-programs.ts'

/** Beginning a run anew on a machine that has made others. */

function begun(one: Case, decider: Decider): Simulation {
  const simulation = boot(scenarioOf(one), { door: decider })
  simulation.start()
  return simulation
}

test('the same choices make the same run, on a machine that has made others as on a new one', () => {
  fc.assert(
    fc.property(faultyCases, fc.integer({ min: 1, max: 4 }), (one, before) => {
      const decider = logged(random(one.seed))
      const simulation = begun(one, decider)
      for (let index = 0; index < before; index++) {
        decider.begin(simulation, index)
        recordSteps(simulation, decider, 200)
        simulation.start()
      }
      decider.begin(simulation, before)
      const used = recordSteps(simulation, decider, 200)
      const again = indexed(decider.taken())
      const fresh = recordSteps(begun(one, again), again, 200)
      expect(fresh.lines).toEqual(used.lines)
      expect(fresh.ending).toBe(used.ending)
      if (!isDeepStrictEqual(fresh.states, used.states)) expect(fresh.states).toEqual(used.states)
    }),
    { numRuns: 150 },
  )
})
