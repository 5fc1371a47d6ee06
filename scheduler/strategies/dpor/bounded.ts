import { BadInput, type Looks, type Machine, type Simulation } from '../../../kernel/index.ts'
import { choiceOf, isPreemption, threadOfChoice } from '../../choice.ts'
import type { Decider } from '../../decider.ts'
import { dependent, type Event, Places, reachedBy, unknown } from './event.ts'
import { Unseen } from './unseen.ts'

/** One point of the run: a step, or a choice inside one. */
interface Point {
  taken: number
  /** The options that are to be taken, and those that were, the last one too. */
  readonly wanted: boolean[]
  readonly done: boolean[]
  /** Preemptions before it; and which options preempt: those from here on, up to `end`. */
  readonly spent: number
  readonly from: number
  readonly end: number
  /** Of a step, who takes it with each option; `null`: it is inside a step. */
  readonly actors: readonly number[] | null
  /** The step; `null`: not yet made as it is now. */
  event: Event | null
  /** It has kept somebody from going on, or ended a wait, so that what that one would have done is not known. */
  cuts: boolean
}

/**
 * Partial-order reduction within a bound on preemptions, which goes up by one whenever all within it are made. Coons,
 * Musuvathi, McKinley, Bounded partial-order reduction, OOPSLA 2013: where a step could be turned round with an earlier
 * one, its thread is tried before that one, and also where that one's thread was last switched to, for there it costs
 * no preemption that was not paid anyway. No step sleeps: what is equal but for its order may be within the bound or not.
 *
 * More is tried than there: a step counts against every earlier one that it depends on, whatever comes between; and
 * everything is where timers and faults could strike, and before a step that ends others or their waits, and in a run that
 * ends before all has been done.
 */
