import { existsSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, posix, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BadInput, type Scenario, type SiteProbe } from '../kernel/index.ts'
import { probeFor, probeForAnyFile } from './lines.ts'
import { realPath } from './scenario-file/frames.ts'
import { EXTENSIONS } from './scenario-file/sources.ts'
import { shown } from './scenario-file/words.ts'
import { hashScenarioFile, type LoadedScenario } from './scenario-file.ts'

/** How traces name scenarios, and how the named ones are found again. */

const LIBRARY = 'ipclab:'

/** A scenario and what a trace says of where it is from. */
export interface Source {
  readonly scenario: Scenario
  readonly name: string | null
  readonly hash: string | null
  readonly probe: SiteProbe
}

/** @param name what to call the scenario, if not by its path from the working directory */
export function sourceOf(given: LoadedScenario | Scenario, name?: string | null): Source {
  if (!isLoaded(given)) return { scenario: given, name: null, hash: null, probe: probeForAnyFile() }
  const called = name ?? nameOfFile(given.file)
  return { scenario: given.scenario, name: called, hash: given.hash, probe: probeFor(fileNames(given, called)) }
}

const isLoaded = (given: LoadedScenario | Scenario): given is LoadedScenario => 'files' in given

/** The folder of the scenario library that comes with the package. */
export function libraryFolder(): string {
  let folder = fileURLToPath(new URL('.', import.meta.url))
  // What is compiled for the repository's own use lies in .build/, the scenarios do not.
  while (!existsSync(join(folder, 'package.json')) || basename(folder) === '.build') {
    const above = dirname(folder)
    if (above === folder) break
    folder = above
  }
  return realPath(join(folder, 'scenarios'))
}

/** What traces call a scenario file: `ipclab:posix/name` in the library, else its path from the working directory. */
export function nameOfFile(file: string): string {
  const inLibrary = relative(libraryFolder(), file)
  if (!inLibrary.startsWith('..') && resolve(inLibrary) !== inLibrary) {
    return LIBRARY + slashes(inLibrary.slice(0, -extname(inLibrary).length))
  }
  return slashes(relative(process.cwd(), file))
}

const slashes = (path: string): string => path.split(sep).join('/')

/** The names of all the scenario's files, by path: as they lie to the one that is named. */
function fileNames({ file, files }: LoadedScenario, name: string): Map<string, string> {
  const [prefix, path] = name.startsWith(LIBRARY) ? [LIBRARY, name.slice(LIBRARY.length) + extname(file)] : ['', name]
  const names = new Map<string, string>()
  for (const one of files) {
    const lies = slashes(relative(dirname(file), one))
    names.set(one, one === file ? prefix + path : prefix + posix.join(posix.dirname(path), lies))
  }
  return names
}

/**
 * The path of the scenario that a trace names: in the library; else from the working directory, from the trace's folder,
 * or from a folder above it, whichever has the file that was recorded, or else has a file of that name.
 * @throws BadInput when there is none
 */
export function findScenario(name: string, hash: string | null, traceFile: string | null): string {
  const found = name.startsWith(LIBRARY) ? libraryFiles(name) : existing(candidates(name, traceFile))
  const [first] = found
  if (first !== undefined) return found.find((file) => hashOf(file) === hash) ?? first
  if (name.startsWith(LIBRARY)) {
    throw new BadInput(`the library has no scenario '${name.slice(LIBRARY.length)}'; 'ipclab list' shows what it has`)
  }
  const beside = traceFile === null ? '' : `, nor from ${shown(dirname(resolve(traceFile)))} and the folders above it`
  throw new BadInput(
    `the trace's scenario ${name} is not found from here${beside}; go to the folder in which it was recorded, or name the scenario's file (--scenario FILE)`,
  )
}

function libraryFiles(name: string): string[] {
  const path = join(libraryFolder(), ...name.slice(LIBRARY.length).split('/'))
  return existing(EXTENSIONS.map((extension) => path + extension))
}

function candidates(name: string, traceFile: string | null): string[] {
  const found = [resolve(name)]
  if (traceFile === null) return found
  let folder = dirname(resolve(traceFile))
  for (;;) {
    found.push(resolve(folder, name))
    const above = dirname(folder)
    if (above === folder) return found
    folder = above
  }
}

const existing = (files: readonly string[]): string[] =>
  files.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)

function hashOf(file: string): string | null {
  try {
    return hashScenarioFile(file)
  } catch (error) {
    if (error instanceof BadInput) return null // loading it will say why
    throw error
  }
}
