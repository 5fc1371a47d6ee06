import { readdirSync } from 'node:fs'
import { basename, dirname, extname, relative, sep } from 'node:path'
import { BadInput } from '../../kernel/errors.ts'
import { EXTENSIONS } from './sources.ts'

/** How a path is shown to people: relative to the working directory when it is below it. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short === '' || short.startsWith(`..${sep}`) || short === '..' ? path : short
}

/** The one of `names` that is most like `wanted`, if one is like it. */
export function nearest(wanted: string, names: readonly string[]): string | null {
  let best: string | null = null
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const name of names) {
    const far = distance(wanted.toLowerCase(), name.toLowerCase())
    if (far < least) {
      best = name
      least = far
    }
  }
  return best
}

/** The name of the file beside a missing one that was most likely meant. */
export function nearestFile(missing: string): string | null {
  const wanted = basename(missing)
  const names = filesLike(dirname(missing))
  return names.find((name) => name.slice(0, -extname(name).length) === wanted) ?? nearest(wanted, names)
}

/** The files of a folder that could be scenarios, by name; none when it can't be read. */
export function filesLike(folder: string): string[] {
  try {
    const names = readdirSync(folder)
    return names.filter((name) => EXTENSIONS.includes(extname(name)) && !name.endsWith('.d.ts')).sort()
  } catch {
    return []
  }
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const swap = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

const placed = new WeakSet<BadInput>()

/** What is wrong, with where it is: `line` and `column` from 1, as far as known. */
export function badInputAt(path: string, line: number | null, words: string, column?: number): BadInput {
  const where = [shown(path), ...(line === null ? [] : [line]), ...(column === undefined ? [] : [column])].join(':')
  const error = new BadInput(`${where}: ${words}`)
  placed.add(error)
  return error
}

/** Whether the message says where already. */
export const hasPlace = (error: unknown): boolean => error instanceof BadInput && placed.has(error)

/** The first line of what was thrown, whatever it was. */
export function thrownWords(thrown: unknown): string {
  const words = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return words.split('\n')[0] ?? ''
}
