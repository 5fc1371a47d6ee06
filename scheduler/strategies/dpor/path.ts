import { FAULTS, type Machine, type Task } from '../../../kernel/index.ts'
import { choiceOf, threadOfChoice } from '../../choice.ts'
import { Clocks } from './clocks.ts'
import {
  clash,
  doneTo,
  type Event,
  NOBODY,
  note,
  type Place,
  Places,
  placeOf,
  READING,
  reachedBy,
  type Strict,
  touchOf,
  updates,
  WRITING,
} from './event.ts'
import { History } from './history.ts'
import { type Blocked, type Race, raceWith } from './races.ts'
import type { Branch } from './tree.ts'
import type { Unseen } from './unseen.ts'

/** The run under way as partial-order reduction sees it: its steps, what comes before what, and which could be turned round. */

const NOTHING: Event = { actor: -1, picks: [], counts: [], touched: [], strikes: false, reaches: NOBODY }

/** A point of the run, and the step that was made there. */
export class Node {
  /** Steps that need not be made from here: whatever they lead to is explored elsewhere. */
  readonly sleep: Event[] = []
  /** Still to be explored from here; the first is being explored. */
  branches: Branch[] = []
  /** Steps made from here before. */
  readonly done: Event[] = []
  /** Steps that could be made from here, as is known from others having been made before them that don't matter to them. */
  readonly known: Event[] = []
  /** Actors whose next steps are tried from here, whatever is picked inside, as another step has made them impossible. */
  readonly tried: number[] = []
  /** Timers and faults that could strike here. */
  optional: readonly number[] = NOBODY
  /** Timers, faults and threads whose next step the step has made impossible, or another one. */
  lost: readonly number[] = NOBODY
  event = NOTHING
  /** Calls in which threads waited that the step has ended: they, too, could have come earlier. */
  cut: readonly Blocked[] = NO_CALLS
  /** It was the last fault that may strike. */
  exhausts = false
  /** In the step somebody's `assume` did not hold. */
  forsakes = false
  /** The option that it was. */
  option = -1
  /** How many steps of its actor there are, with it; 0: none was made yet. */
  sequence = 0
  /** With which earlier steps it could be turned round. */
  races: readonly Race[] = NO_RACES
  /** The step of its actor before it, -1 for none; and those that had reached its actor since. */
  last = -1
  reached: number[] = []

  /** Makes it a new one: making nodes anew would be a tenth of the time. */
  reset(branches: Branch[]): void {
    while (this.sleep.length > 0) this.sleep.pop()
    while (this.done.length > 0) this.done.pop()
    while (this.known.length > 0) this.known.pop()
    while (this.tried.length > 0) this.tried.pop()
    this.branches = branches
    this.optional = NOBODY
    this.lost = NOBODY
    this.event = NOTHING
    this.cut = NO_CALLS
    this.sequence = 0
  }
}

const NO_RACES: readonly Race[] = []
const NO_CALLS: readonly Blocked[] = []

/** What is to be known before a step is made. */
export interface Beforehand {
  /** Steps before which it could not have been made. */
  readonly refused: readonly number[]
  /** What hung on the guard of a call that it ends. */
  readonly looked: readonly number[]
}

export class Path {
  readonly places: Places
  /** What every fault touches. */
  readonly struck: readonly number[]
  readonly clocks = new Clocks()
  readonly nodes: Node[] = []
  readonly #spare: Node[] = []
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
  readonly history: History
  /** Who could go on before the step under way. */
  readonly #ready: Task[] = []
  #readySize = 0
  /** While a step is placed: with whom it could be turned round, if nothing comes between. */
  readonly #candidates: number[] = []
  /** All that it comes after, or as much of it as gives the rest. */
  readonly #met: number[] = []

  /** @param strict of which words the order of adding matters; `null`: of all */
  constructor(strict: Strict | null = null) {
    this.places = new Places(strict)
    this.history = new History(this.places, this.clocks)
    this.struck = [touchOf(this.places.of(FAULTS, 0), WRITING)]
  }

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

  /** The last step that a thread has taken, -1 for none. */
  lastOf(thread: string): number {
    return this.#last[this.actor(thread)] ?? -1
  }

  /** Goes to a further point. */
  enter(branches: Branch[]): Node {
    const node = this.#spare.pop() ?? new Node()
    node.reset(branches)
    this.nodes.push(node)
    return node
  }

