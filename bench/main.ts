import { bench as bugs } from './bugs.ts'
import { bench as explore } from './explore.ts'
import { bench as mach } from './mach.ts'
import { bench as policies } from './policies/index.ts'
import { bench as posix } from './posix.ts'
import { bench as processes } from './processes.ts'
import { bench as ring } from './ring/index.ts'
import { bench as systems } from './systems.ts'
import { bench as trace } from './trace.ts'
import { bench as workers } from './workers.ts'

/** Every benchmark; `npm run bench trace` runs those that are named. Options behind the names are for `ring` and `policies`. */
const benches: { readonly [name: string]: (options: readonly string[]) => void | Promise<void> } = {
  bugs,
  explore,
  mach,
  posix,
  policies,
  processes,
  ring,
  systems,
  trace,
  workers,
}

const args = process.argv.slice(2)
const firstOption = args.findIndex((arg) => arg.startsWith('-'))
const named = firstOption < 0 ? args : args.slice(0, firstOption)
const options = firstOption < 0 ? [] : args.slice(firstOption)
for (const name of named.length > 0 ? named : Object.keys(benches)) {
  const bench = benches[name]
  if (bench === undefined) {
    console.error(`there is no benchmark '${name}'; there are ${Object.keys(benches).join(', ')}`)
    process.exitCode = 2
    continue
  }
  console.log(`${name}:`)
  await bench(options)
}
