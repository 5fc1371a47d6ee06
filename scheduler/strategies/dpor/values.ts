import { copy, type Id, type KernelObject, type KernelState, type Machine, type Task } from '../../../kernel/index.ts'
import type { Place, Places } from './event.ts'

/**
 * What places held before each step of a run: so that a guard can be asked whether its call could have been made then.
 * Words of memory and whole kernel objects are known; of anything else nothing is.
 */

/** A word, an object, or `undefined` where nothing is known. */
export type Value = number | KernelObject | undefined

export class Values {
  readonly #places: Places
  /** As they are now. */
  readonly #now: Value[] = []
  /** Whether the place is of a process or thread, of which nothing is known. */
  readonly #opaque: boolean[] = []
  #words = new Map<Id, readonly number[]>()
  #objects: Readonly<Record<Id, KernelObject>> = {}

  constructor(places: Places) {
    this.#places = places
  }

  /** Notes the state in which every run begins. */
  begin({ frames, objects }: KernelState): void {
    this.#words = new Map(Object.entries(frames).map(([id, { words }]) => [id, words.slice()]))
    this.#objects = copy(objects)
  }

  /** What the place held before the step just made, which is noted from now on as what it holds now. */
  pass(state: KernelState, place: Place, writes: boolean): Value {
    for (let i = this.#now.length; i <= place; i++) this.#meet(state, i)
    const before = this.#now[place]
    if (writes) this.#now[place] = this.#read(state, place)
    return before
  }

  /** What it holds now. */
  at(place: Place): Value {
    return this.#now[place]
  }

  /** Takes a step back. */
  restore(place: Place, before: Value): void {
    this.#now[place] = before
  }

  #meet({ processes, threads }: KernelState, place: Place): void {
    const { object, part } = this.#name(place)
    const words = this.#words.get(object)
    // A page that is first touched in a run begins as zeros.
    const otherwise = this.#objects[object] ?? (object.includes('#') ? 0 : undefined)
    this.#now[place] = words === undefined ? otherwise : (words[part] ?? 0)
    const isOther = processes[object] !== undefined || threads[object] !== undefined
    this.#opaque[place] = words === undefined && otherwise === undefined && isOther
  }

  #read(state: KernelState, place: Place): Value {
    if (this.#opaque[place] === true) return undefined
    const object = this.#places.objects[place] as Id // it has been met
    const frame = state.frames[object]
    if (frame !== undefined) {
      const part = this.#places.parts[place] as number // as above
      return part < 0 ? undefined : (frame.words[part] ?? 0)
    }
    const found = state.objects[object]
    return found === undefined ? undefined : copy(found)
  }

  #name(place: Place): { object: Id; part: number } {
    return { object: this.#places.objects[place] ?? '', part: this.#places.parts[place] ?? 0 }
  }

  /** Whether the guard that the thread stands at would be open, if those places held those values. */
  wouldHold(machine: Machine, task: Task, before: readonly (readonly [Place, Value])[]): boolean {
    const { state } = machine
    const undo: (() => void)[] = []
    for (const [place, value] of before) {
      const { object, part } = this.#name(place)
      const frame = state.frames[object]
      if (typeof value === 'number' && frame !== undefined) {
        const { words } = frame
        const now = words[part] ?? 0
        if (now === value) continue
        words[part] = value
        undo.push(() => {
          words[part] = now
        })
      } else if (typeof value === 'object' && state.objects[object] !== undefined) {
        const now = state.objects[object]
        state.objects[object] = value
        undo.push(() => {
          state.objects[object] = now
        })
      }
    }
    const open = machine.wouldProceed(task)
    for (let i = undo.length - 1; i >= 0; i--) undo[i]?.()
    return open
  }
}
