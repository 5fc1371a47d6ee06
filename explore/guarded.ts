import vm from 'node:vm'
import { BadInput, type Machine } from '../kernel/index.ts'

/**
 * A program that loops without making a call holds the one thread that everything runs on, and no check of ours is ever
 * reached. Node can end a script after a time: so the work is done inside one.
 */

const key = Symbol.for('ipclab.guarded')
const script = new vm.Script(`globalThis[Symbol.for('ipclab.guarded')]()`)

/** How long a program may run without making a call. */
export const SILENCE_MS_MAX = 5_000

/**
 * Runs `work`, which must return well within `ms`.
 * @throws BadInput when it does not, naming the program that was running
 */
export function guarded<T>(machine: () => Machine | null, work: () => T, ms = SILENCE_MS_MAX): T {
  const holder = globalThis as unknown as Record<symbol, () => void> // of the keys of ours, which hold nothing else
  const before = holder[key]
  const result: { value: T }[] = []
  holder[key] = () => void result.push({ value: work() })
  try {
    script.runInThisContext({ timeout: Math.ceil(ms) })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw silent(machine(), ms)
    throw error
  } finally {
    if (before === undefined) delete holder[key]
    else holder[key] = before
  }
  const [only] = result
  if (only === undefined) throw silent(machine(), ms)
  return only.value
}

function silent(machine: Machine | null, ms: number): BadInput {
  const after = `has run for ${ms / 1000} s without`
  if (machine !== null && machine.speaking !== null && !machine.speaks)
    return new BadInput(
      `the run ${after} coming to its end: an invariant that loops, or slices far shorter than what programs compute; name longer ones, as in rr:2ms, or fewer steps`,
    )
  const name = machine?.speaking
  const who = name === undefined || name === null ? 'setup, an invariant or a program' : `program '${name}'`
  return new BadInput(`${who} ${after} making a call; a loop that waits must yield* a call, such as load() or await_()`)
}
