import { isBuiltin } from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInThisContext } from 'node:vm'
import type { Jiti } from 'jiti'
import type { BadInput } from '../../kernel/errors.ts'
import { faces, isFace, loadFace, type Namespace } from './faces.ts'
import { EXTENSIONS, isPath, lineAt, resolveImport, type Sources } from './sources.ts'
import { complaintIn, transpile } from './transpile.ts'
import { badInputAt, nearest, nearestFile, shown } from './words.ts'

/**
 * Loading where Node can't do it itself: jiti turns each file into a function body that keeps its lines, and a small
 * linker runs them. It resolves as the hooks of native.ts do, and it is also what says what is wrong with a scenario, so
 * that the words are the same on every Node.
 */

interface Module {
  readonly exports: Record<string, unknown>
  readonly importer: Module | null
  readonly path: string
  done: Promise<unknown>
  loaded: boolean
}

type Body = (
  exports: unknown,
  require: unknown,
  module: unknown,
  filename: string,
  dirname: string,
  jitiImport: (specifier: string) => Promise<unknown>,
  jitiResolve: (specifier: string) => string,
) => Promise<void>

const PARAMETERS = 'exports, require, module, __filename, __dirname, jitiImport, jitiESMResolve'

/** Imports the scenario afresh. Throws `BadInput` for what can't be read or resolved, and what the file itself throws. */
export async function loadTranspiled(file: string, sources: Sources): Promise<Namespace> {
  const linker = new Linker(file, sources)
  return linker.load(file, null)
}

class Linker {
  private readonly modules = new Map<string, Module>()
  private readonly file: string
  private readonly sources: Sources
  private made: Promise<Jiti> | null = null

  constructor(file: string, sources: Sources) {
    this.file = file
    this.sources = sources
  }

  /** jiti, brought along when it is first needed. */
  private readonly jiti = (): Promise<Jiti> => {
    this.made ??= jitiFor(this.file)
    return this.made
  }

  async load(path: string, importer: Module | null): Promise<Namespace> {
    const known = this.modules.get(path)
    if (known === undefined) {
      const module: Module = { exports: {}, importer, path, done: Promise.resolve(), loaded: false }
      this.modules.set(path, module)
      module.done = this.evaluate(module)
      await module.done
      module.loaded = true
      return module.exports
    }
    // A module that waits for us, its importer, can't be waited for: a cycle gets what is exported so far.
    for (let at = importer; at !== null; at = at.importer) if (at === known) return known.exports
    await known.done
    return known.exports
  }

  private async evaluate(module: Module): Promise<void> {
    const { path } = module
    const source = this.sources.get(path)
    if (source === undefined)
      throw badInputAt(
        module.importer?.path ?? path,
        null,
        `imports ${shown(path)} in a way that can't be seen without running it; write import … from '…'`,
      )
    const text = source.bytes.toString()
    const code = await transpile(text, path, this.jiti)
    refuseBadSyntax(path, code)

    const filename = pathToFileURL(path).href
    const body = runInThisContext(`(async function (${PARAMETERS}) {${code}\n})`, { filename }) as Body
    const imported = importedNames(code)
    const jitiImport = async (specifier: string): Promise<unknown> => {
      const line = source.imports.find((one) => one.specifier === specifier)?.line ?? null
      const { namespace, complete } = await this.import(specifier, module, line)
      if (!complete) return namespace
      for (const name of imported.get(specifier) ?? []) {
        if (!(name in namespace)) throw noExport(path, text, specifier, name, namespace)
      }
      return namespace
    }
    const resolver = code.includes('jitiESMResolve') ? await this.jiti() : null
    const jitiResolve = (specifier: string): string => String(resolver?.esmResolve(specifier, filename))
    await body(module.exports, undefined, module, path, path, jitiImport, jitiResolve)
  }

  private async import(
    specifier: string,
    importer: Module,
    line: number | null,
  ): Promise<{ namespace: Namespace; complete: boolean }> {
    const refuse = (why: string): BadInput => badInputAt(importer.path, line, `cannot find '${specifier}'; ${why}`)
    if (isFace(specifier)) {
      const namespace = await loadFace(specifier)
      if (namespace === null) throw refuse(`there are ${[...faces().keys()].join(', ')}`)
      return { namespace, complete: true }
    }
    if (isBuiltin(specifier))
      return { namespace: await (await this.jiti()).import<Namespace>(specifier), complete: false }
    if (!isPath(specifier)) {
      const jiti = await this.jiti()
      const url = jiti.esmResolve(specifier, { parentURL: pathToFileURL(importer.path).href, try: true })
      if (url === undefined) throw refuse('install the package where the scenario lies')
      return { namespace: await jiti.import<Namespace>(String(url)), complete: false }
    }
    const path = resolveImport(importer.path, specifier)
    if (path === null) {
      const near = nearestFile(resolve(dirname(importer.path), specifier))
      throw refuse(near === null ? 'check the path' : `did you mean '${near}'?`)
    }
    if (!EXTENSIONS.includes(extname(path))) {
      return { namespace: await (await this.jiti()).import<Namespace>(path), complete: false }
    }
    const namespace = await this.load(path, importer)
    return { namespace, complete: this.modules.get(path)?.loaded === true }
  }
}

/** A jiti for that scenario. Everything is said, so that nobody's JITI_… environment variables change what it means. */
export async function jitiFor(file: string): Promise<Jiti> {
  const { createJiti } = await import('jiti')
  return createJiti(file, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    sourceMaps: false,
    tryNative: false,
    debug: false,
    jsx: false,
    tsconfigPaths: false,
    alias: {},
    extensions: [...EXTENSIONS, '.cjs', '.cts', '.json'],
  })
}

function refuseBadSyntax(path: string, code: string): void {
  const error = complaintIn(code)
  if (error === null) return
  const words = error.message
    .replace(/^\/?\S*: /, '')
    .replace(/\s*\(\d+:\d+\)[\s\S]*$/, '')
    .replace(/\.?\s*$/, '')
  throw badInputAt(path, error.line, `syntax error: ${words}; mend it there`, error.column + 1)
}

/** The names that the code uses of each module it imports, by specifier; those used only as types are not among them. */
function importedNames(code: string): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>()
  for (const [, variable, specifier] of code.matchAll(/\bvar (_\w+) = await jitiImport\("([^"]+)"\)/g)) {
    if (variable === undefined || specifier === undefined) continue
    const uses = code.matchAll(new RegExp(`(?<![\\w$.])${variable}\\.([A-Za-z_$][\\w$]*)`, 'g'))
    names.set(specifier, new Set(Array.from(uses, ([, name]) => name ?? '')))
  }
  return names
}

function noExport(path: string, text: string, specifier: string, name: string, namespace: Namespace): BadInput {
  const line = lineAt(text, Math.max(0, text.search(new RegExp(`\\b${name.replaceAll('$', '\\$')}\\b`))))
  const near = nearest(name, Object.keys(namespace))
  const next = near === null ? 'check its spelling' : `did you mean '${near}'?`
  return badInputAt(path, line, `'${specifier}' has no export '${name}'; ${next}`)
}
