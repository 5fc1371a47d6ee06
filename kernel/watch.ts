import { WHOLE } from './footprint.ts'
import type { Task } from './ready.ts'
import type { Id } from './state.ts'

/**
 * Who watches which part of which object. The watches of one part are a list through themselves, and each task keeps its
 * own for the next time: a thread that comes to a guard and leaves it again allocates nothing.
 */

export class Watch {
  readonly task: Task
  object: Id = ''
  part = 0
  /** Its neighbours, in the order in which they began. */
  before: Watch | null = null
  after: Watch | null = null

  constructor(task: Task) {
    this.task = task
  }
}

interface List {
  first: Watch
  last: Watch
}

export class Watches {
  readonly #lists = new Map<Id, Map<number, List>>()
  /** The tasks found by the last question, and the question's number. */
  readonly #found: Task[] = []
  #question = 0
  /** How many there are. */
  size = 0

  clear(): void {
    if (this.size > 0) this.#lists.clear()
    this.size = 0
  }

  add(watch: Watch): void {
    this.size += 1
    const { object, part } = watch
    let parts = this.#lists.get(object)
    if (parts === undefined) {
      parts = new Map()
      this.#lists.set(object, parts)
    }
    const list = parts.get(part)
    watch.after = null
    watch.before = list?.last ?? null
    if (list === undefined) {
      parts.set(part, { first: watch, last: watch })
    } else {
      list.last.after = watch
      list.last = watch
    }
  }

  remove(watch: Watch): void {
    this.size -= 1
    const { object, part, before, after } = watch
    if (before !== null) before.after = after
    if (after !== null) after.before = before
    if (before !== null && after !== null) return
    const parts = this.#lists.get(object)
    const list = parts?.get(part)
    if (parts === undefined || list === undefined) return
    if (before === null && after === null) parts.delete(part)
    if (before === null && after !== null) list.first = after
    if (after === null && before !== null) list.last = before
  }

  /** Nobody is found yet. */
  ask(): void {
    while (this.#found.length > 0) this.#found.pop()
    this.#question += 1
  }

  /** Finds whoever watches that part of the object. Whoever makes or destroys it writes its part 0, and that concerns all. */
  find(object: Id, part: number): void {
    const parts = this.#lists.get(object)
    if (parts === undefined) return
    if (part > 0) {
      this.#note(parts.get(part))
      this.#note(parts.get(WHOLE))
    } else {
      for (const list of parts.values()) this.#note(list)
    }
  }

  #note(list: List | undefined): void {
    for (let watch = list?.first ?? null; watch !== null; watch = watch.after) {
      const { task } = watch
      if (task.found === this.#question) continue
      task.found = this.#question
      this.#found.push(task)
    }
  }

  /** The tasks found since `ask`, each once. */
  get found(): readonly Task[] {
    return this.#found
  }
}
