import type { Id, KernelState, Simulation, Thread } from '../../kernel/index.ts'
import type { Decider } from '../decider.ts'
import { run } from '../run.ts'

/**
 * A run that gets nowhere: threads take steps, and the kernel is in the same few states again and again. What programs
 * keep in variables of their own is not in the kernel's state, so a loop that only counts there looks the same.
 */

export interface Livelock {
  /** How many different states come again and again. */
  readonly states: number
  /** After how many steps they come again in the same order; `null`: in no fixed order. */
  readonly period: number | null
  /** For how many steps, up to the end, no state came that had not been there before. */
  readonly steps: number
  /** Who moves among them, by which calls, made on which lines of the scenario where these are noted. */
  readonly threads: readonly Mover[]
  readonly text: string
}

export interface Mover {
  readonly thread: Id
  readonly calls: readonly string[]
  readonly lines: readonly string[]
}

/** With more threads than this, or a larger state, no states are compared. */
const THREADS_MAX = 256
const STATE_MAX = 1 << 20
/** So many of a run's last steps are looked at, and no more than its second half. */
const WINDOW_MAX = 5_000
/** Each state has to come so many times on average before they are said to come again and again. */
const ROUNDS_MIN = 4
const STEPS_MIN = 20

/**
 * Makes a run that comes to its step limit once more, and says whether its end gets nowhere; `null` when new states
 * come up to the last: then the run may just be long. The simulation has been started and the decider's `begin` asked.
 */
export function findLivelock(simulation: Simulation, decider: Decider, maxSteps: number): Livelock | null {
  const watch = new LivelockWatch(maxSteps)
  run(simulation, decider, { maxSteps, observers: [(now) => watch.observe(now)] })
  return watch.result()
}

interface Step {
  readonly state: number
  readonly thread: Id
  readonly call: string
  readonly line: string | null
}

/** The same for whoever makes the run: to be told of every step, from the first. */
export class LivelockWatch {
  /** The step behind which states are compared. */
  readonly #from: number
  readonly #seen = new Map<string, number>()
  readonly #steps: Step[] = []
  /** How many of the steps were taken when the last new state came. */
  #newest = 0
  #tooLarge = false

  constructor(maxSteps: number) {
    this.#from = maxSteps - Math.min(WINDOW_MAX, maxSteps >> 1)
  }

  observe(simulation: Simulation): void {
    const { machine } = simulation
    if (machine.steps <= this.#from || this.#tooLarge) return
    const text = machine.tasks.size > THREADS_MAX ? '' : textOf(simulation)
    if (text === '' || text.length > STATE_MAX) {
      this.#tooLarge = true
      return
    }
    let state = this.#seen.get(text)
    if (state === undefined) {
      state = this.#seen.size
      this.#seen.set(text, state)
      this.#newest = this.#steps.length + 1
    }
    const { actor, call } = machine
    this.#steps.push({ state, thread: actor?.id ?? '', call: call?.def.name ?? '', line: call?.site ?? null })
  }

  result(): Livelock | null {
    const steps = this.#steps.slice(this.#newest)
    const states = new Set(steps.map(({ state }) => state)).size
    if (this.#tooLarge || steps.length < Math.max(STEPS_MIN, ROUNDS_MIN * states)) return null
    const period = periodOf(steps.map(({ state }) => state))
    const threads = moversOf(steps)
    const found = { states, period, steps: steps.length, threads }
    return { ...found, text: inWords(found) }
  }
}

/** The shortest after which the whole repeats itself; `null` when that does not happen within its half. */
function periodOf(states: readonly number[]): number | null {
  for (let period = 1; period * 2 <= states.length; period++) {
    let at = period
    while (at < states.length && states[at] === states[at - period]) at += 1
    if (at === states.length) return period
  }
  return null
}

function moversOf(steps: readonly Step[]): Mover[] {
  const movers = new Map<Id, { calls: Set<string>; lines: Set<string> }>()
  for (const { thread, call, line } of steps) {
    const mover = movers.get(thread) ?? { calls: new Set(), lines: new Set() }
    movers.set(thread, mover)
    mover.calls.add(call)
    if (line !== null) mover.lines.add(line)
  }
  const names = [...movers.keys()].sort()
  return names.map((thread) => {
    const { calls, lines } = movers.get(thread) ?? { calls: [], lines: [] }
    return { thread, calls: [...calls].sort(), lines: [...lines].sort(byLine) }
  })
}

/** By file, and in it by number. */
function byLine(a: string, b: string): number {
  const [fileA, numberA] = cut(a)
  const [fileB, numberB] = cut(b)
  return fileA === fileB ? numberA - numberB : fileA < fileB ? -1 : 1
}

function cut(line: string): [string, number] {
  const at = line.lastIndexOf(':')
  return [line.slice(0, at), Number(line.slice(at + 1))]
}

/** `for the last 500 steps the same 6 states come again and again, every 6 steps, and nobody gets any further` */
export function roundsInWords({ states, period, steps }: Omit<Livelock, 'text'>): string {
  const order = period === null ? 'in no fixed order' : period === 1 ? 'with every step' : `every ${period} steps`
  const which = states === 1 ? 'one state comes' : `${states} states come`
  return `for the last ${steps} steps the same ${which} again and again, ${order}, and nobody gets any further`
}

function inWords(found: Omit<Livelock, 'text'>): string {
  const movers = found.threads.map(({ thread, calls, lines }) => {
    const where = lines.length === 0 ? '' : ` at ${lines.join(', ')}`
    return `${thread} (${calls.join(', ')}${where})`
  })
  return `${roundsInWords(found)}: ${movers.join(', ')}`
}

/** The kernel's state without what only counts how often something was done, and the line on which each thread stands. */
function textOf({ machine }: Simulation): string {
  const { state } = machine
  const threads = Object.keys(state.threads)
    .sort()
    .map((id) => [withoutCounts(state.threads[id]), machine.tasks.get(id)?.pending?.site ?? null])
  const processes = Object.keys(state.processes)
    .sort()
    .map((id) =>
      JSON.stringify(state.processes[id], (key, value) => (key === 'dispositions' ? handlersOf(value) : value)),
    )
  const objects = Object.keys(state.objects)
    .sort()
    .map((id) => ({ ...state.objects[id], ...COUNTS_OF_OBJECTS }))
  const queues = Object.keys(state.queues)
    .sort()
    .map((id) => [id, state.queues[id]])
  return JSON.stringify([threads, processes, objects, state.frames, queues, timersOf(state)])
}

/** The next process number, and the numbers of messages in the order of their arrival. */
const COUNTS_OF_OBJECTS = { next: 0, arrived: 0, stamps: null }

/** How far a call has come is in what it has moved; it may also be the number of its arrival. */
function withoutCounts(thread: Thread | undefined): unknown {
  if (thread === undefined) return null
  const call = thread.call === null ? null : { ...thread.call, progress: 0 }
  return { ...thread, timer: thread.timer !== 0, call }
}

function handlersOf(dispositions: { readonly [signal: string]: object }): unknown {
  return Object.entries(dispositions).map(([signal, one]) => [signal, { ...one, count: 0 }])
}

/** Those that are armed, in the order in which they fire, by how long that is from now. */
function timersOf({ timers, threads, clock }: KernelState): unknown {
  return timers
    .filter(({ thread, number }) => threads[thread]?.timer === number)
    .sort((a, b) => a.at - b.at || a.number - b.number)
    .map(({ thread, at }) => [thread, at - clock])
}
