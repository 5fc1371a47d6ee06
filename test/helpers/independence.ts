import { expect } from 'vitest'
import { boot, LIFE, type Scenario, type Simulation, SLEEP, type Touch, WHOLE } from '../../kernel/index.ts'

/**
 * What a step says it touched is all that it hangs on: two steps whose footprints don't meet come to the same in either
 * order. Partial-order reduction stands on this. Here every two threads that can go on after some steps are tried.
 */

/** Inside a step always the first is picked, whatever happened before. */
const firstOption = { pick: () => 0 }

interface Step {
  readonly touches: readonly Touch[]
  readonly result: string
}

/** The thread takes a step, if it can. */
function take({ machine }: Simulation, id: string): Step | null {
  const task = machine.tasks.get(id)
  if (task === undefined || task.slot < 0) return null
  machine.stepTask(task)
  const { outcome, result, kernel } = machine
  const said = outcome === SLEEP ? 'sleeps' : result instanceof Error ? result.message : String(result)
  // A thread's every step hangs on its not having been ended, and so does waking it.
  const living = [id, ...kernel.woken].map(
    (thread): Touch => ({ object: thread, part: LIFE, reads: true, writes: false, order: 'seq_cst' }),
  )
  return { touches: [...kernel.footprint.touches(), ...living], result: `${outcome} ${said}` }
}

/** Whether two footprints meet. */
type Meet = (a: readonly Touch[], b: readonly Touch[]) => boolean

const strictly: Meet = (a, b) =>
  a.some((one) =>
    b.some(
      (other) =>
        one.object === other.object &&
        (one.part === other.part || one.part === WHOLE || other.part === WHOLE) &&
        (one.writes || other.writes),
    ),
  )

/** The same, where of those who do the same to a place nobody minds the other. */
export const meetRefined: Meet = (a, b) => {
  const [those, others] = [doneBy(a), doneBy(b)]
  return strictly(
    a.filter((one) => !isAlike(one, those, others)),
    b,
  )
}

/** What is done to each place. */
function doneBy(touches: readonly Touch[]): Map<string, string> {
  const done = new Map<string, string>()
  for (const { object, part, kind = 'writes', writes } of touches) {
    const place = `${object} ${part}`
    const how = writes ? kind : 'reads'
    done.set(place, (done.get(place) ?? how) === how ? how : 'writes')
  }
  return done
}

function isAlike({ object, part }: Touch, those: Map<string, string>, others: Map<string, string>): boolean {
  const how = those.get(`${object} ${part}`)
  return how !== 'writes' && how === others.get(`${object} ${part}`)
}

export interface Differing {
  readonly steps: readonly string[]
  readonly first: string
  readonly second: string
  readonly what: string
}

export interface Comparison {
  /** Pairs of steps that were found independent, and compared. */
  compared: number
  readonly differing: Differing[]
}

/** Takes the steps that the numbers say, and compares all that could come next in both orders. */
export function compareOrders(
  scenario: Scenario,
  numbers: readonly number[],
  result: Comparison,
  relation: Meet = strictly,
): void {
  const simulation = boot(scenario, { door: firstOption })
  const { machine } = simulation
  simulation.start()
  const steps: string[] = []
  for (const number of numbers) {
    if (machine.ready.size === 0) break
    const { id } = machine.ready.at(number % machine.ready.size)
    steps.push(id)
    take(simulation, id)
  }
  const begin = (): void => {
    simulation.start()
    for (const id of steps) take(simulation, id)
  }
  const ready = Array.from({ length: machine.ready.size }, (_, i) => machine.ready.at(i).id)
  for (const first of ready)
    for (const second of ready) {
      if (first >= second) continue
      const what = compareTwo(simulation, begin, first, second, relation)
      if (what === null) result.compared += 1
      else if (what !== '') result.differing.push({ steps, first, second, what })
    }
}

/** `null`: the same both ways; empty: they hang together; else what differs. */
function compareTwo(
  simulation: Simulation,
  begin: () => void,
  first: string,
  second: string,
  meet: Meet,
): string | null {
  begin()
  const a1 = take(simulation, first)
  const b1 = take(simulation, second)
  const state1 = canonical(simulation.state)
  const tail = goOn(simulation, null)
  const end1 = canonical(simulation.state)
  begin()
  const b2 = take(simulation, second)
  const a2 = take(simulation, first)
  const state2 = canonical(simulation.state)
  if (a1 === null || b2 === null) return 'who was ready could take no step'
  if (b1 === null || a2 === null) {
    const hangs = meet(a1.touches, b2.touches) && (a2 === null || meet(a2.touches, b2.touches))
    return hangs && (b1 === null || meet(a1.touches, b1.touches)) ? '' : 'one keeps the other from going on'
  }
  // Whoever has seen one order only must be able to tell from it that the other may differ.
  if (meet(a1.touches, b1.touches) && meet(a2.touches, b2.touches)) return ''
  const hang = meet(a1.touches, b1.touches)
  if (meet !== strictly && (hang !== meet(a2.touches, b2.touches) || hang !== meet(a1.touches, b2.touches)))
    return 'they hang together in one order only'
  if (a1.result !== a2.result) return `${first}: ${a1.result} before, ${a2.result} after`
  if (b1.result !== b2.result) return `${second}: ${b1.result} after, ${b2.result} before`
  if (state1 !== state2) return `the state: ${firstDifference(state1, state2)}`
  goOn(simulation, tail)
  const end2 = canonical(simulation.state)
  return end1 === end2 ? null : `what comes of it: ${firstDifference(end1, end2)}`
}

const TAIL_STEPS = 12

/** Some more steps, each of the ready thread that is first by name; or those that were taken before. Returns their threads. */
function goOn(simulation: Simulation, taken: readonly string[] | null): string[] {
  const { ready } = simulation.machine
  const ids: string[] = []
  while (ids.length < (taken?.length ?? TAIL_STEPS) && ready.size > 0) {
    const names = Array.from({ length: ready.size }, (_, i) => ready.at(i).id).sort()
    const id = taken?.[ids.length] ?? names[ids.length % names.length] ?? ''
    ids.push(id)
    take(simulation, id)
  }
  return ids
}

/** As text, the keys of tables in one order. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join()}}`
}

function firstDifference(a: string, b: string): string {
  let at = 0
  while (a[at] === b[at]) at += 1
  return `…${a.slice(Math.max(0, at - 80), at + 40)}… against …${b.slice(Math.max(0, at - 20), at + 40)}…`
}

/** Who goes next, by number, at each step: that `canProceed`, where a stage has it, says whether the attempt sleeps. */
export function checkCanProceed(scenario: Scenario, numbers: readonly number[]): void {
  const simulation = boot(scenario, { door: firstOption })
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
}
