import type { Id, Simulation } from 'ipclab/kernel'

/**
 * Data races by brute force, for programs that synchronise by mutexes, semaphores and atomic accesses alone: each pair of
 * steps is asked whether a chain of edges leads from the one to the other, by following all of them.
 */

export interface Step {
  readonly thread: Id
  readonly word: string | null
  readonly call: string
  readonly order: string
  readonly reads: boolean
  readonly writes: boolean
  readonly done: boolean
}

/** The last step, as far as it matters here: each touches at most one word. */
export function stepOf({ machine }: Simulation): Step {
  const { actor, call, callArgs, outcome, kernel } = machine
  const touch = kernel.footprint.touches().find(({ object }) => /#\d+$/.test(object))
  return {
    thread: actor?.id ?? '',
    word: touch === undefined ? null : `${touch.object}:${touch.part}`,
    call: call?.def.name ?? '',
    order: String(callArgs?.order ?? 'plain'),
    reads: touch?.reads ?? false,
    writes: touch?.writes ?? false,
    done: outcome === 1,
  }
}

const ACCESSES = ['load', 'store', 'rmw', 'compare_exchange', 'await']
const acquires = ({ order }: Step): boolean => ['acquire', 'acq_rel', 'seq_cst'].includes(order)
const releases = ({ order }: Step): boolean => ['release', 'acq_rel', 'seq_cst'].includes(order)
const isAccess = ({ call, done }: Step): boolean => done && ACCESSES.includes(call)
const isAtomic = (step: Step): boolean => isAccess(step) && step.order !== 'plain'

/** Whether the later step comes directly after the earlier. */
function isEdge(steps: readonly Step[], i: number, j: number): boolean {
  const [one, other] = [steps[i] as Step, steps[j] as Step] // both are in it
  if (one.thread === other.thread) return true
  if (one.word === null || one.word !== other.word || !one.done || !other.done) return false
  if (one.call === 'pthread_mutex_unlock') return /^pthread_mutex_(try)?lock$/.test(other.call)
  if (one.call === 'sem_post') return /^sem_(try)?wait$/.test(other.call)
  if (!isAtomic(one) || !isAtomic(other) || !one.writes || !other.reads || !releases(one) || !acquires(other))
    return false
  return heads(steps, i).has(lastWrite(steps, j))
}

/** The write that a step reads from. */
function lastWrite(steps: readonly Step[], j: number): number {
  for (let i = j - 1; i >= 0; i--) {
    const step = steps[i] as Step // below the length
    if (isAccess(step) && step.writes && step.word === steps[j]?.word) return i
  }
  return -1
}

/** The release sequence of RC11: the write, later atomic writes of its thread, and read-modify-writes that read from one of it. */
function heads(steps: readonly Step[], i: number): Set<number> {
  const sequence = new Set([i])
  steps.forEach((step, j) => {
    if (j <= i || !isAtomic(step) || !step.writes || step.word !== steps[i]?.word) return
    if (step.thread === steps[i]?.thread || (step.reads && sequence.has(lastWrite(steps, j)))) sequence.add(j)
  })
  return sequence
}

function comesBefore(steps: readonly Step[], i: number, j: number): boolean {
  const reached = new Set([i])
  for (let k = i + 1; k <= j; k++) if ([...reached].some((from) => isEdge(steps, from, k))) reached.add(k)
  return reached.has(j)
}

const conflict = (one: Step, other: Step): boolean =>
  one.thread !== other.thread &&
  one.word !== null &&
  one.word === other.word &&
  (one.writes || other.writes) &&
  ((isAccess(one) && !isAtomic(one)) || (isAccess(other) && !isAtomic(other)))

/** A later access of the word that races with whatever this one races with. */
const standsFor = (later: Step, earlier: Step): boolean =>
  later.word === earlier.word &&
  (later.writes || !earlier.writes) &&
  ((isAccess(later) && !isAtomic(later)) || isAtomic(earlier) || !isAccess(earlier))

/** The pairs of steps (from 1) that race, where no access between them that comes after the first one stands for it. */
export function racesOf(steps: readonly Step[]): string[] {
  const races: string[] = []
  for (let j = 0; j < steps.length; j++)
    for (let i = 0; i < j; i++) {
      if (!conflict(steps[i] as Step, steps[j] as Step) || comesBefore(steps, i, j)) continue
      let hidden = false
      for (let k = i + 1; k < j; k++)
        hidden ||= standsFor(steps[k] as Step, steps[i] as Step) && comesBefore(steps, i, k)
      if (!hidden) races.push(`${i + 1} ${j + 1}`)
    }
  return races
}

/** Pairs of conflicting accesses that come one directly after the other. */
export function adjacent(steps: readonly Step[]): string[] {
  const pairs: string[] = []
  for (let j = 1; j < steps.length; j++)
    if (conflict(steps[j - 1] as Step, steps[j] as Step)) pairs.push(`${j} ${j + 1}`)
  return pairs
}
