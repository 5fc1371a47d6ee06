import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { BadInput } from '../kernel/index.ts'
import { parseTrace } from './parse.ts'
import { EXTENSIONS } from './scenario-file/sources.ts'
import { shown } from './scenario-file/words.ts'
import type { Trace } from './trace.ts'

/** Traces as files: written beside and then put in place, so that there is never half a trace under the name. */

/** What is kept in files, and how their names end. */
export type Kind = 'trace' | 'schedule' | 'report' | 'picture'
const ENDINGS: { readonly [K in Kind]: string } = {
  trace: '.ndjson',
  schedule: '.json',
  report: '.txt',
  picture: '.svg',
}

/** Writes the trace to a file. @throws BadInput when it can't be written */
export function writeTrace(trace: Trace, path: string): void {
  writePieces(trace.chunks(), path, 'trace')
}

/** Writes a file, whole or not at all. @throws BadInput when it can't be written */
export function writePieces(pieces: Iterable<Uint8Array>, path: string, kind: Kind): void {
  put(path, kind, (file) => {
    for (const bytes of pieces) {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    }
  })
}

/** Writes a picture, whole or not at all. @throws BadInput when it can't be written */
export function writePicture(svg: string, path: string): void {
  writePieces([Buffer.from(svg)], path, 'picture')
}

/** Looks before the work is done whether what comes of it could be written there. @throws BadInput when not */
export function checkWritable(path: string, kind: Kind = 'trace'): void {
  put(path, kind, null)
}

/** @param write `null` only tries: whatever is at `path` stays as it is */
function put(path: string, kind: Kind, write: ((file: number) => void) | null): void {
  if (path === '')
    throw new BadInput(`cannot write a ${kind}: the path is empty; name a file, as in run${ENDINGS[kind]}`)
  if (EXTENSIONS.includes(extname(path)))
    throw new BadInput(
      `cannot write ${shown(path)}: a scenario's name ends so, and a ${kind}'s does not; write ${ENDINGS[kind]}`,
    )
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    // Not over a device or a pipe: that is written into as it is.
    if (stats !== undefined && !stats.isFile() && !stats.isDirectory()) {
      if (write !== null) fill(path, write)
      return
    }
    const target = stats === undefined ? path : realpathSync(path)
    if (stats?.isDirectory() === true) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' })
    const beside = join(dirname(target), `.${basename(target)}.${process.pid}.part`)
    try {
      fill(beside, write ?? (() => {}))
      if (write === null) rmSync(beside)
      else renameSync(beside, target)
    } catch (error) {
      rmSync(beside, { force: true })
      throw error
    }
  } catch (error) {
    throw unwritable(path, error)
  }
}

function fill(path: string, write: (file: number) => void): void {
  const file = openSync(path, 'w')
  try {
    write(file)
  } finally {
    closeSync(file)
  }
}

function unwritable(path: string, error: unknown): BadInput {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      if (existsSync(dirname(path)))
        return new BadInput(`cannot write ${shown(path)}: no file can be made there; choose another path`)
      return new BadInput(`cannot write ${shown(path)}: there is no folder ${shown(dirname(path))}; make it first`)
    case 'ENOTDIR':
      return new BadInput(`cannot write ${shown(path)}: ${shown(dirname(path))} is no folder; choose another path`)
    case 'EISDIR':
      return new BadInput(`cannot write ${shown(path)}: it is a folder; name a file in it`)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new BadInput(`cannot write ${shown(path)}: permission denied; choose another path`)
    case 'ENOSPC':
      return new BadInput(`cannot write ${shown(path)}: the disk is full`)
    default:
      return new BadInput(`cannot write ${shown(path)}: ${message}`)
  }
}

/** Reads a trace. @throws BadInput, naming file and line, for what is no whole, unchanged trace of our version */
export function readTrace(path: string): Trace {
  return parseTrace(readText(path, 'trace'), shown(path))
}

/** Who writes such files. */
const WRITERS: { readonly [K in Kind]: string } = {
  trace: "'ipclab run' and 'ipclab explore' write traces",
  schedule: "'ipclab step' and failing tests write schedules",
  report: "'ipclab explore' writes reports",
  picture: "'ipclab run' and 'ipclab compare' draw pictures",
}

/** The text of a file. @throws BadInput when it can't be read */
export function readText(path: string, kind: Kind): string {
  if (path === '') throw new BadInput(`the ${kind}'s path is empty; name a file: ${WRITERS[kind]}`)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
        throw new BadInput(`there is no file ${shown(path)}; ${WRITERS[kind]}`)
      case 'EISDIR':
        throw new BadInput(`${shown(path)} is a folder; name the ${kind} in it`)
      case 'EACCES':
      case 'EPERM':
        throw new BadInput(`cannot read ${shown(path)}: permission denied; make it readable`)
      case 'ERR_STRING_TOO_LONG':
        throw new BadInput(`${shown(path)} is too long to be read as a ${kind}; record a shorter run`)
      default:
        throw new BadInput(`cannot read ${shown(path)}: ${message}`)
    }
  }
}
