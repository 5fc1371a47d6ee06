import { existsSync, readFileSync } from 'node:fs'

/**
 * The running copy of ipclab, for scenarios: `ipclab` and `ipclab/x` as package.json's exports name them, imported from
 * beside this very module. So a scenario shares classes and registries with the program that runs it, wherever the
 * scenario lies and whatever copy of ipclab is installed there.
 */

export type Namespace = Readonly<Record<string, unknown>>

type Target = string | { readonly 'ipclab-source'?: string; readonly default?: string }

/** Whether a specifier means this package. */
export const isFace = (specifier: string): boolean => specifier === 'ipclab' || specifier.startsWith('ipclab/')

let known: ReadonlyMap<string, string> | null = null

/** The package's faces by specifier, with the URL of each in the running copy. */
export function faces(): ReadonlyMap<string, string> {
  known ??= readFaces()
  return known
}

function readFaces(): Map<string, string> {
  // The sources, dist/ beside them and .build/ lie at different depths below the package.json that describes them.
  let root = new URL('..', import.meta.url)
  while (!existsSync(new URL('package.json', root))) root = new URL('..', root)
  const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    exports: Record<string, Target>
  }
  const fromSource = import.meta.url.endsWith('.ts')
  const found = new Map<string, string>()
  for (const [name, target] of Object.entries(manifest.exports)) {
    const file = typeof target === 'string' ? target : target[fromSource ? 'ipclab-source' : 'default']
    if (file === undefined || file.endsWith('.json')) continue
    found.set(`ipclab${name.slice(1)}`, new URL(file, root).href)
  }
  return found
}

const loaded = new Map<string, Namespace>()

/** The namespace of a face, the running copy's; `null` when there is no such face. */
export async function loadFace(specifier: string): Promise<Namespace | null> {
  const have = loaded.get(specifier)
  if (have !== undefined) return have
  const url = faces().get(specifier)
  if (url === undefined) return null
  const namespace = (await import(/* @vite-ignore */ url)) as Namespace
  loaded.set(specifier, namespace)
  return namespace
}

/** The namespace of a face that has been loaded before; for hooks, which can't wait. */
export const loadedFace = (specifier: string): Namespace | undefined => loaded.get(specifier)
