import { FAULTS, type Machine, type Task } from '../../../kernel/index.ts'
import { choiceOf, threadOfChoice } from '../../choice.ts'
import { type Event, NOBODY, note, type Place, Places } from './event.ts'
import { type Race, raceWith } from './races.ts'
import type { Branch } from './tree.ts'
import type { Unseen } from './unseen.ts'
import { type Value, Values } from './values.ts'

/** The run under way as partial-order reduction sees it: its steps, what comes before what, and which could be turned round. */

/** A point of the run, and the step that was made there. */
export interface Node {
  /** Steps that need not be made from here: whatever they lead to is explored elsewhere. */
  readonly sleep: Event[]
  /** Still to be explored from here; the first is being explored. */
  readonly branches: Branch[]
  /** Steps made from here before. */
  readonly done: Event[]
  /** Steps that could be made from here, as is known from others having been made before them that don't matter to them. */
  readonly known: Event[]
  /** Timers and faults that could strike here. */
  optional: readonly number[]
  /** Threads that could go on here. */
  ready: readonly number[]
  /** Timers, faults and threads whose next step the step has made impossible, or another one. */
  lost: readonly number[]
  event: Event
  /** It was the last fault that may strike. */
  exhausts: boolean
  /** How many steps of its actor there are, with it. */
  sequence: number
  /** Of each actor, how many of its steps come before this one, or are it. */
  clock: readonly number[]
  /** Earlier steps that could be turned round with it. */
  races: readonly Race[]
  /** What each place that it touches held before. */
  before: readonly Value[]
  /** The step of its actor before it, -1 for none; and those that had reached its actor since. */
  last: number
  reached: readonly number[]
}

const NOTHING: Event = { actor: -1, picks: [], counts: [], touched: [], strikes: false, reaches: NOBODY }

export function nodeWith(sleep: Event[], branches: Branch[]): Node {
  return {
    sleep,
    branches,
    done: [],
    known: [],
    optional: NOBODY,
    ready: NOBODY,
    lost: NOBODY,
    event: NOTHING,
    exhausts: false,
    sequence: 0,
    clock: NOBODY,
    races: [],
    before: [],
    last: -1,
    reached: NOBODY,
  }
}

/** What is to be known before a step is made. */
export interface Beforehand {
  /** Steps before which it could not have been made. */
  readonly refused: ReadonlySet<number>
  /** What hung on the guard of a call that it ends. */
  readonly looked: readonly number[]
}

/** Where a step stands to those before it. */
export interface Standing {
  readonly clock: number[]
  readonly races: number[]
}

export class Path {
  readonly places = new Places()
  readonly values = new Values(this.places)
  /** What every fault touches. */
  readonly struck: readonly number[] = [(this.places.of(FAULTS, 0) << 1) | 1]
  readonly nodes: Node[] = []
  unseen: Unseen | null = null
  /** Whether steps make others impossible. */
  loses = false
  readonly #actors = new Map<string, number>()
  readonly names: string[] = []
  /** Of each actor, the thread that it is, or whose timer or fault it is. */
  readonly threads: number[] = []
  /** Of each actor: its last step, and the steps that have reached it since. */
  readonly #last: number[] = []
  readonly #reached: number[][] = []
  /** Of each place, the steps that touched it: `step << 1 | write`. */
  readonly #accesses: number[][] = []

  /** The number of an actor: a thread, or the choice of a timer or fault. */
  actor(name: string): number {
    let number = this.#actors.get(name)
    if (number === undefined) {
      number = this.names.length
      this.#actors.set(name, number)
      this.names.push(name)
      this.#last.push(-1)
      this.#reached.push([])
      this.threads.push(number)
      const thread = threadOfChoice(name)
      if (thread !== name) this.threads[number] = this.actor(thread)
    }
    return number
  }

