import type { Machine, Simulation } from '../../kernel/index.ts'
import type { Decider, Learned } from '../decider.ts'
import type { Ending } from '../run.ts'

/**
 * A decider that does as another one does, but for what who extends it says otherwise. Of who is woken first, of
 * the machine of a policy, and of faults that come too late it says nothing.
 */
export class Around implements Decider {
  protected readonly inner: Decider

  constructor(inner: Decider) {
    this.inner = inner
  }

  get name(): string {
    return this.inner.name
  }

  get keepsTime(): boolean {
    return this.inner.keepsTime
  }

  get complete(): boolean {
    return this.inner.complete
  }

  get bound(): number | null {
    return this.inner.bound ?? null
  }

  get share(): number | null {
    return this.inner.share ?? null
  }

  get traces(): number | null {
    return this.inner.traces ?? null
  }

  get needsEnds(): boolean {
    return this.inner.needsEnds ?? false
  }

  get samples(): boolean {
    return this.inner.samples ?? false
  }

  get reduces(): boolean {
    return this.inner.reduces ?? false
  }

  learned(): Learned | null {
    return this.inner.learned?.() ?? null
  }

  promise(learned?: Learned): string | null {
    return this.inner.promise?.(learned) ?? null
  }

  begin(simulation: Simulation, index: number): boolean {
    return this.inner.begin(simulation, index)
  }

  next(machine: Machine): number {
    return this.inner.next(machine)
  }

  pick(kind: 'choose' | 'wake', thread: string, count: number, label: (index: number) => string): number {
    return this.inner.pick(kind, thread, count, label)
  }

  ended(simulation: Simulation, ending: Ending): void {
    this.inner.ended?.(simulation, ending)
  }
}
