import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Jiti } from 'jiti'

/**
 * TypeScript into a function body that keeps its lines, by jiti. Bringing jiti and its parser along takes longer than
 * most searches do, so what came of a text is kept: of the library beside our own files, where the build has put it, of
 * everybody's scenarios in the user's cache. Whatever is wrong with the cache, it is done without.
 */

/** Where the build puts the library. */
export const SHIPPED = fileURLToPath(new URL('../../transpiled/', import.meta.url))

const FAILED = 'exports.__JITI_ERROR__ = '

/** What jiti makes of the text. `load` brings jiti when it is needed. */
export async function transpile(text: string, path: string, load: () => Promise<Jiti>): Promise<string> {
  const ts = /ts$/.test(path)
  const name = `${keyOf(text, ts)}.js`
  // jiti writes the file's own path into code that asks for it.
  const isKept = !text.includes('import.meta')
  const kept = isKept ? (read(join(SHIPPED, name)) ?? read(join(cacheFolder(), name))) : null
  if (kept !== null) return kept
  const code = (await load()).transform({ source: text, filename: path, ts, async: true, interopDefault: false })
  if (isKept && !code.startsWith(FAILED)) keep(cacheFolder(), name, code)
  return code
}

/** jiti's complaint about the text, which it hands back as the code of a module. */
export function complaintIn(code: string): { line: number; column: number; message: string } | null {
  if (!code.startsWith(FAILED)) return null
  return JSON.parse(code.slice(FAILED.length)) as { line: number; column: number; message: string } // jiti writes it so
}

/** Puts what is made of a text of the library where the build wants it. */
export async function ship(text: string, path: string, load: () => Promise<Jiti>): Promise<void> {
  const code = await transpile(text, path, load)
  keep(SHIPPED, `${keyOf(text, /ts$/.test(path))}.js`, code)
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME: wished = '' } = process.env
  return join(wished === '' ? join(homedir(), '.cache') : wished, 'ipclab', 'transpiled')
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function keep(folder: string, name: string, code: string): void {
  const beside = join(folder, `.${name}.${process.pid}.part`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(beside, code)
    renameSync(beside, join(folder, name))
  } catch {
    // Then it is made anew the next time.
  }
}

let version: string | null = null

/** Another jiti may make something else of the same text. */
function keyOf(text: string, ts: boolean): string {
  version ??= (createRequire(import.meta.url)('jiti/package.json') as { version: string }).version
  return createHash('sha256').update(`${version}\0${ts}\0${text}`).digest('hex').slice(0, 32)
}
