/** Removes the folders named on the command line: stale output of a deleted source must not be packed. */
import { rmSync } from 'node:fs'

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true })
