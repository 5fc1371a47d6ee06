#!/usr/bin/env node
import { CommanderError } from 'commander'
import { complaint, MISUSE } from './complaint.ts'
import { makeProgram } from './program.ts'
import { quietOnClosedPipe, terminal } from './terminal.ts'

quietOnClosedPipe()
const program = makeProgram(terminal())
try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : MISUSE
  } else {
    process.stderr.write(`${complaint(error)}\n`)
    process.exitCode = MISUSE
  }
}
