import { BadInput, type Looks, type Machine, type PickKind, type Simulation, type Task } from '../../../kernel/index.ts'
import { optionOf, TIMER, threadOfChoice } from '../../choice.ts'
import type { Decider } from '../../decider.ts'
import { dependent, type Event, NOBODY, type Strict, same, unknown } from './event.ts'
import { type Beforehand, type Node, Path } from './path.ts'
import { Picked } from './picked.ts'
import { type Blocked, isAsleep, Races, type Reversals } from './races.ts'
import { shareOf } from './share.ts'
import { Sources } from './source.ts'
import { Branch } from './tree.ts'
import { Unseen } from './unseen.ts'

export interface DporOptions {
  /** By source sets, without wake-up trees: some runs are given up as they had been made in another order. Default: no. */
  readonly source?: boolean
  /** Steps that come to the same in either order, though they touch the same, are not tried in both. Default: no. */
  readonly refined?: boolean
}

/**
 * Dynamic partial-order reduction: of all schedules that differ only in the order of steps that have nothing to do with
 * each other, one is made. Abdulla, Aronis, Jonsson, Sagonas, Source sets: a foundation for optimal dynamic partial order
 * reduction, JACM 64(4), 2017: the optimal algorithm, with wake-up trees, which makes no schedule in vain.
 *
 * Departures from the paper: races are looked for when a run is over, and all of them again after each; calls that wait
 * are turned round only with what they could have been made before, for which their guards are asked about earlier states;
 * timers and faults are actors of their own. Where a step makes another impossible, it does so as a race does: the other
 * is tried in its place, and behind all that does not come after it. What that would touch is not known before it was
 * made, so that some runs turn out to have been made in another order, and are given up: with faults, kills, and `wait`.
 *
 * A fault need not happen, so what comes first without it is never covered by what comes first with it. Where nobody
 * else can go on it may strike all the same, if it could as well have struck before some step: only then whether it can
 * does not hang on the order of steps that have nothing to do with each other.
 */
