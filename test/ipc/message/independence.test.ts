import fc from 'fast-check'
import { expect, test } from 'vitest'
import { boot, SLEEP } from '../../../kernel/index.ts'
import { type Comparison, compareOrders } from '../../helpers/independence.ts'
import { scenarioOf, violent } from './programs.ts'

test('two steps whose footprints do not meet come to the same in either order', () => {
  const result: Comparison = { compared: 0, differing: [] }
  fc.assert(
    fc.property(violent, fc.array(fc.nat(5), { maxLength: 15 }), (given, numbers) => {
      compareOrders(scenarioOf(given), numbers, result)
      expect(result.differing).toEqual([])
    }),
    { numRuns: 500 },
  )
  expect(result.compared).toBeGreaterThan(200)
})

test('canProceed says whether an attempt would wait', () => {
  fc.assert(
    fc.property(violent, fc.array(fc.nat(5), { maxLength: 25 }), (given, numbers) => {
      const simulation = boot(scenarioOf(given), { door: { pick: () => 0 } })
      const { machine } = simulation
      simulation.start()
      for (const number of numbers) {
        if (machine.ready.size === 0) break
        const task = machine.ready.at(number % machine.ready.size)
        const { call } = machine.thread(task)
        const stage = task.pending?.def.stages[call?.stage ?? 0]
        const can = call === null ? true : stage?.canProceed?.(machine.kernel, machine.thread(task), call.args)
        machine.stepTask(task)
        if (can !== undefined && machine.kind === 'call') expect(machine.outcome === SLEEP).toBe(!can)
      }
    }),
    { numRuns: 300 },
  )
})
