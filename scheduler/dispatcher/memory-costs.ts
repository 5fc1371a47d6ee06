import { type Call, DONE, type Machine, type Outcome, WRITE } from '../../kernel/index.ts'
import type { Costs } from './costs.ts'
import { Entity } from './entity.ts'

/** Words of 32 bits in a cache line of 64 bytes. */
const WORDS = 16

/** The CPUs that have a line: the last that wrote to it, and those that read it since. */
interface Line {
  readonly cpus: Set<number>
}

/**
 * What memory costs beside the access itself, found out after the step and paid for by its thread before its next call:
 * lines that another CPU has written to, pages that the process touches first, bytes that are copied. A line is at home in
 * every CPU that touched it since it was last written (MSI; caches are never full). The first touch of a line is free.
 */
export class MemoryCosts {
  readonly #costs: Costs
  readonly #lines = new Map<string, Line>()
  readonly #pages = new Set<string>()

  constructor(costs: Costs) {
    this.#costs = costs
  }

  /** Makes those pay for the step just made whom it was good for. */
  charge(machine: Machine, cpu: number): void {
    const { actor, finished, tasks } = machine
    if (actor?.kept instanceof Entity) actor.kept.debt += this.#ofStep(machine, cpu)
    if (this.#costs.copy === 0) return
    for (const { thread, made, outcome, result } of finished) {
      const kept = tasks.get(thread)?.kept
      // What was kept back for a handler has been paid for when it came.
      if (made !== null && kept instanceof Entity && kept !== actor?.kept)
        kept.debt += this.#copying(made, outcome, result)
    }
  }

  /** What the step costs who has made it, on that CPU. */
  #ofStep(machine: Machine, cpu: number): number {
    const { kernel, state, call, kind, actor, outcome, result } = machine
    const { objects, parts, modes, length } = kernel.footprint
    const { cacheLine, pageFault } = this.#costs
    let ns = 0
    for (let i = 0; i < length; i++) {
      const page = objects[i] ?? ''
      const word = parts[i] ?? -1
      if (word < 0 || state.frames[page] === undefined) continue
      if (this.#moves(`${page}:${Math.floor(word / WORDS)}`, cpu, ((modes[i] ?? 0) & WRITE) !== 0)) ns += cacheLine
      if (pageFault > 0 && this.#isNew(`${actor?.thread.process ?? ''} ${page}`)) ns += pageFault
    }
    if (call === null || (kind !== 'call' && kind !== 'timer')) return ns // a signal's step brings the signal
    return ns + this.#copying(call, outcome, result)
  }

  #copying({ def, args }: Call<unknown>, outcome: Outcome, result: unknown): number {
    const { copy } = this.#costs
    if (copy === 0 || outcome !== DONE || def.copies === undefined) return 0
    return Math.floor(copy * def.copies(args, result))
  }

  /** Whether the line has to come from elsewhere; from now on it is here. */
  #moves(key: string, cpu: number, writes: boolean): boolean {
    const line = this.#lines.get(key)
    if (line === undefined) {
      this.#lines.set(key, { cpus: new Set([cpu]) })
      return false
    }
    const { cpus } = line
    const moves = writes ? cpus.size > 1 || !cpus.has(cpu) : !cpus.has(cpu)
    if (writes) cpus.clear()
    cpus.add(cpu)
    return moves
  }

  #isNew(key: string): boolean {
    if (this.#pages.has(key)) return false
    this.#pages.add(key)
    return true
  }
}
