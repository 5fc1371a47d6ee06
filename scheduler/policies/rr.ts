import { BadInput, type Machine, type Task } from '../../kernel/index.ts'
import type { Decider } from '../decider.ts'
import { RunQueue } from './queue.ts'
import { passTime, timerIsDue } from './time.ts'

/**
 * Round robin: whoever is ready runs in turn, each for at most `quantum` steps, then goes to the tail. One CPU; a step
 * takes one unit of virtual time and `compute(n)` n. First come, first served is round robin without an end of the slice.
 * Arpaci-Dusseau, Operating Systems: Three Easy Pieces, chapter 7.
 */
export function rr(quantum: number, name = `rr:quantum=${quantum}`): Decider {
  if (!(quantum >= 1)) throw new BadInput(`the quantum is a whole number of steps of at least 1, not ${quantum}`)
  const queue = new RunQueue()
  let running: Task | null = null
  let used = 0

  function next(machine: Machine): number {
    const { actor } = machine
    passTime(machine)
    if (running !== null && running.slot < 0) running = null // it waits, and gets in line anew
    if (timerIsDue(machine)) return machine.ready.size
    if (running !== null && running.slot >= 0) {
      // Between two of its steps a timer may have fired, which is no step of its.
      const own = running === actor && machine.kind !== 'timer'
      if (own) used += 1
      const yielded = own && machine.call?.def.name === 'yield'
      if (used < quantum && !yielded) return running.slot
      queue.put(running)
    }
    used = 0
    running = queue.take()
    return running === null ? machine.ready.size : running.slot
  }

  return {
    name,
    keepsTime: true,
    complete: false,
    begin(simulation, index) {
      running = null
      used = 0
      queue.follow(simulation.machine)
      return index === 0
    },
    next,
    pick: () => 0,
  }
}

/** First come, first served: a thread runs until it waits or ends. */
export const fifo = (): Decider => rr(Number.POSITIVE_INFINITY, 'fifo')
