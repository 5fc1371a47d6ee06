import type { Machine, Task } from '../../kernel/index.ts'

/** The ready threads in the order in which they became ready; for policies that serve in that order. */
export class RunQueue {
  #tasks: Task[] = []
  #head = 0
  /** How often each thread stands in line: who was unable to go on meanwhile has lost the earlier places. */
  #places = new Map<Task, number>()

  /** Follows a machine from now on. */
  follow(machine: Machine): void {
    this.#tasks = []
    this.#head = 0
    this.#places = new Map()
    for (let i = 0; i < machine.ready.size; i++) this.put(machine.ready.at(i))
    machine.onReady = (task) => this.put(task)
  }

  /** The thread at the head that is still ready, taken off; `null` when there is none. */
  take(): Task | null {
    while (this.#head < this.#tasks.length) {
      const task = this.#tasks[this.#head] as Task // head is below length
      this.#head += 1
      if (this.#head > 1024 && this.#head * 2 > this.#tasks.length) {
        this.#tasks = this.#tasks.slice(this.#head)
        this.#head = 0
      }
      const places = (this.#places.get(task) ?? 1) - 1
      if (places > 0) this.#places.set(task, places)
      else this.#places.delete(task)
      if (places === 0 && task.slot >= 0) return task
    }
    return null
  }

  /** Puts a thread at the tail. */
  put(task: Task): void {
    this.#tasks.push(task)
    this.#places.set(task, (this.#places.get(task) ?? 0) + 1)
  }
}
