import { builtinModules } from 'node:module'
import { posix } from 'node:path'

/** The tidy rules of the repository, as functions over a file's path (from the root, with /) and its text. */

/** What each folder may import of the others: the last column of DESIGN.md's table. */
const MAY_IMPORT: ReadonlyMap<string, readonly string[] | 'all'> = new Map<string, readonly string[] | 'all'>([
  ['kernel', []],
  ['ipc/posix', ['kernel']],
  ['ipc/mach', ['kernel']],
  ['ipc/lpc', ['kernel']],
  ['ipc/message', ['kernel']],
  ['ipc/atomics', ['kernel']],
  ['ipc/ring', []],
  ['scheduler', ['kernel']],
  ['explore', ['kernel', 'scheduler', 'trace', 'ipc/ring']],
  ['trace', ['kernel', 'scheduler']],
  ['testing', ['kernel', 'ipc', 'scheduler', 'explore', 'trace']],
  ['scenarios', []],
  ['cli', 'all'],
  ['test', 'all'],
  ['bench', 'all'],
  ['index.ts', ['kernel', 'scheduler', 'explore', 'trace']],
])

/** Folders whose code runs inside a simulation, or decides how one goes: the same on every machine, every time. */
const DETERMINISTIC = ['kernel', 'ipc', 'scheduler', 'trace', 'explore']

/** Files that may look at the clock, as what they see is shown to people or ends a search between two executions. */
export const MAY_READ_CLOCK = ['explore/progress.ts', 'explore/budget.ts']

/** What must not be said there, and what to say in its place. */
const BANNED: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bMath\.random\b/, 'ask the decider, or scheduler/ for a seeded stream'],
  [/\bcrypto\.random\w+|\brandomUUID\b/, 'ask the decider, or scheduler/ for a seeded stream'],
  [/\bDate\.now\b|\bnew Date\b/, 'the simulated clock is the only time'],
  [/\bperformance\.now\b|\bprocess\.hrtime\b/, 'the simulated clock is the only time'],
  [/\blocaleCompare\b|\btoLocale\w+|\bIntl\./, "compare with < and format by hand: a locale is the machine's"],
]

const LINES_MAX = 400

/** Packages that package.json declares. */
export interface Declared {
  readonly dependencies: readonly string[]
  /** Optional, each imported only in the folder of testing/ that is named after it. */
  readonly peers: readonly string[]
  readonly devDependencies: readonly string[]
}

/** Every violation in a file, each as `path:line: what, and what to do`. */
export function violations(path: string, text: string, declared: Declared): string[] {
  return [...imports(path, text, declared), ...bannedWords(path, text), ...tidiness(path, text)]
}

/** `kernel`, `ipc/posix`, `index.ts` …: the row of the table that a path belongs to. */
export function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'ipc' ? `ipc/${second}` : first
}

const inSources = (path: string): boolean => !/^(test|bench|scripts)\//.test(path) && path.includes('/')

function imports(path: string, text: string, declared: Declared): string[] {
  const found: string[] = []
  for (const { specifier, line } of importsOf(text)) {
    const complaint = forbiddenImport(path, specifier, declared)
    if (complaint !== null) found.push(`${path}:${line}: imports '${specifier}': ${complaint}`)
  }
  return found
}