export function boundedDpor(boundMax: number): Decider {
  let places = new Places()
  let numbers = new Map<string, number>()
  let isThread: boolean[] = []
  let unseen: Unseen | null = null
  let looks: Looks | null = null
  let points: Point[] = []
  /** Points that the run under way shares with the one before, but for what is taken at the last of them. */
  let shared = 0
  let depth = 0
  let spent = 0
  let bound = 0
  let made: number | null = null
  let leftOut = false
  let cut = false
  let exhausted = false
  /** The point of the step under way. */
  let step: Point | null = null

  function numberOf(name: string): number {
    let number = numbers.get(name)
    if (number === undefined) {
      number = numbers.size
      numbers.set(name, number)
      isThread.push(threadOfChoice(name) === name)
    }
    return number
  }

  function next(machine: Machine): number {
    absorb(machine)
    const point = points[depth] ?? enter(machine)
    if (point.wanted.length !== machine.options || point.actors === null) throw changed()
    step = point
    if (point.event === null) unseen?.before()
    return take(point)
  }

  function take(point: Point): number {
    depth += 1
    if (preempts(point, point.taken)) spent += 1
    return point.taken
  }

  function enter(machine: Machine): Point {
    const { options, ready, ordinary } = machine
    const preempting = options > 1 && isPreemption(machine, 1)
    const actors: number[] = []
    for (let option = 0; option < options; option++) actors.push(numberOf(choiceOf(machine, option)))
    const point = pointOf(options, actors, preempting ? 1 : 0, preempting ? ordinary : 0)
    if (options > ready.size) point.wanted.fill(true)
    return point
  }

  function pick(count: number): number {
    if (count === 1) return 0
    const point = points[depth] ?? pointOf(count, null, 0, 0)
    if (point.wanted.length !== count || point.actors !== null) throw changed()
    point.wanted.fill(true)
    return take(point)
  }

  function pointOf(count: number, actors: readonly number[] | null, from: number, end: number): Point {
    const wanted = Array.from({ length: count }, (_, option) => option === 0)
    const point = { taken: 0, wanted, done: [...wanted], spent, from, end, actors, event: null, cuts: false }
    points.push(point)
    return point
  }

  /** Notes what the step just made touched, unless it is there from the run before. */
  function absorb(machine: Machine): void {
    if (step === null || step.event !== null || step.actors === null) return
    const actor = step.actors[step.taken] as number // it was taken
    const touched = places.touchedBy(machine.kernel.footprint)
    unseen?.add(touched, machine)
    const reaches = reachedBy(actor, machine, numberOf)
    step.event = { ...unknown(actor), touched, reaches }
    step.cuts = isThread[actor] !== true || machine.abandoned.length > 0 || machine.kernel.ended.some(isOther(machine))
  }

  /** Asks for what could be turned round in the run that is over. */
  function reverse(machine: Machine): void {
    const steps = points.filter(({ actors }) => actors !== null)
    const from = Math.max(0, points.slice(0, shared).filter(({ actors }) => actors !== null).length - 1)
    steps.forEach(({ event, cuts }, at) => {
      if (at < from || event === null) return
      if (cuts) for (let before = 0; before <= at; before++) steps[before]?.wanted.fill(true)
      turn(steps, at, event)
    })
    for (const task of machine.tasks.values()) {
      if (task.ended || task.program === null) continue
      // What somebody would have done who could go on is not known; and who waits for ever a fault might have set free, while others went on.
      if (task.slot >= 0 || machine.faultBook !== null) for (const { wanted } of steps) wanted.fill(true)
      const guard = task.slot >= 0 ? null : machine.guardOf(task)
      if (guard !== null) turn(steps, steps.length, { ...unknown(numberOf(task.id)), touched: places.touchedBy(guard) })
    }
  }

  /** The step, which comes there, is tried before each that it depends on. */
  function turn(steps: readonly Point[], at: number, event: Event): void {
    for (let first = at - 1; first >= 0; first--) {
      const other = steps[first]?.event ?? null
      if (other === null || other.actor === event.actor || !dependent(other, event, places)) continue
      want(steps[first], event.actor)
      // And before what its thread did until then: where it began to, or where anybody could have gone on at no cost.
      let begin = first
      const whose = isThread[other.actor] === true ? other.actor : null
      for (; begin > 0 && goesOn(steps[begin - 1]?.event ?? null, whose); begin--)
        if (steps[begin]?.end === 0) want(steps[begin], event.actor)
      want(steps[begin], event.actor)
    }
  }

  const goesOn = (event: Event | null, whose: number | null): boolean =>
    event !== null && (isThread[event.actor] !== true || whose === null || event.actor === whose)

  function want(point: Point | undefined, actor: number): void {
    if (point === undefined) return
    const option = point.actors?.indexOf(actor) ?? -1
    if (option < 0) point.wanted.fill(true)
    else point.wanted[option] = true
  }

  /** The next option that is wanted, at the last point that has one. */
  function backtrack(): boolean {
    for (let point = points.at(-1); point !== undefined; point = points.at(-1)) {
      for (let option = 0; option < point.wanted.length; option++) {
        if (point.wanted[option] !== true || point.done[option] === true) continue
        if (preempts(point, option) && point.spent >= bound) {
          leftOut = true
          continue
        }
        point.taken = option
        point.done[option] = true
        shared = points.length
        const under = points.findLast(({ actors }) => actors !== null)
        if (under !== undefined) under.event = null
        return true
      }
      points.pop()
    }
    return false
  }

  /** Whether there is a bound left to search within. */
  function widen(): boolean {
    made = bound
    exhausted = !leftOut
    if (exhausted || bound >= boundMax) return false
    bound += 1
    return true
  }

  function anew(simulation: Simulation): void {
    places = new Places()
    numbers = new Map()
    isThread = []
    points = []
    shared = 0
    leftOut = false
    unseen = looks === null ? null : new Unseen(looks, simulation, places)
  }

  return {
    name: `dpor:preemptions=${boundMax}`,
    keepsTime: false,
    reduces: true,
    get complete() {
      return exhausted && !cut
    },
    get bound() {
      return made
    },
    begin(simulation, index) {
      depth = 0
      spent = 0
      step = null
      if (index === 0) {
        looks = Unseen.isIn(simulation) ? simulation.tell() : null
        if (looks !== null) simulation.start()
        bound = 0
        made = null
        cut = false
        exhausted = false
      } else if (unseen?.grew !== true) {
        if (backtrack()) return true
        if (!widen()) return false
      }
      anew(simulation)
      return true
    },
    next,
    pick: (_kind, _thread, count) => pick(count),
    ended({ machine }, ending) {
      if (ending === 'step limit') cut = true
      if (depth < shared) throw changed()
      absorb(machine)
      reverse(machine)
    },
  }
}

const preempts = ({ from, end }: Point, option: number): boolean => option >= from && option < end

const isOther =
  ({ actor }: Machine) =>
  (id: string): boolean =>
    id !== actor?.id

function changed(): BadInput {
  return new BadInput(
    'the same choices lead to other options than before: a program keeps state between runs, or draws random numbers of its own',
  )
}