  /** Leaves the last point, from which no step was made, or none is any more. */
  leave(): void {
    const node = this.nodes.pop()
    if (node !== undefined) this.#spare.push(node)
  }

  /** Notes who could go on, before a step is made. */
  noteReady({ ready }: Machine): void {
    this.#readySize = ready.size
    for (let i = 0; i < ready.size; i++) this.#ready[i] = ready.at(i)
  }

  #couldGoOn(actor: number): boolean {
    const name = this.names[actor]
    for (let i = 0; i < this.#readySize; i++) if (this.#ready[i]?.id === name) return true
    return false
  }

  /** Puts the step that the machine has just made behind the others; the last node is its own. */
  add(node: Node, machine: Machine, picks: readonly number[], counts: readonly number[], before: Beforehand): void {
    const at = this.nodes.length - 1
    const { actor } = node.event
    const touched = this.places.touchedBy(machine.kernel.footprint)
    for (const touch of before.looked) note(touched, placeOf(touch), READING)
    this.unseen?.add(touched, machine)
    const reaches = reachedBy(actor, machine, (name) => this.actor(name))
    node.lost = NOBODY
    if (reaches.length > 0) {
      // Whom it ends or interrupts might have gone on before, had what its guard hangs on been otherwise.
      for (const [object, part] of machine.abandoned) note(touched, this.places.of(object, part), READING)
      node.lost = reaches.filter((other) => this.#couldGoOn(other))
    }
    const strikes = machine.faultBook !== null && touched.includes(this.struck[0] ?? -1)
    const event: Event = { actor, picks, counts, touched, strikes, reaches }
    node.exhausts = strikes && machine.faultBook?.exhausted === true
    node.event = event
    node.forsakes = machine.forsakes
    node.races = this.standing(at, event, before.refused)
    this.#append(node, at, event)
    for (let i = 0; i < touched.length; i++) {
      const touch = touched[i] as number // below length
      this.history.add(at, touch, machine.state)
    }
  }

  #append(node: Node, at: number, { actor, reaches }: Event): void {
    node.last = this.#last[actor] as number // every actor has one
    node.sequence = (node.last < 0 ? 0 : (this.nodes[node.last]?.sequence ?? 0)) + 1
    this.clocks.end(at, actor, node.sequence)
    this.#last[actor] = at
    const reached = this.#reached[actor] as number[] // as above
    node.reached = reached
    if (reached.length > 0) this.#reached[actor] = []
    for (let i = 0; i < reaches.length; i++) this.#reached[reaches[i] as number]?.push(at) // below length
  }

  /** Takes the step of the last node back; the node stays. */
  unmake(node: Node): void {
    const { actor, touched, reaches } = node.event
    const places = touched ?? NOBODY
    for (let i = places.length - 1; i >= 0; i--) {
      const place = placeOf(places[i] as number) // from below length down to 0
      this.history.takeBack(place)
    }
    for (let i = 0; i < reaches.length; i++) this.#reached[reaches[i] as number]?.pop() // below length
    this.#last[actor] = node.last
    this.#reached[actor] = node.reached
    node.sequence = 0
  }

  /**
   * Notes what a step that is made there comes after, and says which of those could be turned round with it.
   * @param refused steps before which it could not have been made
   */
  standing(at: number, { actor, touched, reaches }: Event, refused: readonly number[]): readonly Race[] {
    const { clocks } = this
    this.#order(at, actor)
    const met = this.#met
    const candidates = this.#candidates
    while (met.length > 0) met.pop()
    while (candidates.length > 0) candidates.pop()
    for (let i = 0; i < reaches.length; i++) {
      const other = reaches[i] as number // below length
      this.#consider(at, this.#last[other] ?? -1, refused)
      for (const step of this.#reached[other] ?? NOBODY) this.#consider(at, step, refused)
    }
    const places = touched ?? NOBODY
    for (let i = 0; i < places.length; i++) {
      const touch = places[i] as number // below length
      this.#walk(at, placeOf(touch), touch, refused)
      for (const other of this.places.overlapping(placeOf(touch))) this.#walk(at, other, touch, refused)
    }
    for (let i = 0; i < met.length; i++) clocks.join(at, met[i] as number) // below length
    return candidates.length === 0 ? NO_RACES : this.#uncovered(candidates).map(raceWith)
  }

  /** What comes before a step of the actor there whatever is turned round. */
  #order(at: number, actor: number): void {
    const { clocks } = this
    clocks.begin(at, this.names.length)
    const own = this.#last[actor] ?? -1
    if (own >= 0) clocks.join(at, own)
    const reached = this.#reached[actor] ?? NOBODY
    for (let i = 0; i < reached.length; i++) clocks.join(at, reached[i] as number) // below length
  }

