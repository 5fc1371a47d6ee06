import { mkdirSync } from 'node:fs'
import type { Exploration, Found } from '../explore/index.ts'
import { BadInput } from '../kernel/index.ts'
import type { Failure } from '../scheduler/index.ts'
import { writePieces } from '../trace/file.ts'
import { type LoadedScenario, nameOfFile, writeTrace } from '../trace/index.ts'
import { report, type Saved } from './draw/exploration.ts'
import { plainName } from './scenario.ts'
import { paper } from './terminal.ts'

export type { Saved }

/** A folder for each failure that was found: its report, and its trace. */

/** Keeps a failure in `ipclab-out/mutex-first/deadlock`: the same one of the same scenario comes to the same place. @throws BadInput */
export function keepFailure(found: Exploration, failure: Found, loaded: LoadedScenario): Saved {
  const folder = `ipclab-out/${plainName(nameOfFile(loaded.file))}/${slug(failure)}`
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new BadInput(
      `cannot make the folder ${folder}: ${(error as Error).message.split(',')[0]}; say with --out where the trace goes`,
    )
  }
  const saved = { trace: `${folder}/trace.ndjson`, report: `${folder}/report.txt` }
  const lines: string[] = []
  report(found, loaded, saved, true, paper(lines))
  writeTrace(failure.trace, saved.trace)
  writePieces([Buffer.from(lines.map((line) => `${line}\n`).join(''))], saved.report, 'report')
  return saved
}

const SLUG_MAX = 60

/** What failed, as the name of a folder. */
function slug({ kind, name }: Pick<Failure, 'kind' | 'name'>): string {
  const words = kind === name ? kind : `${kind} ${name}`
  const plain = words.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '')
  return plain.slice(0, SLUG_MAX)
}