function forbiddenImport(path: string, specifier: string, declared: Declared): string | null {
  const room = roomOf(path)
  const allowed = MAY_IMPORT.get(room)
  if (specifier.startsWith('.')) {
    const target = roomOf(posix.join(posix.dirname(path), specifier))
    if (allowed === undefined || allowed === 'all' || target === room) return null
    if (allowed.some((one) => target === one || target.startsWith(`${one}/`))) return null
    const may = allowed.length === 0 ? 'none of the others' : allowed.join(', ')
    return `${room} may import ${room === 'scenarios' ? "ipclab by the package's name only" : may}`
  }
  if (specifier === 'ipclab' || specifier.startsWith('ipclab/')) {
    const fine = ['scenarios', 'test', 'bench'].includes(room)
    return fine ? null : "only scenarios and tests use the package's name; import the file by a relative path"
  }
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    if (!specifier.startsWith('node:')) return `write 'node:${specifier}'`
    const pure = room === 'kernel' || room === 'scheduler' || (room.startsWith('ipc/') && room !== 'ipc/ring')
    return pure ? `${room} is to run anywhere, in a browser too, without Node's modules` : null
  }
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
  const shipped = inSources(path) || path === 'index.ts'
  if (room === 'scenarios') return 'a scenario imports ipclab and nothing else'
  if (shipped && declared.peers.includes(name))
    return path.startsWith(`testing/${name}/`) ? null : `${name} is an optional peer, for testing/${name}/ alone`
  if (declared.dependencies.includes(name) || (!shipped && declared.devDependencies.includes(name))) return null
  return `package.json does not have ${name} among its ${shipped ? 'dependencies' : 'packages'}`
}

function bannedWords(path: string, text: string): string[] {
  if (!DETERMINISTIC.some((folder) => path.startsWith(`${folder}/`))) return []
  if (path.startsWith('ipc/ring/') || MAY_READ_CLOCK.includes(path)) return []
  const found: string[] = []
  withoutCommentsAndStrings(text)
    .split('\n')
    .forEach((line, index) => {
      for (const [pattern, instead] of BANNED) {
        const match = pattern.exec(line)
        if (match !== null) found.push(`${path}:${index + 1}: ${match[0]} is not the same everywhere; ${instead}`)
      }
    })
  return found
}

function tidiness(path: string, text: string): string[] {
  const found: string[] = []
  const lines = withoutCommentsAndStrings(text).replace(/\n$/, '').split('\n')
  if (lines.length > LINES_MAX) {
    found.push(`${path}:${lines.length}: is longer than ${LINES_MAX} lines; one concept, one file`)
  }
  lines.forEach((line, index) => {
    // In the place of a type, and not the name of a property or parameter.
    if (/(?::|<|\||&|,|=|\bas|\bextends)\s*any\b(?!\s*[:?(])/.test(line)) {
      found.push(`${path}:${index + 1}: has the type any; say unknown, and narrow it`)
    }
  })
  return found
}

/** The modules that a source imports or re-exports, types too, with the line of each. */
export function importsOf(text: string): { specifier: string; line: number }[] {
  const code = withoutCommentsAndTemplates(text)
  const found: { specifier: string; line: number }[] = []
  const patterns = [
    /(?:^|\n)[ \t]*(?:import|export)\b[^'";]*?\bfrom\s*(['"])([^'"\n]+)\1/g,
    /(?:^|\n)[ \t]*import\s*(['"])([^'"\n]+)\1/g,
    /\bimport\s*\(\s*(?:\/\*.*?\*\/\s*)?(['"])([^'"\n]+)\1/g,
  ]
  for (const pattern of patterns) {
    for (const match of code.matchAll(pattern)) {
      const specifier = match[2] ?? ''
      const end = match.index + match[0].length
      found.push({ specifier, line: code.slice(0, end).split('\n').length })
    }
  }
  return found.sort((a, b) => a.line - b.line)
}

/** The same lines with comments and templates made blank: a template may hold a scenario's text. */
const withoutCommentsAndTemplates = (text: string): string => blank(text, (piece) => /^[/`]/.test(piece))

/** The same lines with comments and quoted strings made blank; templates stay, as they hold code. */
const withoutCommentsAndStrings = (text: string): string => blank(text, (piece) => !piece.startsWith('`'))

function blank(text: string, drop: (piece: string) => boolean): string {
  const piece = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g
  return text.replace(piece, (found) => (drop(found) ? found.replace(/[^\n]/g, ' ') : found))
}
