/**
 * A quick unchecked build of everything, tests and benchmarks too, into .build/ (type errors are `npm run typecheck`'s
 * business). .build/ has a package.json of its own, so that in there `ipclab` and `ipclab/x` mean the copy in .build/.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root))

/** Compiles, and returns the folder of the output. Costs half a second, less when little has changed. */
export function compile() {
  const config = fileURLToPath(new URL('tsconfig.run.json', root))
  const run = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' })
  if (run.error) throw run.error
  // With checks off only unreadable syntax is reported; the rest has been emitted all the same.
  if (run.status !== 0) process.stderr.write(run.stdout + run.stderr)

  const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  const exports = {}
  for (const [face, target] of Object.entries(manifest.exports)) {
    exports[face] = typeof target === 'string' ? target : target['ipclab-source'].replace(/\.ts$/, '.js')
  }
  const build = new URL('.build/', root)
  mkdirSync(build, { recursive: true })
  // The library is loaded as it stands, there as in the package.
  const library = new URL('scenarios', root)
  if (existsSync(library)) cpSync(library, new URL('scenarios', build), { recursive: true })
  const text = JSON.stringify({ name: manifest.name, version: manifest.version, type: 'module', exports }, null, 2)
  const file = new URL('package.json', build)
  if (readOr(file, '') !== text) writeFileSync(file, text)
  return fileURLToPath(build)
}

/** For vitest, before all tests: those that start a process or a worker find what to run in .build/. */
export function setup() {
  compile()
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}
