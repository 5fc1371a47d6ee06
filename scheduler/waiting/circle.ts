import { Footprint, type Id, type Machine, type Simulation, type Task } from '../../kernel/index.ts'
import { circlesIn } from './graph.ts'
import type { Ledger } from './ledger.ts'

/**
 * Who can never go on again, while others may: a wait is for ever when each of those who could end it has ended or waits
 * for ever as well. Exactly so where calls know who that is (`blockers`): a mutex has an owner, a link a peer.
 *
 * What we take for granted: nobody unlocks another's mutex, and nobody kills whom somebody waits for. A scenario that
 * means to break such a circle from outside says `deadlocks: 'total'`.
 */

/** Threads that wait for ever, and for whom. */
export interface Standstill {
  /** In the order in which the threads came to be. */
  readonly stuck: readonly Id[]
  /** Those of them who wait for themselves or for each other, each circle in the order of its waits. */
  readonly circles: readonly (readonly Id[])[]
  /** Of each, who could have ended its wait, the ended ones too; empty where nobody is known. */
  readonly waitsFor: ReadonlyMap<Id, readonly Id[]>
}

/** Who could end the wait of a thread; `null` when that may be anybody. */
type Enders = (machine: Machine, task: Task) => readonly Id[] | null

/** With more threads than this not all are looked at when one ends: what that has closed is seen at the end of the run. */
const THREADS_MAX = 256

/**
 * Whether the step just taken, or the end of a thread in it, has left anybody waiting for ever. To be asked after every
 * step: then a new circle leads through a thread whose wait began in it. That is the actor, who waits now, for if it
 * took what another stands before, it is the one waited for; or somebody whom it woke or made. Or it leads through no
 * such thread, and somebody has ended.
 */
export function closedCircle(machine: Machine): boolean {
  const { actor, kernel, tasks } = machine
  if (actor !== null && leadsNowhere(machine, actor)) return true
  for (const id of kernel.woken) if (leadsNowhere(machine, tasks.get(id))) return true
  for (const { thread } of kernel.spawned) if (leadsNowhere(machine, tasks.get(thread))) return true
  if (kernel.ended.length === 0 || tasks.size > THREADS_MAX) return false
  for (const task of tasks.values()) if (!hasWayOut(machine, task)) return stuckOf(machine, known).size > 0
  return false
}

function leadsNowhere(machine: Machine, task: Task | undefined): boolean {
  if (task === undefined || hasWayOut(machine, task)) return false
  return settle(machine, followed(machine, task, known)).size > 0
}

/** Whether it is seen at once that it does not wait for ever: nearly always somebody who could end its wait could go on right now. */
function hasWayOut(machine: Machine, task: Task): boolean {
  if (task.slot >= 0 || task.pending?.def.blockers === undefined) return true
  const blockers = known(machine, task)
  if (blockers === null) return true
  for (const id of blockers) if ((machine.tasks.get(id)?.slot ?? -1) >= 0) return true
  return false
}

/** Who waits for ever while others may go on, as `blockers` tells. */
export function standstill(simulation: Simulation): Standstill {
  return among(simulation.machine, stuckOf(simulation.machine, known))
}

/**
 * The same as far as a ledger tells, for the end of a run that is not over: whoever has not gone on in the second half of
 * it waits for those who hold what it needs, and for those who have ever given it.
 */
export function longStandstill({ machine }: Simulation, ledger: Ledger): Standstill {
  return among(
    machine,
    stuckOf(machine, (_, task) => guessed(machine, task, ledger, machine.steps / 2)),
  )
}

function among(machine: Machine, nodes: ReadonlyMap<Id, readonly Id[]>): Standstill {
  const stuck: Id[] = []
  for (const id of machine.tasks.keys()) if (nodes.has(id)) stuck.push(id)
  const waitsFor = new Map(stuck.map((id) => [id, nodes.get(id) ?? []] as const))
  return { stuck, circles: circlesIn(waitsFor), waitsFor }
}