  /** Puts the step that the machine has just made behind the others. */
  add(node: Node, machine: Machine, picks: readonly number[], counts: readonly number[], before: Beforehand): void {
    const { kernel } = machine
    const at = this.nodes.indexOf(node, this.nodes.length - 1)
    const { actor } = node.event
    const touched = this.places.touchedBy(kernel.footprint)
    for (const touch of before.looked) note(touched, touch >> 1, false)
    this.unseen?.add(touched, machine)
    const reaches = this.#reaches(actor, machine)
    node.lost = NOBODY
    if (reaches.length > 0) {
      // Whom it ends or interrupts might have gone on before, had what its guard hangs on been otherwise.
      for (const [object, part] of machine.abandoned) note(touched, this.places.of(object, part), false)
      node.lost = reaches.filter((other) => node.ready.includes(other))
    }
    const strikes = machine.faultBook !== null && touched.includes(this.struck[0] ?? -1)
    const event: Event = { actor, picks, counts, touched, strikes, reaches }
    const { clock, races } = this.standing(event, before.refused)
    node.event = event
    node.exhausts = strikes && machine.faultBook?.exhausted === true
    node.last = this.#last[actor] ?? -1
    node.reached = this.#reached[actor] ?? NOBODY
    node.sequence = (node.last < 0 ? 0 : (this.nodes[node.last]?.sequence ?? 0)) + 1
    for (let i = clock.length; i < this.names.length; i++) clock.push(0) // without holes it is quicker to read
    clock[actor] = node.sequence
    node.clock = clock
    node.races = races.map(raceWith)
    this.#last[actor] = at
    this.#reached[actor] = []
    for (const other of event.reaches) this.#reached[other]?.push(at)
    const held: Value[] = []
    for (const touch of touched) {
      const place = touch >> 1
      held.push(this.values.pass(machine.state, place, (touch & 1) === 1))
      this.#of(place).push((at << 1) | (touch & 1))
    }
    node.before = held
  }

  /** Takes the last step away. */
  remove(): void {
    const node = this.nodes.pop()
    if (node === undefined || node.sequence === 0) return
    this.unmake(node)
  }

  /** Takes the step of the last node back; the node stays. */
  unmake(node: Node): void {
    const { actor, touched, reaches } = node.event
    const places = touched ?? NOBODY
    for (let i = places.length - 1; i >= 0; i--) {
      const place = (places[i] as number) >> 1 // from below length down to 0
      this.#of(place).pop()
      this.values.restore(place, node.before[i])
    }
    for (const other of reaches) this.#reached[other]?.pop()
    this.#last[actor] = node.last
    this.#reached[actor] = [...node.reached]
    node.sequence = 0
  }

