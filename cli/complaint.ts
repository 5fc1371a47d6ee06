import { BadInput, KernelPanic } from '../kernel/index.ts'
import { writeSchedule } from '../scheduler/index.ts'
import type { LoadedScenario } from '../trace/index.ts'
import { badInputAt, hasPlace } from '../trace/scenario-file/words.ts'
import { frameIn } from '../trace/scenario-file.ts'

/** Exit code of misuse, broken input, and what is our own fault. */
export const MISUSE = 2

/** What is written to standard error when a command can't do its work. */
export function complaint(error: unknown): string {
  if (error instanceof BadInput) return `ipclab: ${error.message}`
  if (error instanceof KernelPanic) return panic(error)
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return `ipclab: a bug in ipclab itself, not in your scenario: ${words}; please report it, with the command and the scenario`
}

/** Does the work; what it complains of says on which line of the scenario it was thrown, if it was thrown there. */
export async function sayingWhere<T>({ files }: LoadedScenario, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const frame = error instanceof BadInput && !hasPlace(error) ? frameIn(error.stack, new Set(files)) : null
    if (frame === null) throw error
    throw badInputAt(frame.file, frame.line, (error as BadInput).message) // it has just been looked at
  }
}

function panic({ invariant, decisions }: KernelPanic): string {
  return [
    `ipclab: a bug in ipclab itself, not in your scenario: this must always hold and does not: ${invariant}`,
    `decisions that led there: ${decisions.length === 0 ? 'none' : writeSchedule(decisions)}`,
    'please report it, with the scenario and these decisions',
  ].join('\n')
}
