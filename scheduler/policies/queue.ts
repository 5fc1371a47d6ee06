import type { Machine, Task } from '../../kernel/index.ts'

/** The ready threads in the order in which they became ready; for policies that serve in that order. */
export class RunQueue {
  #tasks: Task[] = []
  #head = 0

  /** Follows a machine from now on. */
  follow(machine: Machine): void {
    this.#tasks = []
    this.#head = 0
    for (let i = 0; i < machine.ready.size; i++) this.#tasks.push(machine.ready.at(i))
    machine.onReady = (task) => this.#tasks.push(task)
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
      if (task.slot >= 0) return task
    }
    return null
  }

  /** Puts a thread at the tail. */
  put(task: Task): void {
    this.#tasks.push(task)
  }
}
