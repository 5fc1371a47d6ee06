import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, extname, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { realPath } from './frames.ts'

/** A scenario file and the files it imports by relative paths: their bytes, their hash, what they import. */

/** What a scenario, or a file that it imports, may end in to be loaded by us. */
export const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs']

export interface Import {
  readonly specifier: string
  readonly line: number
}

export interface Source {
  readonly path: string
  readonly bytes: Buffer
  readonly imports: readonly Import[]
}

/** The file first, then what it imports, and what that imports, in order of appearance. */
export type Sources = ReadonlyMap<string, Source>

/** Whether a specifier names a file, as against a package. */
export const isPath = (specifier: string): boolean => /^(?:\.{0,2}\/|\.{1,2}$|file:)/.test(specifier)

/** Reads `file`, a real path, and all that it imports. Imports that lead nowhere are left for the loading to report. */
export function readSources(file: string): Sources {
  const sources = new Map<string, Source>()
  const wanted = [file]
  for (const path of wanted) {
    if (sources.has(path)) continue
    const bytes = readFileSync(path)
    const imports = findImports(bytes.toString())
    sources.set(path, { path, bytes, imports })
    for (const { specifier } of imports) {
      const target = isPath(specifier) ? resolveImport(path, specifier) : null
      if (target !== null && EXTENSIONS.includes(extname(target))) wanted.push(target)
    }
  }
  return sources
}

/**
 * The first 16 hex digits of a SHA-256 over every byte of the sources. Where they lie does not count, how they lie to
 * one another does; the scenario's own name does not.
 */
export function hashSources(sources: Sources): string {
  const hash = createHash('sha256')
  let home: string | null = null
  for (const { path, bytes } of sources.values()) {
    const name = home === null ? '' : relative(home, path).split(sep).join('/')
    home ??= dirname(path)
    hash.update(`${name}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex').slice(0, 16)
}

// Between `import` and `from` stand names, braces and comments; this keeps sentences that begin with "import" out.
const CLAUSE = String.raw`(?:[\w\s{},*$]|//[^\n]*|/\*[^]*?\*/)+?`
const STATIC = new RegExp(String.raw`^[ \t]*(?:import|export)\b${CLAUSE}\bfrom\s*(['"])([^'"\n]+)\1`, 'gm')
const BARE = /^[ \t]*import\s*(['"])([^'"\n]+)\1/gm
const DYNAMIC = /\bimport\s*\(\s*(['"])([^'"\n]+)\1/g

/**
 * The specifiers that a source imports, found without parsing it. An import inside a comment may be found too: that
 * makes the hash cover a file too many, never one too few, and loading does not go by this list.
 */
export function findImports(text: string): Import[] {
  const found: { specifier: string; at: number }[] = []
  for (const pattern of [STATIC, BARE, DYNAMIC]) {
    for (const match of text.matchAll(pattern)) {
      const specifier = match[2] ?? ''
      found.push({ specifier, at: match.index + match[0].lastIndexOf(specifier) })
    }
  }
  found.sort((a, b) => a.at - b.at)
  return found.map(({ specifier, at }) => ({ specifier, line: lineAt(text, at) }))
}

/** The number, from 1, of the line that holds the character at `index`. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}

/**
 * The file that a relative import means, on every Node alike: the file itself; `x.ts` for `x.js`, `x.mts` for `x.mjs`;
 * the file with one of our endings added; the index of a folder. `null` when there is none.
 */
export function resolveImport(importer: string, specifier: string): string | null {
  const plain = specifier.replace(/[?#].*$/, '')
  const path = plain.startsWith('file:') ? fileURLToPath(plain) : resolve(dirname(importer), plain)
  const candidates = [path]
  if (/\.m?js$/.test(path)) candidates.push(path.replace(/js$/, 'ts'))
  for (const extension of EXTENSIONS) candidates.push(path + extension)
  for (const extension of EXTENSIONS) candidates.push(resolve(path, `index${extension}`))
  for (const candidate of candidates) {
    if (statSync(candidate, { throwIfNoEntry: false })?.isFile()) return realPath(candidate)
  }
  return null
}