  #of(place: Place): number[] {
    let list = this.#accesses[place]
    if (list === undefined) {
      list = []
      this.#accesses[place] = list
    }
    return list
  }

  /** Whom the step woke, made or ended; a timer or fault, whose it is. */
  #reaches(actor: number, { kernel, actor: task, kind }: Machine): readonly number[] {
    const own = kind === 'call' || kind === 'arm' || kind === 'signal'
    if (own && kernel.woken.length === 0 && kernel.spawned.length === 0 && kernel.ended.length === 0) return NOBODY
    const reached = new Set<number>()
    if (!own && task !== null) reached.add(this.actor(task.id))
    for (const id of kernel.woken) reached.add(this.actor(id))
    for (const { thread } of kernel.spawned) reached.add(this.actor(thread))
    for (const id of kernel.ended) reached.add(this.actor(id))
    reached.delete(actor)
    return reached.size === 0 ? NOBODY : [...reached]
  }

  /** What a step that comes next comes after, and which of those could be turned round with it. @param refused steps before which it could not have been made */
  standing(event: Event, refused: ReadonlySet<number>): Standing {
    const clock: number[] = []
    const own = this.#last[event.actor] ?? -1
    if (own >= 0) join(clock, this.nodes[own]?.clock)
    for (const step of this.#reached[event.actor] ?? NOBODY) join(clock, this.nodes[step]?.clock)
    // What comes before it whatever is turned round.
    const ordered = clock.slice()
    const candidates: number[] = []
    for (const other of event.reaches) {
      this.#consider(this.#last[other] ?? -1, ordered, refused, clock, candidates)
      for (const step of this.#reached[other] ?? NOBODY) this.#consider(step, ordered, refused, clock, candidates)
    }
    for (const touch of event.touched ?? NOBODY) {
      const place = touch >> 1
      this.#walk(place, (touch & 1) === 1, ordered, refused, clock, candidates)
      for (const other of this.places.overlapping(place))
        this.#walk(other, (touch & 1) === 1, ordered, refused, clock, candidates)
    }
    return { clock, races: this.#uncovered(candidates) }
  }

  #consider(
    step: number,
    ordered: readonly number[],
    refused: ReadonlySet<number>,
    clock: number[],
    candidates: number[],
  ): void {
    if (step < 0) return
    join(clock, this.nodes[step]?.clock)
    if (!this.isBefore(step, ordered) && !refused.has(step) && !candidates.includes(step)) candidates.push(step)
  }

  #walk(
    place: Place,
    writes: boolean,
    ordered: readonly number[],
    refused: ReadonlySet<number>,
    clock: number[],
    candidates: number[],
  ): void {
    const list = this.#accesses[place]
    if (list === undefined) return
    for (let i = list.length - 1; i >= 0; i--) {
      const access = list[i] as number // from below length down to 0
      const wrote = (access & 1) === 1
      if (!wrote && !writes) continue
      const step = access >> 1
      join(clock, this.nodes[step]?.clock)
      if (this.isBefore(step, ordered)) {
        if (wrote) return
        continue
      }
      // It could not have been made before that one: turned round are only those from before it.
      if (refused.has(step)) continue
      if (!candidates.includes(step)) candidates.push(step)
      if (wrote) return
    }
  }

  /** Those that come before none of the others. */
  #uncovered(candidates: readonly number[]): number[] {
    if (candidates.length < 2) return [...candidates]
    return candidates.filter(
      (one) => !candidates.some((other) => other !== one && this.isBefore(one, this.nodes[other]?.clock ?? NOBODY)),
    )
  }

  /** Whether the step comes before, or is, what has that clock. */
  isBefore(step: number, clock: readonly number[]): boolean {
    const node = this.nodes[step]
    return node !== undefined && (clock[node.event.actor] ?? 0) >= node.sequence
  }

  /** Whether every step of the run has come before what has that clock. */
  isAll(clock: readonly number[]): boolean {
    return this.nodes.every(({ event, sequence }) => (clock[event.actor] ?? 0) >= sequence)
  }

  /** Whether every other step before the fault comes before it in any order. */
  isAfterAll(step: number): boolean {
    return this.isAll(this.nodes[step]?.clock ?? NOBODY)
  }

  /** Whom a fault befalls, as far as its name says it. */
  victimsOf(actor: number): readonly number[] {
    return [this.threads[actor] ?? -1]
  }

  /**
   * The steps before which the thread, standing at a guard, could not have made its call: as far back as it matters.
   * @param guarded what the guard looks at
   */
  refusals(task: Task, guarded: readonly number[], machine: Machine): ReadonlySet<number> {
    const refused = new Set<number>()
    const actor = this.actor(task.id)
    const ordered: number[] = []
    const own = this.#last[actor] ?? -1
    if (own >= 0) join(ordered, this.nodes[own]?.clock)
    for (const step of this.#reached[actor] ?? NOBODY) join(ordered, this.nodes[step]?.clock)
    for (const touch of guarded) {
      for (const place of [touch >> 1, ...this.places.overlapping(touch >> 1)]) {
        const list = this.#accesses[place] ?? NOBODY
        for (let i = list.length - 1; i >= 0; i--) {
          const access = list[i] as number // from below length down to 0
          const step = access >> 1
          if ((access & 1) === 0 && (touch & 1) === 0) continue
          if (this.isBefore(step, ordered)) break
          if (refused.has(step)) continue
          if (this.values.wouldHold(machine, task, this.#held(guarded, step))) {
            if ((access & 1) === 1) break
          } else refused.add(step)
        }
      }
    }
    return refused
  }

  /** What those places held before the step, if all that comes after it is left out, too. */
  #held(guarded: readonly number[], step: number): (readonly [Place, Value])[] {
    const node = this.nodes[step]
    const held: (readonly [Place, Value])[] = []
    if (node === undefined) return held
    const { actor } = node.event
    for (const touch of guarded) {
      const place = touch >> 1
      for (const access of this.#accesses[place] ?? NOBODY) {
        const other = this.nodes[access >> 1]
        if (other === undefined || access >> 1 < step || (other.clock[actor] ?? 0) < node.sequence) continue
        const at = other.event.touched?.findIndex((one) => one >> 1 === place) ?? -1
        held.push([place, other.before[at]])
        break
      }
    }
    return held
  }

  /** Lists the steps behind that one which do not come after it. Returns how many they are. */
  notAfter(step: number, steps: number[], events: Event[]): number {
    const { nodes } = this
    const { event, sequence } = nodes[step] as Node // a step of the run
    const { actor } = event
    let count = 0
    for (let i = step + 1; i < nodes.length; i++) {
      const node = nodes[i] as Node // below length
      if (node.sequence === 0 || (node.clock[actor] ?? 0) >= sequence) continue
      steps[count] = i
      events[count] = node.event
      count += 1
    }
    return count
  }

  /** Threads that could go on, by their numbers. */
  readyOf({ ready }: Machine): readonly number[] {
    const list: number[] = []
    for (let i = 0; i < ready.size; i++) list.push(this.actor(ready.at(i).id))
    return list
  }

  /** Timers and faults that the machine could strike with, by their numbers. */
  optionalOf(machine: Machine): readonly number[] {
    const { options } = machine
    const from = machine.ready.size
    if (options === from) return NOBODY
    const list: number[] = []
    for (let option = from; option < options; option++) list.push(this.actor(choiceOf(machine, option)))
    return list
  }
}

function join(clock: number[], other: readonly number[] | undefined): void {
  if (other === undefined) return
  for (let i = clock.length; i < other.length; i++) clock.push(0)
  for (let i = 0; i < other.length; i++) if ((other[i] ?? 0) > (clock[i] ?? 0)) clock[i] = other[i] ?? 0
}
