#!/usr/bin/env node
import { finish, guardExit } from './exit.ts'
import { perform } from './program.ts'
import { quietOnClosedPipe, terminal } from './terminal.ts'

guardExit()
quietOnClosedPipe()
finish(await perform(process.argv.slice(2), terminal()))
