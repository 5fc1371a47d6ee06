import { bench as bugs } from './bugs.ts'
import { bench as explore } from './explore.ts'
import { bench as processes } from './processes.ts'
import { bench as trace } from './trace.ts'
import { bench as workers } from './workers.ts'

/** Every benchmark; `npm run bench trace` runs those that are named. */
const benches: { readonly [name: string]: () => void | Promise<void> } = { bugs, explore, processes, trace, workers }

const named = process.argv.slice(2)
for (const name of named.length > 0 ? named : Object.keys(benches)) {
  const bench = benches[name]
  if (bench === undefined) {
    console.error(`there is no benchmark '${name}'; there are ${Object.keys(benches).join(', ')}`)
    process.exitCode = 2
    continue
  }
  console.log(`${name}:`)
  await bench()
}
