import { dependent, type Event, type Places, same } from './event.ts'

/**
 * Wake-up trees: what is still to be explored from a point, as sequences of steps that share their beginnings.
 * Abdulla, Aronis, Jonsson, Sagonas, Optimal dynamic partial order reduction, POPL 2014, section 6.
 */

export interface Branch {
  /** Not asked for by a race: whatever else could be picked inside its step is to be tried, too. */
  readonly free: boolean
  event: Event
  /** In the order in which they will be explored. */
  readonly children: Branch[]
}

/** What a step is to a sequence: its place in it, if it could as well come first; or it is not in it, and could. */
export const NOT_FIRST = -2
export const ABSENT = -1

/**
 * Where the step stands in the sequence, if it could come first there: nothing before it hangs together with it.
 * `ABSENT`: it is not in the sequence, and hangs together with nothing in it. `NOT_FIRST` otherwise.
 */
export function initial(step: Event, sequence: readonly Event[], places: Places): number {
  for (let i = 0; i < sequence.length; i++) {
    const other = sequence[i] as Event // below length
    if (other.actor === step.actor) return same(step, other) ? i : NOT_FIRST
    if (dependent(step, other, places)) return NOT_FIRST
  }
  return ABSENT
}

/**
 * Puts a sequence among the branches, unless what is there already leads to all that it would. The branches stay in
 * their order; a new one comes last.
 */
export function insert(sequence: readonly Event[], branches: Branch[], places: Places): void {
  let level = branches
  let rest = sequence
  for (;;) {
    const found = descend(rest, level, places)
    if (found === null) {
      if (rest.length > 0) level.push(chain(rest))
      return
    }
    // A leaf is explored freely from there on, and that leads to everything.
    if (found.branch.children.length === 0) return
    level = found.branch.children
    rest = found.rest
  }
}

function descend(
  rest: readonly Event[],
  level: readonly Branch[],
  places: Places,
): { branch: Branch; rest: readonly Event[] } | null {
  for (const branch of level) {
    const at = initial(branch.event, rest, places)
    if (at === NOT_FIRST) continue
    return { branch, rest: at === ABSENT ? rest : [...rest.slice(0, at), ...rest.slice(at + 1)] }
  }
  return null
}

function chain(sequence: readonly Event[]): Branch {
  let branch: Branch | null = null
  for (let i = sequence.length - 1; i >= 0; i--)
    branch = { event: sequence[i] as Event, children: branch === null ? [] : [branch], free: false } // from below length down to 0
  return branch as Branch // a chain of at least one step
}

/** Takes out what begins with the step, as far as order matters: it has been explored, and nobody knew beforehand what it would touch. */
export function prune(branches: Branch[], explored: Event, places: Places): void {
  const kept = branches.filter((branch) => !isCovered(branch, [], explored, places))
  branches.splice(0, branches.length, ...kept)
}

/** Whether all that the branch leads to is covered; what of it is, is taken out. */
function isCovered(branch: Branch, before: readonly Event[], explored: Event, places: Places): boolean {
  const sequence = [...before, branch.event]
  const { children } = branch
  if (children.length === 0) return initial(explored, sequence, places) !== NOT_FIRST
  const kept = children.filter((child) => !isCovered(child, sequence, explored, places))
  children.splice(0, children.length, ...kept)
  return kept.length === 0
}
