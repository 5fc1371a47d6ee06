import { createHash } from 'node:crypto'
import { type AnyValues, boot, type KernelState, type Scenario } from 'ipclab/kernel'
import { type Decider, run } from 'ipclab/scheduler'

/** Everything that runs of a scenario can come to. */

export interface Seen {
  /** How runs ended, with what failure and in what state. */
  readonly ends: Set<string>
  runs: number
  /** Runs given up as they had been made in another order. */
  redundant: number
}

/** As text, the keys of tables in one order; pages by what they hold, whoever made them; numbers of timers left out. */
function canonical(value: unknown, frames: KernelState['frames'], key: string): string {
  if (typeof value !== 'object' || value === null) return `${value}`
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, frames, '')).join()}]`
  const table = value as Record<string, unknown>
  if (key === 'copied' || key === 'pages')
    return Object.entries(table)
      .map(([page, frame]) => `${page}:${contents(frames[String(frame)]?.words ?? [])}`)
      .join()
  return `{${Object.keys(table)
    .filter((name) => !LEFT_OUT.has(name))
    .sort()
    .map((name) => `${name}:${canonical(table[name], frames, name)}`)
    .join()}}`
}

const LEFT_OUT: ReadonlySet<string> = new Set(['frames', 'timersSet', 'timer', 'number'])

const contents = (words: readonly number[]): string =>
  words.flatMap((word, at) => (word === 0 ? [] : [`${at}=${word}`])).join(' ')

const shortened = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

/** All that the decider makes; `null`: more than so many runs, or one without an end. */
export function seenBy(
  scenario: Scenario,
  decider: Decider,
  most: number,
  maxSteps = 60,
  params: AnyValues = {},
): Seen | null {
  const seen: Seen = { ends: new Set(), runs: 0, redundant: 0 }
  const simulation = boot(scenario, { door: decider, params })
  for (let index = 0; ; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return seen
    if (index >= most) return null
    const { ending, failure } = run(simulation, decider, { maxSteps })
    if (ending === 'step limit') return null
    seen.runs += 1
    if (ending === 'redundant') {
      seen.redundant += 1
      continue
    }
    const { state } = simulation
    seen.ends.add(`${ending} ${failure?.name ?? ''} ${shortened(canonical(state, state.frames, ''))}`)
  }
}