export function dpor({ source = false, refined = false }: DporOptions = {}): Decider {
  /** Since the first step that made another impossible, in any case. */
  let bySource = source
  const strict: Strict | null = refined ? new Set() : null
  let strictKnown = 0
  let path = new Path(strict)
  let races = reversals()
  /** Steps that the run under way shares with the one before. */
  let shared = 0
  let depth = 0
  let beforehand: Beforehand = NOTHING_KNOWN
  const picked = new Picked()
  let exhausted = false
  let cut = false
  let looks: Looks | null = null
  /** Steps that end who waits, by their names, timers and faults by one: before those it is noted who does. When one is met that was not known all begins anew. */
  const enders = new Set([TIMER])
  let ender = ''
  let standing: readonly Blocked[] = NONE_BLOCKED
  let missed = false
  /** Of the last run, what is to be made once more: without what came after an `assume` that did not hold, which is made last. */
  let due: readonly Event[] | null = null
  /** The same for the run under way; `null`: it is a run like any other. */
  let once: readonly Event[] | null = null
  /** Runs since the search began, or was begun anew. */
  let made = 0

  function reversals(): Reversals {
    return bySource ? new Sources(path) : new Races(path)
  }

  function next(machine: Machine): number {
    if (once !== null) return onceMore(machine, once)
    if (depth < shared) return again(machine)
    absorb(machine)
    const node = path.nodes[depth] ?? enter(machine)
    const plan = planned(machine, node)
    if (plan === null) return -1
    node.event = plan
    node.option = optionOf(machine, path.names[plan.actor] ?? '')
    if (node.option < 0) throw changed()
    path.unseen?.before()
    ender = node.option < machine.ready.size ? (machine.ready.at(node.option).pending?.def.name ?? '') : TIMER
    standing = enders.has(ender) ? blocked(machine, depth) : NONE_BLOCKED
    look(machine, node)
    path.noteReady(machine)
    picked.begin(plan, node.sleep)
    depth += 1
    return node.option
  }

  function onceMore(machine: Machine, steps: readonly Event[]): number {
    const event = steps[depth] as Event // the last one ends the run
    depth += 1
    picked.begin(event, NONE_ASLEEP)
    const option = optionOf(machine, path.names[event.actor] ?? '')
    if (option < 0) throw changed()
    return option
  }

  /** The step that was made there in the run before. */
  function again(machine: Machine): number {
    const { event, option } = path.nodes[depth] as Node // below `shared`
    depth += 1
    picked.begin(event, NONE_ASLEEP)
    const name = path.names[event.actor] ?? ''
    // Options stand as they stood then; only for timers and faults, where it takes longer to tell, is that not looked at.
    if (option < machine.ready.size && machine.ready.at(option).id === name) return option
    const other = optionOf(machine, name)
    if (other < 0) throw changed()
    return other
  }

  /** Puts the step just made behind the others, unless it is there from the run before. */
  function absorb(machine: Machine): void {
    if (depth <= shared) return
    const node = path.nodes[depth - 1]
    if (node === undefined || node.sequence !== 0) return
    path.add(node, machine, picked.picks, picked.counts, beforehand)
    const { reaches } = node.event
    node.cut = reaches.length === 0 ? NONE_BLOCKED : standing.filter(({ event }) => reaches.includes(event.actor))
    if (reaches.length > 0 && machine.abandoned.length > 0 && !enders.has(ender)) {
      enders.add(ender)
      missed = true
    }
    const branch = node.branches[0]
    if (branch !== undefined) branch.event = node.event
  }

  function enter(machine: Machine): Node {
    const parent = path.nodes.at(-1)
    const node = path.enter(parent?.branches[0]?.children ?? [])
    node.optional = path.optionalOf(machine)
    if (parent === undefined) return node
    for (let i = 0; i < parent.sleep.length; i++) {
      const event = parent.sleep[i] as Event // below length
      if (!dependent(event, parent.event, path.places)) node.sleep.push(event)
    }
    noteLost(parent, node.optional)
    return node
  }

  /** What is to be done here: what the wake-up tree says, or anything that is not asleep. */
  function planned(machine: Machine, node: Node): Event | null {
    for (;;) {
      const [branch] = node.branches
      if (branch === undefined) break
      if (optionOf(machine, path.names[branch.event.actor] ?? '') >= 0) return branch.event
      // Only where the state before could not be known is something planned that can't happen.
      node.branches.shift()
      if (node.done.length > 0 && node.branches.length === 0) return null
    }
    const actor = free(machine, node)
    if (actor < 0) return null
    const event = unknown(actor)
    node.branches.push(new Branch(event))
    return event
  }

  /**
   * The running thread or the next timer, if it is not asleep. Faults are tried where a race asks for them, and where all
   * else is asleep: what comes without them is explored elsewhere.
   */
  function free(machine: Machine, { sleep, optional }: Node): number {
    const { ready, ordinary } = machine
    for (let option = 0; option < ordinary; option++) {
      const actor = option < ready.size ? path.actor(ready.at(option).id) : (optional[0] ?? -1)
      if (!isAsleep(sleep, actor)) return actor
    }
    return ordinary === 0 ? -1 : (optional.find((actor) => !isAsleep(sleep, actor)) ?? -1)
  }

  /** Before the step is made: with what it could be turned round. */
  function look(machine: Machine, { option, event }: Node): void {
    beforehand = NOTHING_KNOWN
    const at = path.nodes.length - 1
    if (option < machine.ready.size) {
      const task = machine.ready.at(option)
      const guard = machine.guardOf(task)
      if (guard !== null)
        beforehand = { refused: path.refusals(at, task, path.places.touchedBy(guard), machine), looked: NOBODY }
      return
    }
    const { actor } = event
    const refused: number[] = []
    const name = path.names[actor] ?? ''
    const task = machine.tasks.get(threadOfChoice(name))
    // Its thread's own last step armed a timer, which can come earlier, too, as far as what comes before it lets it.
    const armed = task !== undefined && name.startsWith(TIMER) ? path.lastOf(task.id) : -1
    path.nodes.forEach(({ optional }, step) => {
      if (step > armed ? !optional.includes(actor) : path.clocks.isBefore(step, armed)) refused.push(step)
    })
    const guard = task === undefined ? null : machine.guardOf(task)
    beforehand = { refused, looked: guard === null ? NOBODY : path.places.touchedBy(guard) }
  }

  /** The calls in which threads wait: they, too, could have come earlier. */
  function blocked(machine: Machine, at: number): readonly Blocked[] {
    if (machine.alive === 0) return NONE_BLOCKED
    const found: Blocked[] = []
    for (const task of machine.tasks.values()) {
      const event = blockedCall(machine, task)
      if (event === null) continue
      const refused = path.refusals(at, task, event.touched ?? NOBODY, machine)
      found.push({ event, races: path.standing(at, event, refused) })
    }
    return found
  }

  function blockedCall(machine: Machine, task: Task): Event | null {
    if (task.ended || task.slot >= 0 || task.program === null) return null
    const guard = machine.guardOf(task)
    if (guard === null) return null
    const touched = path.places.touchedBy(guard)
    return { ...unknown(path.actor(task.id)), touched }
  }

  /** The next branch that is left, the deepest first. */
  function backtrack(): boolean {
    for (let node = path.nodes.at(-1); node !== undefined; node = path.nodes.at(-1)) {
      const branch = node.sequence > 0 ? node.branches.shift() : undefined
      if (branch !== undefined) {
        node.sleep.push(node.event)
        node.done.push(node.event)
        races.explored(node, branch.free)
        if (branch.free) tryOthers(node)
        path.unmake(node)
      }
      if (node.branches.length > 0) {
        shared = path.nodes.length - 1
        return true
      }
      path.leave()
      tellParent(node)
    }
    return false
  }

  /** What is known of steps from here is known of them before the step that led here, too, if that does not matter to them. */
  function tellParent({ done, known }: Node): void {
    const parent = path.nodes.at(-1)
    if (parent === undefined || !path.loses) return
    for (const event of [...done, ...known])
      if (!dependent(event, parent.event, path.places) && !parent.known.some((one) => same(one, event)))
        parent.known.push(event)
  }

  /**
   * Where nobody else can go on faults strike that could have struck before some step; those that could not, as they hang
   * on all of them, strike before the steps that they hang on.
   */
  function strikeLate({ sleep, optional, branches }: Node): void {
    for (const actor of optional) {
      if (isAsleep(sleep, actor)) continue
      const event = { ...unknown(actor), touched: path.struck, reaches: path.victimsOf(actor) }
      const at = path.nodes.length - 1
      const standing = path.standing(at, event, NOTHING_KNOWN.refused)
      if (path.isAfterAll(at)) {
        for (const { first } of standing) {
          const rest: Event[] = []
          path.notAfter(first, [], rest)
          races.tryInstead(first, actor, rest)
        }
      } else branches.push(new Branch(unknown(actor)))
    }
  }

  /** The next of what could be picked inside the step just taken back. */
  function tryOthers({ event, branches }: Node): void {
    const picks = Picked.after(event)
    if (picks === null) return
    branches.unshift(new Branch({ ...event, picks, touched: null }))
  }

  return {
    name: `dpor${source ? ':source' : ''}${refined ? ':refined' : ''}`,
    keepsTime: false,
    get needsEnds() {
      return once === null
    },
    reduces: true,
    get complete() {
      return exhausted && !cut
    },
    get share() {
      return exhausted ? 1 : shareOf(path.nodes)
    },
    get traces() {
      return exhausted ? made : null
    },
    begin(simulation, index) {
      depth = 0
      if (index === 0) {
        bySource = source
        due = null
        once = null
        looks = Unseen.isIn(simulation) ? simulation.tell() : null
        if (looks !== null) simulation.start()
        strict?.clear()
      } else {
        once = due
        due = null
        if (once !== null) return true
      }
      const loses = path.loses && !bySource
      if (loses) bySource = true
      if (index > 0 && !loses && path.unseen?.grew !== true && !missed && strictKnown === (strict?.size ?? 0)) {
        exhausted = !backtrack()
        if (!exhausted) made += 1
        return !exhausted
      }
      strictKnown = strict?.size ?? 0
      path = new Path(strict)
      races = reversals()
      path.history.values.begin(simulation.state)
      if (looks !== null) path.unseen = new Unseen(looks, simulation, path.places)
      shared = 0
      made = 1
      missed = false
      exhausted = false
      cut = false
      return true
    },
    next,
    pick: (_kind: PickKind, _thread: string, count: number) => {
      const option = picked.next(count)
      if (option >= count) throw changed()
      return option
    },
    isTooLate(machine) {
      if (once !== null) return false
      absorb(machine)
      if (depth <= shared) return false // it was looked at when it was made first
      return path.isAfterAll(path.nodes.length - 1)
    },
    ended({ machine }: Simulation, ending) {
      if (once !== null) return
      if (ending === 'step limit') cut = true
      if (ending === 'redundant') made -= 1
      if (depth < shared) throw changed()
      absorb(machine)
      const last = path.nodes.at(-1)
      if (last === undefined) return
      if (last.sequence > 0) noteLost(last, NOBODY)
      else if (ending !== 'redundant') strikeLate(last)
      // Also where what was planned can't happen: who waits then was planned too late, and its races are others.
      races.reverse(blocked(machine, path.nodes.length), shared)
      if (machine.doubtful) due = path.unforsaken()
    },
  }
}

const NOTHING_KNOWN: Beforehand = { refused: NOBODY, looked: NOBODY }
const NONE_ASLEEP: readonly Event[] = []
const NONE_BLOCKED: readonly Blocked[] = []

/** Timers and faults that the step has made impossible. */
function noteLost(node: Node, now: readonly number[]): void {
  const { optional, event } = node
  if (optional.length === 0) return
  const lost = optional.filter((actor) => actor !== event.actor && !now.includes(actor))
  node.lost = [...node.lost, ...lost]
}

function changed(): BadInput {
  return new BadInput(
    'the same choices lead to other options than before: a program keeps state between runs, or draws random numbers of its own',
  )
}