  #consider(at: number, step: number, refused: readonly number[]): void {
    if (step < 0 || this.clocks.isBefore(step, at)) return
    this.#met.push(step)
    if (!refused.includes(step) && !this.#candidates.includes(step)) this.#candidates.push(step)
  }

  #walk(at: number, place: Place, touch: number, refused: readonly number[]): void {
    const { steps } = this.history.of(place)
    for (let i = steps.length - 1; i >= 0; i--) {
      const access = steps[i] as number // from below length down to 0
      if (!clash(access, touch)) continue
      const wrote = doneTo(access) === WRITING
      const step = placeOf(access)
      if (this.clocks.isBefore(step, at)) {
        if (wrote) return
        continue
      }
      this.#met.push(step)
      // It could not have been made before that one: turned round are only those from before it.
      if (refused.length > 0 && refused.includes(step)) continue
      if (!this.#candidates.includes(step)) this.#candidates.push(step)
      if (wrote) return
    }
  }

  /** Those that come before none of the others. */
  #uncovered(candidates: readonly number[]): readonly number[] {
    if (candidates.length < 2) return candidates
    const { clocks } = this
    return candidates.filter((one) => !candidates.some((other) => other !== one && clocks.isBefore(one, other)))
  }

  /** Whether every other step of the run comes before the one there in any order. */
  isAfterAll(step: number): boolean {
    return this.nodes.every(({ sequence }, other) => sequence === 0 || this.clocks.isBefore(other, step))
  }

  /** Whom a fault befalls, as far as its name says it. */
  victimsOf(actor: number): readonly number[] {
    return [this.threads[actor] ?? -1]
  }

  /**
   * The steps before which the thread, standing there at a guard, could not have made its call: as far back as it matters.
   * @param guarded what the guard looks at
   */
  refusals(at: number, task: Task, guarded: readonly number[], machine: Machine): readonly number[] {
    const refused: number[] = []
    this.#order(at, this.actor(task.id))
    // With what the call does beside, when it goes on, it may be turned round as well.
    for (const touch of this.unseen === null ? guarded : [...guarded, ...this.unseen.touches]) {
      for (const place of [placeOf(touch), ...this.places.overlapping(placeOf(touch))]) {
        const { steps } = this.history.of(place)
        for (let i = steps.length - 1; i >= 0; i--) {
          const access = steps[i] as number // from below length down to 0
          const step = placeOf(access)
          if (!clash(access, touch)) continue
          const wrote = doneTo(access) === WRITING
          if (this.clocks.isBefore(step, at)) {
            if (wrote) break
            continue
          }
          if (refused.includes(step)) continue
          if (this.history.wouldHold(machine, task, guarded, step)) {
            if (wrote) break
            continue
          }
          refused.push(step)
          // Were it open again without others beside, turning round two steps at a time would never come to that.
          if (updates(access) && !(machine.rises(task) && this.history.added(place, i) === 1))
            this.places.takeStrictly(place)
        }
      }
    }
    return refused
  }

  /** Lists the steps behind that one which do not come after it. Returns how many they are. */
  notAfter(step: number, steps: number[], events: Event[]): number {
    const { nodes, clocks } = this
    let count = 0
    for (let i = step + 1; i < nodes.length; i++) {
      const { sequence, event } = nodes[i] as Node // below length
      if (sequence === 0 || clocks.isBefore(step, i)) continue
      steps[count] = i
      events[count] = event
      count += 1
    }
    return count
  }

  /** The steps that come after no `assume` that does not hold, and then the first of those; `null`: that was their order. */
  unforsaken(): readonly Event[] | null {
    const { nodes, clocks } = this
    const events: Event[] = []
    const forsaking: number[] = []
    let isNew = false
    for (let i = 0; i < nodes.length; i++) {
      const { sequence, event, forsakes } = nodes[i] as Node // below length
      if (sequence === 0) break
      if (forsakes) forsaking.push(i)
      if (forsaking.some((step) => clocks.isBefore(step, i))) continue
      if (forsaking.length > 0) isNew = true
      events.push(event)
    }
    const first = nodes[forsaking[0] ?? -1]
    if (!isNew || first === undefined) return null
    events.push(first.event)
    return events
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
