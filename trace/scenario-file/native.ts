import * as nodeModule from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isFace, loadedFace, type Namespace } from './faces.ts'
import { EXTENSIONS, isPath, resolveImport, type Sources } from './sources.ts'

/**
 * Loading by Node itself, where it strips types and has synchronous hooks. The hooks see to three things: imports of
 * ipclab get the running copy, our files are ES modules whatever the nearest package.json says, and each load is a fresh
 * module, by a query on the URL that relative imports inherit.
 */

// Not all of this is in the types of the oldest Node that we run on.
interface Resolved {
  url: string
  format?: string
  shortCircuit?: boolean
}
interface Loaded {
  source: string | Buffer
  format: string
  shortCircuit?: boolean
}
interface Context {
  parentURL?: string
}
interface Hooks {
  resolve(specifier: string, context: Context, next: (specifier: string, context?: Context) => Resolved): Resolved
  load(url: string, context: Context, next: (url: string, context?: Context) => Loaded): Loaded
}
const { registerHooks } = nodeModule as { registerHooks?: (hooks: Hooks) => void }

const ENTRY = 'ipclab-scenario:'
const FACE = 'ipclab-face:'
const QUERY = '?ipclab='

/** Sources of the loads of this thread by number: what was hashed is what runs. */
const loads = new Map<string, { readonly file: string; readonly sources: Sources }>()
/** Where the modules made for faces find their namespaces; more than one copy of ipclab may live in a process. */
const REGISTRY = Symbol.for('ipclab.faces')
const shelf = globalThis as { [REGISTRY]?: ((face: string) => Namespace | undefined)[] }
/** This copy's place in the registry; negative before the hooks are there. */
let copy = -1

/** Whether this Node can load a scenario by itself. */
export function canLoadNatively(): boolean {
  const { typescript } = process.features as { typescript?: string | false }
  return registerHooks !== undefined && Boolean(typescript)
}

/** Imports the scenario afresh. The faces it imports must have been loaded. Throws whatever Node throws. */
export async function loadNatively(file: string, sources: Sources): Promise<Namespace> {
  if (copy < 0) {
    shelf[REGISTRY] ??= []
    copy = shelf[REGISTRY].push(loadedFace) - 1
    registerHooks?.({ resolve, load })
  }
  const id = `${copy}.${loads.size}`
  loads.set(id, { file, sources })
  return (await import(/* @vite-ignore */ ENTRY + id)) as Namespace
}

const resolve: Hooks['resolve'] = (specifier, context, next) => {
  if (specifier.startsWith(ENTRY)) {
    const id = specifier.slice(ENTRY.length)
    const entry = loads.get(id)
    return entry === undefined ? next(specifier, context) : ours(entry.file, id)
  }
  const [parent, id] = context.parentURL?.split(QUERY) ?? []
  if (parent === undefined || id === undefined || !loads.has(id)) return next(specifier, context)
  if (isFace(specifier)) return { url: `${FACE}${copy}/${specifier}`, format: 'module', shortCircuit: true }
  const inner = { ...context, parentURL: parent }
  if (!isPath(specifier)) return next(specifier, inner)
  const path = resolveImport(fileURLToPath(parent), specifier)
  if (path === null) return next(specifier, inner)
  return EXTENSIONS.includes(extname(path)) ? ours(path, id) : next(pathToFileURL(path).href, inner)
}

function ours(path: string, id: string): Resolved {
  return { url: pathToFileURL(path).href + QUERY + id, format: formatOf(path), shortCircuit: true }
}

const load: Hooks['load'] = (url, context, next) => {
  if (url.startsWith(`${FACE}${copy}/`)) {
    return { source: faceSource(url.slice(`${FACE}${copy}/`.length)), format: 'module', shortCircuit: true }
  }
  const [plain, id] = url.split(QUERY)
  const entry = loads.get(id ?? '')
  if (plain === undefined || entry === undefined) return next(url, context)
  const path = fileURLToPath(plain)
  const source = entry.sources.get(path)
  if (source === undefined) throw new Error(`${path} was not found when the scenario's imports were read`)
  return { source: source.bytes, format: formatOf(path), shortCircuit: true }
}

const formatOf = (path: string): string => (path.endsWith('ts') ? 'module-typescript' : 'module')

/** A module that exports, by their names, what the running copy's namespace holds. */
function faceSource(face: string): string {
  const namespace = loadedFace(face)
  if (namespace === undefined) throw new Error(`the face ${face} was not loaded beforehand`)
  const lines = [`const face = globalThis[Symbol.for('ipclab.faces')][${copy}](${JSON.stringify(face)})`]
  Object.keys(namespace).forEach((name, index) => {
    lines.push(`const x${index} = face[${JSON.stringify(name)}]; export { x${index} as ${JSON.stringify(name)} }`)
  })
  return lines.join('\n')
}
