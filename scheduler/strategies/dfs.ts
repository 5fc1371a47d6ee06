import { BadInput } from '../../kernel/index.ts'
import { isPreemption } from '../choice.ts'
import type { Decider } from '../decider.ts'

/** One point of the path: which option is taken, and how many there are. */
export interface Point {
  readonly taken: number
  readonly count: number
  /** Before it; what it spends itself is not in it. */
  readonly preemptions: number
  /** Which options preempt: those from here on, up to `end`. */
  readonly from: number
  readonly end: number
}

/**
 * A part of a search, as plain data: the schedules that begin like the path and go on above its `floor` as it does. They
 * can be made anywhere, whatever becomes of the other parts.
 */
export interface DfsPart {
  /** On preemptions. */
  readonly bound: number
  readonly path: readonly Point[]
  readonly floor: number
}

export interface DfsOptions {
  /** Only schedules with at most so many preemptions: first those with none, then those with at most one, and so on. Default: every schedule. */
  readonly preemptions?: number
  /** Whether faults may strike. Default: as the scenario allows. */
  readonly faults?: boolean
}

export interface Dfs extends Decider {
  readonly boundMax: number
  /** The same search from its beginning, of a part alone. */
  of(part: DfsPart | null): Dfs
  /** Something was left out, as it has more preemptions than the bound allows. */
  readonly leftOut: boolean
  /** When `begin` has said yes to a run that is not to be made here: the part that holds it, and all that comes after that one. */
  rest(): { readonly first: DfsPart; readonly after: DfsPart }
}

const MILLION = 1_000_000n

/**
 * Depth-first search through every schedule there is: at each point the options are taken in turn, the last point
 * first. It is complete when no point has an option left. With a bound on preemptions it is iterative context bounding:
 * the bound goes up by one whenever all within it are made, and the search is complete when the bound left nothing out.
 * Musuvathi, Qadeer, Iterative context bounding for systematic testing of multithreaded programs, PLDI 2007; there each
 * bound goes on where the one before stopped, here it begins anew, which keeps nothing but the path.
 */
export function dfs(options: DfsOptions = {}, part: DfsPart | null = null): Dfs {
  const { preemptions: boundMax = Number.POSITIVE_INFINITY, faults = true } = options
  const bounded = boundMax !== Number.POSITIVE_INFINITY
  const path: Point[] = [...(part?.path ?? [])]
  const floor = part?.floor ?? 0
  let bound = part?.bound ?? (bounded ? 0 : boundMax)
  /** The shortest that the path has become. */
  let shortest = Number.POSITIVE_INFINITY
  let depth = 0
  let spent = 0
  /** Within this bound something was left out. */
  let leftOut = false
  let exhausted = false
  let made: number | null = null

  function decide(count: number, from: number, end: number): number {
    const point = path[depth] ?? enter(count, from, end)
    if (point.count !== count)
      throw new BadInput(
        'the same choices lead to other options than before: a program keeps state between runs, or draws random numbers of its own',
      )
    depth += 1
    if (preempts(point, point.taken)) spent += 1
    return point.taken
  }

  function enter(count: number, from: number, end: number): Point {
    const point: Point = { taken: 0, count, preemptions: spent, from, end }
    path.push(point)
    return point
  }

  /** Moves the last point that has an option left on to it. */
  function backtrack(): boolean {
    const left = advance(path, floor, bound)
    leftOut ||= left
    shortest = Math.min(shortest, path.length)
    return path.length > floor
  }

  /** Whether there is a bound left to search within. */
  function widen(): boolean {
    if (bounded) made = bound
    if (!leftOut || part !== null) {
      exhausted = true
      return false
    }
    if (bound >= boundMax) return false
    bound += 1
    leftOut = false
    return true
  }

  /** As if below each point every option led to equally many schedules: Knuth, Estimating the efficiency of backtrack programs, 1975. */
  function share(): number {
    let made = 0n
    let all = 1n
    for (const { taken, count } of path) {
      made = made * BigInt(count) + BigInt(taken)
      all *= BigInt(count)
    }
    return Number((made * MILLION) / all) / Number(MILLION) // whole numbers: it decides how a search goes on
  }

  return {
    name: bounded ? `dfs:preemptions=${boundMax}` : 'dfs',
    keepsTime: false,
    get complete() {
      return exhausted
    },
    get bound() {
      return made
    },
    boundMax,
    of: (other) => dfs(options, other),
    get leftOut() {
      return leftOut
    },
    rest() {
      const top = Math.min(shortest, path.length)
      return {
        first: { bound, path: [...path], floor: Math.max(floor, top - 1) },
        after: { bound, path: path.slice(0, top - 1), floor },
      }
    },
    get share() {
      return bounded ? null : exhausted ? 1 : share()
    },
    begin(_simulation, index) {
      depth = 0
      spent = 0
      return index === 0 || backtrack() || widen()
    },
    // A point with one option is no choice, and is not kept.
    next(machine) {
      const { ordinary } = machine
      const options = faults ? machine.options : ordinary
      if (options === 1) return 0
      // Of a running thread that could go on every other thread's and timer's turn is a preemption; a fault is none.
      return isPreemption(machine, 1) ? decide(options, 1, ordinary) : decide(options, 0, 0)
    },
    pick: (_kind, _thread, count) => (count === 1 ? 0 : decide(count, 0, 0)),
  }
}

const preempts = ({ from, end }: Point, option: number): boolean => option >= from && option < end

/** Makes the path that of the next schedule, or no longer than the floor when there is none; says whether the bound kept it from one. */
function advance(path: Point[], floor: number, bound: number): boolean {
  let leftOut = false
  while (path.length > floor) {
    const point = path.pop() as Point // not empty
    let taken = point.taken + 1
    if (preempts(point, taken) && point.preemptions >= bound) {
      leftOut = true
      taken = point.end
    }
    if (taken >= point.count) continue
    path.push({ ...point, taken })
    break
  }
  return leftOut
}

/** The next part behind the path, what comes after that, and whether the bound left something out before it; no part: there is none. */
export function partAfter({ bound, path, floor }: DfsPart): { part: DfsPart | null; after: DfsPart; leftOut: boolean } {
  const next = [...path]
  const leftOut = advance(next, floor, bound)
  const part = next.length > floor ? { bound, path: next, floor: next.length } : null
  return { part, after: { bound, path: next, floor }, leftOut }
}
