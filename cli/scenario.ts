import { existsSync, readdirSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { BadInput } from '../kernel/index.ts'
import { findScenario, type LoadedScenario, libraryFolder, loadScenarioFile } from '../trace/index.ts'
import { nearest } from '../trace/scenario-file/words.ts'

/** Scenarios as the command line names them: a path, or a name of the library's. */

const LIBRARY = 'ipclab:'

/** The library's names, `textbook/bounded-buffer`, sorted. */
export function libraryNames(): string[] {
  const folder = libraryFolder()
  if (!existsSync(folder)) return []
  const files = readdirSync(folder, { recursive: true }) as string[] // of strings, as no other encoding is asked for
  return files
    .filter((file) => extname(file) === '.ts' && !file.split(sep).some((part) => part.startsWith('_')))
    .map((file) => file.slice(0, -'.ts'.length).split(sep).join('/'))
    .sort()
}

/** Loads what the user named. @throws BadInput */
export const loadNamed = (named: string): Promise<LoadedScenario> => loadScenarioFile(pathOf(named))

function pathOf(named: string): string {
  if (named === '') throw new BadInput("the scenario's name is empty; name a file, or one that 'ipclab list' shows")
  const wanted = named.startsWith(LIBRARY) ? named.slice(LIBRARY.length) : named
  const isPath = !named.startsWith(LIBRARY) && (existsSync(named) || extname(named) !== '' || /^[./\\]/.test(named))
  if (isPath) return named
  const names = libraryNames()
  const ending = names.filter((name) => name.endsWith(`/${wanted}`))
  if (ending.length > 1) throw new BadInput(`${wanted} is the name of ${ending.join(' and of ')}; write one of these`)
  const found = names.find((name) => name === wanted) ?? ending[0]
  if (found !== undefined) return findScenario(LIBRARY + found, null, null)
  throw new BadInput(unknown(named, wanted, names))
}

function unknown(named: string, wanted: string, names: readonly string[]): string {
  const short = nearest(
    wanted,
    names.map((name) => name.split('/').at(-1) ?? name),
  )
  const near = nearest(wanted, names) ?? names.find((name) => name.endsWith(`/${short}`))
  const next = near === undefined ? "'ipclab list' shows the library" : `did you mean ${near}?`
  const where = named.startsWith(LIBRARY) ? 'in the library' : 'here or in the library'
  return `there is no scenario ${named} ${where}; ${next}`
}

/** What a folder for this scenario's results is called. */
export const plainName = (name: string): string => {
  const bare = name.startsWith(LIBRARY) ? name.slice(LIBRARY.length) : name.replace(/^(\.\.\/)+/, '')
  return extname(bare) === '' ? bare : bare.slice(0, -extname(bare).length)
}

/** `folder/name` joined as this system does, for showing. */
export const under = (...parts: string[]): string => join(...parts)
