#!/usr/bin/env node
import { perform } from './program.ts'
import { quietOnClosedPipe, terminal } from './terminal.ts'

quietOnClosedPipe()
process.exitCode = await perform(process.argv.slice(2), terminal())
