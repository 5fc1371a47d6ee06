import { BadInput } from '../../kernel/index.ts'
import { isPreemption } from '../choice.ts'
import type { Decider } from '../decider.ts'

/** One point of the path: which option is taken, and how many there are. */
interface Point {
  taken: number
  readonly count: number
  /** Before it; what it spends itself is not in it. */
  readonly preemptions: number
  /** Which options preempt: those from here on, up to `end`. */
  readonly from: number
  readonly end: number
}

export interface DfsOptions {
  /** Only schedules with at most so many preemptions: first those with none, then those with at most one, and so on. Default: every schedule. */
  readonly preemptions?: number
  /** Whether faults may strike. Default: as the scenario allows. */
  readonly faults?: boolean
}

const MILLION = 1_000_000n

/**
 * Depth-first search through every schedule there is: at each point the options are taken in turn, the last point
 * first. It is complete when no point has an option left. With a bound on preemptions it is iterative context bounding:
 * the bound goes up by one whenever all within it are made, and the search is complete when the bound left nothing out.
 * Musuvathi, Qadeer, Iterative context bounding for systematic testing of multithreaded programs, PLDI 2007; there each
 * bound goes on where the one before stopped, here it begins anew, which keeps nothing but the path.
 */
export function dfs({ preemptions: boundMax = Number.POSITIVE_INFINITY, faults = true }: DfsOptions = {}): Decider {
  const bounded = boundMax !== Number.POSITIVE_INFINITY
  const path: Point[] = []
  let bound = bounded ? 0 : boundMax
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

  const preempts = ({ from, end }: Point, option: number): boolean => option >= from && option < end

  /** Moves the last point that has an option left on to it. */
  function backtrack(): boolean {
    for (let point = path.at(-1); point !== undefined; point = path.at(-1)) {
      point.taken += 1
      if (preempts(point, point.taken) && point.preemptions >= bound) {
        leftOut = true
        point.taken = point.end
      }
      if (point.taken < point.count) return true
      path.pop()
    }
    return false
  }

  /** Whether there is a bound left to search within. */
  function widen(): boolean {
    if (bounded) made = bound
    if (!leftOut) {
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
