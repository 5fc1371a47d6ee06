import type { Data, Id, Simulation, Task, Waits } from '../../kernel/index.ts'

/** Who waits, and for what. */

/** A thread that waits, and for what. */
export interface Waiting extends Waits {
  readonly thread: Id
  readonly call: string
  readonly args: { readonly [name: string]: Data }
  /** file:line of the call in the scenario, when known. */
  readonly line: string | null
}

/** Every thread that has not ended and can't go on, with what it waits for. */
export function whoWaits(simulation: Simulation, lineOf?: (task: Task) => string | null): Waiting[] {
  const { machine } = simulation
  const list: Waiting[] = []
  for (const task of machine.tasks.values()) {
    const { call } = machine.thread(task)
    if (task.slot >= 0 || task.program === null || call === null) continue
    const waits = task.pending?.def.waitsFor?.(machine.kernel, machine.thread(task), call.args)
    list.push({
      thread: task.id,
      call: call.name,
      args: call.args,
      line: lineOf?.(task) ?? null,
      ...(waits ?? { object: '' }),
    })
  }
  return list
}
