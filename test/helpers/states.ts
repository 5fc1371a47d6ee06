import { expect } from 'vitest'
import { Layers } from '../../explore/shrink/layers.ts'
import { Trials } from '../../explore/shrink/trials.ts'
import { boot, type Scenario, type World } from '../../kernel/index.ts'
import { dfs, run } from '../../scheduler/index.ts'
import { counted } from './shrunk.ts'

/** The states that the shrinker's search comes to, and those that there are. */

const SCHEDULES_MAX = 150
const PREEMPTIONS_MAX = 30

/** Every state that runs come to, each with the least number of preemptions before it. */
type States = Map<string, number>

const stateOf = ({ state, ghost }: World): string => JSON.stringify([state, ghost], plain)

/** Maps and sets as JSON can have them, the keys of objects in one order, of a page the words that are not 0, of mappings how many. */
function plain(key: string, value: unknown): unknown {
  if (key === 'words') return (value as number[]).flatMap((word, at) => (word === 0 ? [] : [at, word]))
  if (key === 'mappings') return (value as unknown[]).length
  if (value instanceof Map || value instanceof Set) return [...value]
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The scenario, telling of each state. */
const telling = (made: Scenario, told: (state: string) => void): Scenario => ({
  ...made,
  invariants: {
    'is told': (world) => {
      told(stateOf(world))
      return true
    },
  },
})

function note(states: States, state: string, preemptions: number): void {
  states.set(state, Math.min(preemptions, states.get(state) ?? Infinity))
}

/** As every schedule comes to them; `null`: there are too many. */
function byAll(made: Scenario): States | null {
  const states: States = new Map()
  const decider = dfs()
  let counting = counted(decider)
  const simulation = boot(
    telling(made, (state) => note(states, state, counting.preemptions)),
    { door: decider },
  )
  for (let index = 0; index < SCHEDULES_MAX; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return states
    counting = counted(decider)
    simulation.machine.kernel.door = counting
    run(simulation, counting, { maxSteps: made.maxSteps ?? 100 })
  }
  return null
}

/** As the search does. */
export function bySearch(made: Scenario): { states: States; runs: number } {
  const states: States = new Map()
  let preemptions = 0
  const maxSteps = made.maxSteps ?? 100
  const spent = { executions: 0, steps: 0 }
  const trials = new Trials(
    telling(made, (state) => note(states, state, preemptions)),
    { params: {}, wakeOrder: made.wakeOrder ?? 'any', maxSteps, sought: { kind: 'step limit', name: 'none' }, spent },
  )
  const layers = new Layers(trials, PREEMPTIONS_MAX, maxSteps)
  for (;;) {
    while (!layers.over) layers.go()
    layers.deeper()
    preemptions = layers.preemptions
    if (layers.over) return { states, runs: spent.executions }
  }
}

/** The search comes to every state, with as few preemptions. Returns how many states there are; 0: too many to tell. */
export function compareStates(made: Scenario): number {
  const all = byAll(made)
  if (all === null) return 0
  const { states } = bySearch(made)
  expect([...all].filter(([state, preemptions]) => states.get(state) !== preemptions)).toEqual([])
  expect(states.size).toBe(all.size)
  return all.size
}
