import { writeSync } from 'node:fs'
import { thrownWords } from '../trace/scenario-file/words.ts'
import { MISUSE } from './complaint.ts'

/** Scenario code shares our process, and may end it, keep it waiting for ever, or throw where nobody catches. */

let ours = false

/** Sees to it that none of this goes untold, or leaves an exit code that means something else. */
export function guardExit(): void {
  process.on('unhandledRejection', stray)
  process.on('uncaughtException', stray)
  // Nothing is left to do, and we still wait for a scenario to be loaded.
  process.on('beforeExit', () => {
    if (!ours) leave(MISUSE, "the scenario's top level awaits what never comes; mend it there")
  })
  process.on('exit', (code) => {
    if (!ours)
      leave(MISUSE, `the scenario's code ended this process with exit code ${code}; a simulated one ends with exit()`)
  })
}

function stray(thrown: unknown): never {
  const advice = "programs can't use JavaScript's promises and timers"
  return leave(MISUSE, `the scenario's code threw ${thrownWords(thrown)} outside of every call; ${advice}`)
}

/** Ends the process at once, as we mean to. */
export function leave(code: number, words?: string): never {
  ours = true
  if (words !== undefined) writeSync(2, `ipclab: ${words}\n`)
  process.exit(code)
}

/** The process is to end with this code when nothing is left to do. */
export function finish(code: number): void {
  ours = true
  process.exitCode = code
}
