import type { Id } from './state.ts'

/**
 * What one transition touched: a list of (object, part, read or write, memory order). It alone serves happens-before,
 * the race detector, partial-order reduction, the communication graph and the viewer.
 */

export type MemoryOrder = 'plain' | 'relaxed' | 'acquire' | 'release' | 'acq_rel' | 'seq_cst'

export const memoryOrders: readonly MemoryOrder[] = ['plain', 'relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst']

export const READ = 1
export const WRITE = 2
/** Beside the other two, one of these: it does to what is there what comes to the same in whatever order several do it, and nobody is told what was. */
export const ADDS = 32
export const POSTS = 64

/** The part that stands for every part of its object. */
export const WHOLE = -1

export interface Touch {
  object: Id
  part: number
  reads: boolean
  writes: boolean
  /** A write of a kind of which several come to the same in any order. */
  kind?: 'adds' | 'posts'
  order: MemoryOrder
}

/** The index of the memory order in a mode. */
export const orderOf = (mode: number): number => (mode >> 2) & 7

/** Parallel arrays that are reused from step to step, because a step must not allocate. */
export class Footprint {
  length = 0
  readonly objects: Id[] = []
  readonly parts: number[] = []
  /** READ and WRITE bits; above them the index of the memory order, then ADDS or POSTS. */
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
      this.add(other.objects[i] ?? '', other.parts[i] ?? 0, mode & (READ | WRITE | ADDS | POSTS), orderOf(mode))
    }
  }

  /** What was noted since `mark` was only a read after all. */
  readsOnlyFrom(mark: number): void {
    for (let i = mark; i < this.length; i++) this.modes[i] = ((this.modes[i] ?? 0) & ~WRITE) | READ
  }

  /** What was noted last, a write, was one of that kind. */
  wasOnly(kind: typeof ADDS | typeof POSTS): void {
    const last = this.length - 1
    this.modes[last] = (this.modes[last] ?? 0) | kind
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
        ...((mode & (ADDS | POSTS)) === 0 ? {} : { kind: (mode & ADDS) !== 0 ? 'adds' : 'posts' }),
        order: memoryOrders[orderOf(mode)] ?? 'seq_cst',
      })
    }
    return list
  }
}

/** Kernel objects are always accessed in one total order; only memory words may be accessed otherwise. */
export const SEQ_CST = memoryOrders.indexOf('seq_cst')
