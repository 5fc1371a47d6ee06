import fc from 'fast-check'
import { BadInput, Departure, explore, loadScenarioFile, readSchedule, scenario, yield_ } from 'ipclab'
import { follow, type ScheduleData, schedules } from 'ipclab/fast-check'
import { expect, test } from 'vitest'
import { ipclab } from '../cli/cli.ts'
import { everySchedule } from '../helpers/schedules.ts'
import { counting, crossing, spinning } from './scenarios.ts'

const holds = (one: ScheduleData): boolean => one.failure === null

/** What is left of the failing schedule that was found first. */
function shrunk(arbitrary: fc.Arbitrary<ScheduleData>, seed: number): ScheduleData {
  const { counterexample } = fc.check(fc.property(arbitrary, holds), { seed, numRuns: 1000 })
  if (counterexample === null) throw new Error(`seed ${seed} finds nothing`)
  return counterexample[0]
}

const seeds = fc.integer()

test('a property over schedules finds a lost update, and what is left of it is one preemption', () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom(2, 3), (seed, copies) => {
      const found = shrunk(schedules(counting(copies)), seed)
      expect(found).toMatchObject({ preemptions: 1, steps: 2 * copies, failure: 'violates: none is lost' })
    }),
    { numRuns: 30 },
  )
})

test('so it does for a deadlock, whatever the random seed', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const found = shrunk(schedules(crossing()), seed)
      expect(found).toMatchObject({ preemptions: 1, steps: 2, ending: 'deadlock', failure: 'deadlock' })
      expect(['left right', 'right left']).toContain(found.choices)
    }),
    { numRuns: 30 },
  )
})

test('among many calls that do not matter few switches are left', () => {
  const noisy = schedules(counting(2, { extra: 20 }))
  const left = Array.from({ length: 20 }, (_, seed) => shrunk(noisy, seed).preemptions).sort((a, b) => a - b)
  expect(left[0]).toBe(1)
  expect(left[left.length / 2]).toBeLessThanOrEqual(2)
})

test('what is mended holds, and a thread that spins is not left to itself', () => {
  for (const made of [counting(3, { locked: true }), crossing(true), spinning()])
    fc.assert(fc.property(schedules(made), holds), { numRuns: 500 })
})

test('the plainest value is the plainest schedule', () => {
  const found = fc.check(
    fc.property(schedules(counting()), () => false),
    { seed: 1 },
  )
  expect(found.counterexample).toEqual([
    { choices: 'adder1*2 adder2*2', preemptions: 0, steps: 4, ending: 'done', failure: null },
  ])
})

test('following a schedule comes to what it says, and shows the state in which it ends', () => {
  const made = counting(3)
  fc.assert(
    fc.property(schedules(made), (schedule) => {
      const { failure, ending, schedule: again, world } = follow(made, schedule)
      expect(again).toEqual(schedule)
      expect(ending).toBe(schedule.ending)
      expect(failure === null ? null : `violates: ${failure.name}`).toBe(schedule.failure)
      const { at } = world.shared as { at: number }
      expect(world.load(at, 'i32') === 3).toBe(schedule.failure === null)
    }),
  )
})

test('every schedule there is comes, and no other', () => {
  const made = crossing()
  const { runs, complete } = everySchedule(made)
  expect(complete).toBe(true)
  const seen = new Set(fc.sample(schedules(made), { numRuns: 4000, seed: 1 }).map(({ choices }) => choices))
  expect(seen.size).toBe(runs)
})

test('a value is JSON, prints as it is written, and its choices are for the command line', async () => {
  const file = 'scenarios/textbook/shared-counter.ts'
  const loaded = await loadScenarioFile(file)
  const found = shrunk(schedules(loaded), 7)
  expect(JSON.parse(JSON.stringify(found))).toEqual(found)
  expect(fc.stringify(found)).toContain(`"choices":"${found.choices}"`)
  const { out } = await ipclab('run', file, '--schedule', found.choices)
  expect(out).toContain(found.failure?.replace('violates: ', ''))
})

test('a value that was found elsewhere is an example, and is shrunk', async () => {
  const made = counting(2, { extra: 3 })
  const { failure } = await explore(made, { strategy: 'random', shrink: false })
  if (failure === null) throw new Error('it fails')
  const example = follow(made, failure.schedule.choices.join(' ')).schedule
  expect(example.failure).not.toBeNull()
  const arbitrary = schedules(made)
  const found = fc.check(fc.property(arbitrary, holds), { examples: [[example]], numRuns: 1, seed: 1 })
  expect(found.failed).toBe(true)
  expect(found.numShrinks).toBeGreaterThan(0)
  expect(found.counterexample?.[0]?.preemptions).toBeLessThanOrEqual(example.preemptions)
  expect(arbitrary.canShrinkWithoutContext(example)).toBe(true)
  // What is no schedule of the scenario can't be shrunk, and is not taken for one.
  for (const strange of [{ ...example, choices: 'nobody*3' }, {}, 3, null])
    expect(arbitrary.canShrinkWithoutContext(strange)).toBe(false)
})

test('parameters and the limit on steps are taken, and what can not be is told', () => {
  const made = scenario('rounds', {
    params: { rounds: { default: 1, about: 'how many', min: 1 } },
    programs: {
      *p({ params }) {
        for (let round = 0; round < params.rounds; round++) yield* yield_()
      },
    },
    expect: 'holds',
  })
  const [one] = fc.sample(schedules(made, { params: { rounds: 4 } }), { numRuns: 1 })
  expect(one?.steps).toBe(4)
  const [short] = fc.sample(schedules(made, { params: { rounds: 4 }, maxSteps: 3 }), { numRuns: 1 })
  expect(short?.failure).toBe('step limit')
  expect(() => schedules(made, { params: { tours: 4 } })).toThrow("has no parameter 'tours'")
  expect(() => schedules(made, { lengthMax: 0 })).toThrow(BadInput)
  expect(() => follow(made, 'q')).toThrow(Departure)
})

test('faults are among what is chosen', () => {
  const seen = new Set<string>()
  const made = { ...crossing(true), faults: { kill: true } }
  for (const { choices } of fc.sample(schedules(scenario('killed', made)), { numRuns: 500, seed: 1 }))
    for (const choice of readSchedule(choices)) seen.add(choice)
  expect([...seen].sort()).toEqual(['-left', '-right', 'left', 'right'])
})
