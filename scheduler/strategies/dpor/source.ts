import { type Event, NOBODY, same, unknown } from './event.ts'
import type { Node, Path } from './path.ts'
import { type Blocked, isAsleep, knownOf, type Reversals, undisturbed } from './races.ts'
import { Branch, Sequence } from './tree.ts'

/**
 * What a run that is over asks for by source sets: of each of its races that is new, that something be explored from
 * before its first step with which the other order can begin. What comes behind is left open, so that a run may turn
 * out to have been made in another order, and is given up then. The source-DPOR of the paper (see dpor.ts), algorithm 1;
 * here, too, races are looked for when a run is over, given up or not.
 */
export class Sources implements Reversals {
  readonly #path: Path
  readonly #sequence: Sequence
  readonly #events: Event[] = []
  readonly #steps: number[] = []

  constructor(path: Path) {
    this.#path = path
    this.#sequence = new Sequence(path.places)
  }

  reverse(blocked: readonly Blocked[], shared: number): void {
    const { nodes } = this.#path
    for (let second = shared; second < nodes.length; second++) {
      const { event, races, cut } = nodes[second] as Node // below length
      for (const { first } of races) this.#turn(first, event, second)
      for (const ended of cut) for (const { first } of ended.races) this.#resume(first, ended.event)
    }
    for (const { event, races } of blocked) for (const { first } of races) this.#turn(first, event, nodes.length)
    for (let first = 0; first < nodes.length; first++)
      for (const actor of nodes[first]?.lost ?? NOBODY)
        this.tryInstead(first, actor, undisturbed(this.#path, first, actor))
  }

  /** Whatever comes between the two and not after the first, and then the second. */
  #turn(first: number, second: Event, until: number): void {
    const left = this.#path.notAfter(first, this.#steps, this.#events)
    let count = 0
    while (count < left && (this.#steps[count] as number) < until) count += 1 // below length
    this.#ask(first, second, this.#events, count)
  }

  /** A call that was ended while it waited. */
  #resume(first: number, event: Event): void {
    const rest = undisturbed(this.#path, first, event.actor)
    this.#ask(first, event, rest, rest.length)
  }

  tryInstead(at: number, actor: number, rest: readonly Event[]): void {
    const node = this.#path.nodes[at] as Node // it made something impossible
    const { tried, branches } = node
    this.#path.loses = true
    const possible = knownOf(actor, node)
    if (possible !== null) {
      for (const event of possible) if (event.actor === actor) this.#ask(at, event, rest, rest.length)
      return
    }
    const event = unknown(actor)
    if (!tried.includes(actor)) {
      tried.push(actor)
      branches.push(new Branch(event))
    }
    if (rest.length > 0) this.#ask(at, event, rest, rest.length)
  }

  /** Asks for something with which the sequence can begin, unless there is one among what was explored or will be. */
  #ask(first: number, second: Event, events: readonly Event[], count: number): void {
    const { sleep, branches } = this.#path.nodes[first] as Node // a step of the run
    const sequence = this.#sequence
    sequence.begin(events, count, second)
    const begins = (event: Event): boolean => sequence.initial(event) >= 0
    if (sleep.some(begins) || branches.some(({ event }) => begins(event))) return
    const event = count === 0 ? second : (events[0] as Event) // there is one
    branches.push(new Branch(event))
  }

  /** Nothing that is asleep is explored. */
  explored({ sleep, branches }: Node): void {
    let kept = 0
    for (const branch of branches) {
      const { event } = branch
      if (isAsleep(sleep, event.actor) || sleep.some((one) => same(one, event))) continue
      branches[kept] = branch
      kept += 1
    }
    branches.length = kept
  }
}
