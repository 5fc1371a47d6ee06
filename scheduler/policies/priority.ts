import { invariant, type Machine, type Task } from '../../kernel/index.ts'
import type { Decider } from '../decider.ts'
import { RunQueue } from './queue.ts'
import { passTime, timerIsDue } from './time.ts'

/** The threads of one priority that are ready: the one that a more urgent one has put off, before those in line. */
interface Level {
  readonly priority: number
  preempted: Task | null
  readonly queue: RunQueue
}

/**
 * Fixed priorities: whoever is most urgent runs until it waits, ends or yields; a more urgent one that becomes ready
 * takes the CPU from it at once. Among equals first come, first served, and who is put off keeps its place at the head.
 * These are the rules of SCHED_FIFO: IEEE Std 1003.1-2017, XSH 2.8.4; sched(7). One CPU; time as under `rr`.
 */
export function priority(): Decider {
  /** The most urgent first. */
  let levels: Level[] = []
  let running: Task | null = null
  let machine: Machine | null = null

  function levelOf(task: Task): Level {
    const process = machine?.state.processes[task.thread.process]
    invariant(process !== undefined, 'a thread belongs to a process that exists', task.id)
    const urgency = process.priority
    const at = levels.findIndex((level) => level.priority <= urgency)
    const found = levels[at]
    if (found !== undefined && found.priority === urgency) return found
    const level: Level = { priority: urgency, preempted: null, queue: new RunQueue() }
    levels.splice(at < 0 ? levels.length : at, 0, level)
    return level
  }

  /** The most urgent ready thread above `floor`, out of its line. */
  function take(floor: number): Task | null {
    for (const level of levels) {
      if (level.priority <= floor) return null
      const first = level.preempted
      level.preempted = null
      if (first !== null && first.slot >= 0) return first
      const next = level.queue.take()
      if (next !== null) return next
    }
    return null
  }

  function next(machine: Machine): number {
    passTime(machine)
    if (running !== null && running.slot < 0) running = null // it waits, and gets in line anew
    if (timerIsDue(machine)) return machine.ready.size
    if (running !== null && running === machine.actor && machine.kind !== 'timer') {
      if (machine.call?.def.name === 'yield') {
        levelOf(running).queue.put(running)
        running = null
      }
    }
    if (running === null) {
      running = take(Number.NEGATIVE_INFINITY)
      return running === null ? machine.ready.size : running.slot
    }
    const level = levelOf(running)
    const urgent = take(level.priority)
    if (urgent !== null) {
      level.preempted = running
      running = urgent
    }
    return running.slot
  }

  return {
    name: 'priority',
    keepsTime: true,
    complete: false,
    begin(simulation, index) {
      machine = simulation.machine
      levels = []
      running = null
      const { ready } = machine
      for (let i = 0; i < ready.size; i++) levelOf(ready.at(i)).queue.put(ready.at(i))
      machine.onReady = (task) => levelOf(task).queue.put(task)
      return index === 0
    },
    next,
    pick: () => 0,
  }
}
