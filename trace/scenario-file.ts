import { statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { BadInput } from '../kernel/errors.ts'
import { isScenario, type Scenario } from '../kernel/scenario.ts'
import { isFace, loadFace, type Namespace } from './scenario-file/faces.ts'
import { frameIn, realPath } from './scenario-file/frames.ts'
import { canLoadNatively, loadNatively } from './scenario-file/native.ts'
import { EXTENSIONS, hashSources, readSources, type Sources } from './scenario-file/sources.ts'
import { badInputAt, filesLike, hasPlace, nearestFile, shown, thrownWords } from './scenario-file/words.ts'

export { type Frame, frameIn, parseFrame, pathOfFrame } from './scenario-file/frames.ts'

export interface LoadedScenario {
  readonly scenario: Scenario
  /** Absolute, and free of symbolic links: what stack frames say. */
  readonly file: string
  /** Covers the file and all that it imports by relative paths, wherever they lie: 16 hex digits. */
  readonly hash: string
  /** The file and what it imports by relative paths: a frame in one of these is the scenario's own. */
  readonly files: readonly string[]
}

/**
 * Loads a scenario file, `.ts`, `.mts`, `.js` or `.mjs`, lying anywhere: no build step, and `ipclab` is the running copy.
 * Node loads it where it can strip types, jiti elsewhere; lines in stack frames are the same. Every load is a fresh
 * module, so that nothing that one run left in it is seen by the next, and an edited file is seen as edited.
 * What can't be used is told by one `BadInput`.
 */
export async function loadScenarioFile(path: string): Promise<LoadedScenario> {
  const file = locate(path)
  const sources = read(file)
  const hash = hashSources(sources)
  const namespace = await importScenario(file, sources)
  return { scenario: defaultExport(file, namespace), file, hash, files: [...sources.keys()] }
}

/** The hash that `loadScenarioFile` gives, without running the file. */
export function hashScenarioFile(path: string): string {
  return hashSources(read(locate(path)))
}

/** The real path of an existing file with an ending of ours. */
function locate(path: string): string {
  const file = resolve(path)
  const stats = reading(file, () => statSync(file, { throwIfNoEntry: false }))
  if (stats === undefined) throw missing(file)
  if (stats.isDirectory()) {
    const inside = filesLike(file)
    const next =
      inside.length === 0
        ? "'ipclab list' shows the library"
        : `name one of its files, such as ${join(shown(file), inside[0] ?? '')}`
    throw new BadInput(`${shown(file)} is a folder, not a scenario file; ${next}`)
  }
  if (!EXTENSIONS.includes(extname(file))) {
    const next = /\.(ndjson|jsonl)$/.test(file) ? "; a trace is for 'ipclab replay' and 'ipclab show'" : ''
    throw new BadInput(`${shown(file)} is no scenario file: its name must end in ${EXTENSIONS.join(', ')}${next}`)
  }
  return realPath(file)
}

function missing(file: string): BadInput {
  const folder = dirname(file)
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) {
    return new BadInput(
      `there is no folder ${shown(folder)}, so no ${basename(file)} in it; 'ipclab list' shows the library`,
    )
  }
  const near = nearestFile(file)
  const next =
    near === null
      ? "'ipclab list' shows the library and 'ipclab new' writes a first scenario"
      : `did you mean ${join(dirname(shown(file)), near)}?`
  return new BadInput(`there is no file ${shown(file)}; ${next}`)
}

const read = (file: string): Sources => reading(file, () => readSources(file))

/** What `action` returns, with what the file system complains of made ours. */
function reading<T>(file: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException
    const why = code === 'EACCES' || code === 'EPERM' ? 'permission denied; make it readable' : message
    throw new BadInput(`cannot read ${shown(path ?? file)}: ${why}`)
  }
}

async function importScenario(file: string, sources: Sources): Promise<Namespace> {
  const files = new Set(sources.keys())
  try {
    await loadFaces(sources)
    if (canLoadNatively()) {
      try {
        return await loadNatively(file, sources)
      } catch (error) {
        // Thrown by the scenario's own code: a second run could only throw it again.
        if (!(error instanceof SyntaxError) && frameIn((error as Error)?.stack, files) !== null) throw error
        // Else a file that Node can't strip or link: the other way may, and has the words for what is wrong.
      }
    }
    // Brings jiti along, which few need where Node can do it.
    const { loadTranspiled } = await import('./scenario-file/transpiled.ts')
    return await loadTranspiled(file, sources)
  } catch (error) {
    if (hasPlace(error)) throw error
    const frame = error instanceof Error ? frameIn(error.stack, files) : null
    const words =
      error instanceof BadInput ? error.message : `loading the scenario threw ${thrownWords(error)}; mend its top level`
    throw badInputAt(frame?.file ?? file, frame?.line ?? null, words)
  }
}

/** Loads the faces that are imported, as hooks can't wait for them. */
async function loadFaces(sources: Sources): Promise<void> {
  for (const { imports } of sources.values()) {
    for (const { specifier } of imports) if (isFace(specifier)) await loadFace(specifier)
  }
}

function defaultExport(file: string, namespace: Namespace): Scenario {
  const value = namespace.default
  if (isScenario(value)) return value
  const how = "write export default scenario('title', { programs: { … }, expect: '…' })"
  if (!('default' in namespace)) {
    const names = Object.keys(namespace).sort()
    const instead = names.length === 0 ? 'it exports nothing' : `it exports ${names.join(', ')}`
    throw new BadInput(`${shown(file)} has no default export, ${instead}; ${how}`)
  }
  if (typeof value === 'object' && value !== null && 'title' in value && 'programs' in value) {
    const copy = "made by another copy of ipclab, or by hand; import scenario from 'ipclab', not by a path"
    throw new BadInput(`the default export of ${shown(file)} is ${copy}, and ${how}`)
  }
  throw new BadInput(`the default export of ${shown(file)} is ${kindOf(value)}, not a scenario; ${how}`)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Promise) return 'a promise'
  const type = typeof value
  return type === 'object' ? 'a plain object' : `a ${type}`
}
