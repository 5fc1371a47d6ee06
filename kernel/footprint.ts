import type { Id } from './state.ts'

/**
 * What one transition touched: a list of (object, part, read or write, memory order). It alone serves happens-before,
 * the race detector, partial-order reduction, the communication graph and the viewer.
 */

export type MemoryOrder = 'plain' | 'relaxed' | 'acquire' | 'release' | 'acq_rel' | 'seq_cst'

export const memoryOrders: readonly MemoryOrder[] = ['plain', 'relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst']

export const READ = 1
export const WRITE = 2

/** The part that stands for every part of its object. */
export const WHOLE = -1

export interface Touch {
  object: Id
  part: number
  reads: boolean
  writes: boolean
  order: MemoryOrder
}

/** Parallel arrays that are reused from step to step, because a step must not allocate. */
export class Footprint {
  length = 0
  readonly objects: Id[] = []
  readonly parts: number[] = []
  /** READ and WRITE bits; the index of the memory order is above them. */
  readonly modes: number[] = []

  clear(): void {
    this.length = 0
  }

  add(object: Id, part: number, mode: number, order: number): void {
    const n = this.length
    this.objects[n] = object
    this.parts[n] = part
    this.modes[n] = mode | (order << 2)
    this.length = n + 1
  }

  addAll(other: Footprint): void {
    for (let i = 0; i < other.length; i++) {
      const mode = other.modes[i] ?? 0
      this.add(other.objects[i] ?? '', other.parts[i] ?? 0, mode & (READ | WRITE), mode >> 2)
    }
  }

  /** What was noted since `mark` was only a read after all. */
  readsOnlyFrom(mark: number): void {
    for (let i = mark; i < this.length; i++) this.modes[i] = ((this.modes[i] ?? 0) & ~WRITE) | READ
  }

  touches(): Touch[] {
    const list: Touch[] = []
    for (let i = 0; i < this.length; i++) {
      const mode = this.modes[i] ?? 0
      list.push({
        object: this.objects[i] ?? '',
        part: this.parts[i] ?? 0,
        reads: (mode & READ) !== 0,
        writes: (mode & WRITE) !== 0,
        order: memoryOrders[mode >> 2] ?? 'seq_cst',
      })
    }
    return list
  }
}

/** Kernel objects are always accessed in one total order; only memory words may be accessed otherwise. */
export const SEQ_CST = memoryOrders.indexOf('seq_cst')
