/**
 * Transpiles the library's scenarios into dist/, for a Node that can't strip types itself: bringing a parser along for
 * each would take longer than exploring most of them. Run at the end of the build.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const { SHIPPED, ship } = await import('../dist/trace/scenario-file/transpile.js')
const { jitiFor } = await import('../dist/trace/scenario-file/transpiled.js')

rmSync(SHIPPED, { recursive: true, force: true })
const folder = join(root, 'scenarios')
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, name)
  if (path.endsWith('.ts')) await ship(readFileSync(path, 'utf8'), path, () => jitiFor(path))
}
