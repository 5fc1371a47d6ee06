import { BadInput, KernelPanic } from '../kernel/index.ts'
import { writeSchedule } from '../scheduler/index.ts'

/** Exit code of misuse, broken input, and what is our own fault. */
export const MISUSE = 2

/** What is written to standard error when a command can't do its work. */
export function complaint(error: unknown): string {
  if (error instanceof BadInput) return `ipclab: ${error.message}`
  if (error instanceof KernelPanic) return panic(error)
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return `ipclab: a bug in ipclab itself, not in your scenario: ${words}; please report it, with the command and the scenario`
}

function panic({ invariant, decisions }: KernelPanic): string {
  return [
    `ipclab: a bug in ipclab itself, not in your scenario: this must always hold and does not: ${invariant}`,
    `decisions that led there: ${decisions.length === 0 ? 'none' : writeSchedule(decisions)}`,
    'please report it, with the scenario and these decisions',
  ].join('\n')
}
