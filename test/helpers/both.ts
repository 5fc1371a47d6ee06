import { isDeepStrictEqual } from 'node:util'
import { boot, copy, type KernelState, type Scenario, type Simulation, type WakeOrder } from 'ipclab/kernel'
import { type Decider, dfs, indexed, logged, run } from 'ipclab/scheduler'
import { expect } from 'vitest'
import { Bytes } from '../../trace/bytes.ts'
import { EventWriter } from '../../trace/event.ts'
import { drafted } from './drafted.ts'

/** Every schedule of a scenario, made in place and on drafts, equal step for step. */

/** One run as it can be compared: each step's line and the state after it. */
interface Steps {
  readonly lines: string[]
  readonly states: KernelState[]
  readonly ending: string
}

export function recordSteps(simulation: Simulation, decider: Decider, maxSteps = 1_000): Steps {
  const writer = new EventWriter(simulation.machine)
  const lines: string[] = []
  const states = [copy(simulation.state)]
  const watch = ({ state }: Simulation): void => {
    const bytes = new Bytes()
    writer.write(bytes)
    lines.push(bytes.from(0))
    states.push(copy(state))
  }
  const { ending, failure } = run(simulation, decider, { maxSteps, observers: [watch] })
  return { lines, states, ending: failure === null ? ending : failure.message }
}

export interface BothOptions {
  readonly wakeOrder?: WakeOrder
  /** Told of each run when it is over, in place. */
  readonly after?: (simulation: Simulation, ending: string) => void
  readonly limit?: number
}

/** Makes every schedule, in place again and again on one machine, and each also on drafts. Returns how many there are. */
export function bothWays(scenario: Scenario, { wakeOrder, after, limit = 2_000 }: BothOptions = {}): number {
  const given = wakeOrder === undefined ? {} : { wakeOrder }
  const decider = logged(dfs())
  const simulation = boot(scenario, { door: decider, ...given })
  for (let index = 0; index < limit; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return index
    const inPlace = recordSteps(simulation, decider)
    const again = indexed(decider.taken())
    const other = boot(scenario, { door: again, transact: drafted, ...given })
    other.start()
    const onDrafts = recordSteps(other, again)
    expect(onDrafts.lines).toEqual(inPlace.lines)
    expect(onDrafts.ending).toBe(inPlace.ending)
    if (!isDeepStrictEqual(onDrafts.states, inPlace.states)) expect(onDrafts.states).toEqual(inPlace.states)
    after?.(simulation, inPlace.ending)
  }
  throw new Error(`more than ${limit} schedules`)
}

/** All that can come of a scenario whose ghost is a list of what its programs saw; sorted, each once. */
export function outcomesBothWays(scenario: Scenario, options: BothOptions = {}): string[] {
  const seen = new Set<string>()
  bothWays(scenario, {
    ...options,
    after(simulation, ending) {
      const said = (simulation.ghost as string[]).join(' ')
      seen.add(ending === 'done' ? said : `${said} / ${ending}`)
      options.after?.(simulation, ending)
    },
  })
  return [...seen].sort()
}
