/** `node scripts/run.mjs FILE.ts ARGS…` compiles the repository into .build/ and runs FILE from there, on any Node. */
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compile } from './compile.mjs'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE.ts ARGS…\n')
  process.exit(2)
}
const root = resolve(import.meta.dirname, '..')
const built = join(compile(), relative(root, resolve(file)).replace(/\.ts$/, '.js'))
process.argv = [process.execPath, built, ...args]
await import(pathToFileURL(built).href)
