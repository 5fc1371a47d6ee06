import fc from 'fast-check'
import { boot, type Simulation } from 'ipclab/kernel'
import { random, run } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { cases, scenarioOf } from '../helpers/random-programs.ts'

/** What calls say of themselves, wherever a random program waits. */

test('a call’s subject is what it says that it waits for, and asking changes nothing', () => {
  let asked = 0
  const look = ({ machine }: Simulation): void => {
    const { kernel } = machine
    for (const task of machine.tasks.values()) {
      const def = task.pending?.def
      const args = task.pending?.args
      if (task.slot >= 0 || task.ended || def?.subject === undefined || args === undefined) continue
      asked += 1
      const thread = machine.thread(task)
      const before = [JSON.stringify(machine.state), kernel.footprint.length]
      const subject = def.subject(kernel, thread, args)
      const blockers = def.blockers?.(kernel, thread, args) ?? null
      expect(subject).toBe(def.waitsFor?.(kernel, thread, args).object)
      expect(subject).not.toMatch(/0x|undefined/)
      if (blockers !== null) expect(blockers).not.toContain('')
      expect([JSON.stringify(machine.state), kernel.footprint.length]).toEqual(before)
    }
  }
  fc.assert(
    fc.property(cases, (one) => {
      const decider = random(one.seed)
      const simulation = boot(scenarioOf(one), { door: decider, once: true })
      simulation.start()
      decider.begin(simulation, 0)
      run(simulation, decider, { maxSteps: 100, observers: [look] })
    }),
    { numRuns: 100 },
  )
  expect(asked).toBeGreaterThan(100)
})