function stuckOf(machine: Machine, enders: Enders): Map<Id, readonly Id[]> {
  const nodes = new Map<Id, readonly Id[]>()
  for (const task of machine.tasks.values()) {
    const others = enders(machine, task)
    if (others !== null) nodes.set(task.id, others)
  }
  return settle(machine, nodes)
}

/** The thread and whomever it waits for, as far as that is known. */
function followed(machine: Machine, from: Task, enders: Enders): Map<Id, readonly Id[]> {
  const nodes = new Map<Id, readonly Id[]>()
  const due: Task[] = [from]
  for (let task = due.pop(); task !== undefined; task = due.pop()) {
    if (nodes.has(task.id)) continue
    const others = enders(machine, task)
    if (others === null) continue
    nodes.set(task.id, others)
    for (const id of others) {
      const other = machine.tasks.get(id)
      if (other !== undefined && other.slot < 0 && !other.ended) due.push(other)
    }
  }
  return nodes
}

/** Takes out whoever somebody outside could still set free, until nobody is left whom anybody could. */
function settle(machine: Machine, nodes: Map<Id, readonly Id[]>): Map<Id, readonly Id[]> {
  for (let size = -1; size !== nodes.size; ) {
    size = nodes.size
    for (const [id, others] of nodes)
      if (others.some((other) => !nodes.has(other) && lives(machine, other))) nodes.delete(id)
  }
  return nodes
}

const lives = ({ tasks }: Machine, id: Id): boolean => tasks.get(id)?.ended === false

/** Who alone could end the thread's wait, when it waits without end and no signal could end it. */
function known(machine: Machine, task: Task): readonly Id[] | null {
  return isForEver(machine, task) ? blockersOf(machine, task) : null
}

function guessed(machine: Machine, task: Task, ledger: Ledger, before: number): readonly Id[] | null {
  if (ledger.lastStepOf(task.id) > before || !isForEver(machine, task)) return null
  const blockers = blockersOf(machine, task)
  if (blockers !== null) return blockers
  const enders = endersSoFar(machine, task, ledger)
  return enders.length === 0 ? null : enders // of whom nothing is known, anybody may come
}

/** No time-out ends the wait, and nobody may end it by a signal. */
function isForEver(machine: Machine, task: Task): boolean {
  const { pending } = task
  if (pending === null || task.slot >= 0 || task.ended || task.program === null) return false
  const thread = machine.thread(task)
  if ((pending.def.deadline?.(machine.kernel, thread, pending.args) ?? null) !== null) return false
  // Whoever can go on might send a signal; a handler for any of them is enough to say nothing.
  return pending.def.interruptible !== true || !handlesSignals(machine, thread.process)
}

function handlesSignals({ state }: Machine, process: Id): boolean {
  const dispositions = state.processes[process]?.dispositions ?? {}
  for (const disposition of Object.values(dispositions)) if (disposition.how === 'handler') return true
  return false
}

const looked = new Footprint()

/** Outside of any step: what is looked at is nobody's footprint. */
function blockersOf(machine: Machine, task: Task): readonly Id[] | null {
  const { kernel } = machine
  const { pending } = task
  if (pending?.def.blockers === undefined) return null
  const before = kernel.footprint
  kernel.footprint = looked
  kernel.walker = task
  looked.clear()
  const ids = pending.def.blockers(kernel, machine.thread(task), pending.args)
  kernel.footprint = before
  return ids
}

/** Who holds what the thread waits for, or has ever given it, or taken it where the thread waits to give. */
function endersSoFar(machine: Machine, task: Task, ledger: Ledger): readonly Id[] {
  const { pending } = task
  const subject = pending?.def.subject?.(machine.kernel, machine.thread(task), pending.args)
  if (pending === null || subject === undefined) return []
  const marks =
    pending.def.does === 'gives' ? ledger.takers(subject) : [...ledger.holders(subject), ...ledger.givers(subject)]
  return [...new Set(marks.map(({ thread }) => thread))]
}
