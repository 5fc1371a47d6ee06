import type { Numbers } from '../numbers.ts'
import type { Cpu } from './cpu.ts'
import type { Entity } from './entity.ts'
import type { Coming, Policy, RunQueue } from './policy.ts'

/** One run queue that all CPUs take from, or one for each, which take from each other when they have nothing to do. */
export type Layout = 'global' | 'per-cpu'

/**
 * Who stands in which run queue. With one for each CPU, a thread that becomes ready goes to an idle CPU, the one where it
 * ran last before any other; else it stays where it ran last, and one that has run nowhere goes where the fewest are. An
 * idle CPU whose own line is empty steals from the longest: Anderson, Bershad, Lazowska, Levy: Scheduler activations
 * (SOSP 1991) has queues like these. Affinity holds always.
 */
export class Queues {
  readonly #cpus: readonly Cpu[]
  readonly #queues: readonly RunQueue[]
  /** How many are in line, everywhere. */
  waiting = 0

  constructor(policy: Policy, layout: Layout, cpus: readonly Cpu[], random: Numbers) {
    this.#cpus = cpus
    this.#queues = layout === 'global' ? [policy.queue(random)] : cpus.map(() => policy.queue(random))
  }

  get global(): boolean {
    return this.#queues.length === 1
  }

  /** Puts a thread in line that has become ready, wherever that is best. */
  enter(entity: Entity, how: Coming, now: number): void {
    const queue = this.#queues[this.global ? 0 : this.#home(entity)] as RunQueue // there is one for each CPU
    const moves = entity.queue !== null && entity.queue !== queue
    if (moves) entity.queue?.loses?.(entity)
    this.put(entity, moves ? 'moved' : how, now, queue)
  }

  put(entity: Entity, how: Coming, now: number, queue = entity.queue): void {
    if (queue === null) return
    entity.queue = queue
    entity.inLine = true
    this.waiting += 1
    queue.put(entity, how, now)
  }

  /** Takes a thread out of line that can't go on. */
  remove(entity: Entity): void {
    entity.inLine = false
    this.waiting -= 1
    entity.queue?.remove(entity)
  }

  /** Takes the next thread for an idle CPU out of its line, or out of another's. */
  take(cpu: Cpu, now: number): Entity | null {
    const own = this.#queues[this.global ? 0 : cpu.number] as RunQueue // as above
    return this.#takeFrom(own, cpu, now) ?? (this.global ? null : this.#steal(cpu, own, now))
  }

  /** The CPUs that the thread, which is in line, could take from who runs there. */
  contested(entity: Entity): readonly Cpu[] {
    if (this.global) return this.#cpus
    const at = this.#queues.indexOf(entity.queue as RunQueue) // it is in line
    return this.#cpus.slice(at, at + 1)
  }

  tick(): void {
    for (const queue of this.#queues) queue.tick?.()
  }

  #takeFrom(queue: RunQueue, cpu: Cpu, now: number): Entity | null {
    if (queue.length === 0) return null
    let passed: Entity[] | null = null
    let found = queue.take()
    while (found !== null && !found.mayRunOn(cpu.number)) {
      passed ??= []
      passed.push(found)
      found = queue.take()
    }
    // Who may not run here keeps its place.
    for (let one = passed?.pop(); one !== undefined; one = passed?.pop()) queue.put(one, 'put off', now)
    if (found === null) return null
    found.inLine = false
    this.waiting -= 1
    return found
  }

  #steal(cpu: Cpu, own: RunQueue, now: number): Entity | null {
    const victims = this.#queues.filter((queue) => queue !== own && queue.length > 0)
    victims.sort((a, b) => b.length - a.length) // stable: of equals the lowest-numbered CPU's
    for (const victim of victims) {
      const stolen = this.#takeFrom(victim, cpu, now)
      if (stolen === null) continue
      release(victim, stolen)
      this.put(stolen, 'moved', now, own)
      return this.#takeFrom(own, cpu, now)
    }
    return null
  }

  /** The number of the CPU in whose line the thread goes. */
  #home(entity: Entity): number {
    const { lastCpu } = entity
    const idle = (cpu: Cpu): boolean =>
      cpu.running === null && this.#queues[cpu.number]?.length === 0 && entity.mayRunOn(cpu.number)
    const last = this.#cpus[lastCpu]
    if (last !== undefined && idle(last)) return lastCpu
    const free = this.#cpus.find(idle)
    if (free !== undefined) return free.number
    if (last !== undefined && entity.mayRunOn(lastCpu)) return lastCpu
    let best = -1
    let least = Number.POSITIVE_INFINITY
    for (const cpu of this.#cpus) {
      const load = (this.#queues[cpu.number]?.length ?? 0) + (cpu.running === null ? 0 : 1)
      if (load >= least || !entity.mayRunOn(cpu.number)) continue
      best = cpu.number
      least = load
    }
    return best
  }
}

/** It goes to another queue. */
function release(queue: RunQueue, entity: Entity): void {
  if (queue.loses !== undefined) queue.loses(entity)
  else queue.left?.(entity, false)
}
