/** Every operation of `Atomics` in this thread, seen before it is made. */

type Operation = (...args: unknown[]) => unknown
const atomics = Atomics as unknown as Record<string, Operation>
const names = ['load', 'store', 'exchange', 'compareExchange', 'add', 'and', 'or', 'notify', 'wait', 'waitAsync']

/** Sleeps that ended because their time was over: that of the bounded sleep, mostly. */
export interface Sleeps {
  timedOut: number
}

/** @param before called with the operation's number and name @returns how to take it away again */
export function onAtomics(before: (operation: number, name: string) => void): {
  readonly sleeps: Sleeps
  restore(): void
} {
  const real = names.map((name) => [name, atomics[name] as Operation] as const)
  const sleeps: Sleeps = { timedOut: 0 }
  const note = (how: unknown): void => {
    if (how === 'timed-out') sleeps.timedOut += 1
  }
  let operation = 0
  let within = false
  for (const [name, made] of real) {
    atomics[name] = (...args) => {
      if (!within) {
        within = true
        before(operation, name)
        operation += 1
        within = false
      }
      const result = made.apply(Atomics, args)
      if (name === 'wait') note(result)
      if (name === 'waitAsync') {
        const { async, value } = result as { async: boolean; value: Promise<string> | string }
        if (async) void (value as Promise<string>).then(note)
        else note(value)
      }
      return result
    }
  }
  const restore = (): void => {
    for (const [name, made] of real) atomics[name] = made
  }
  return { sleeps, restore }
}
