import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SiteProbe } from '../kernel/index.ts'
import { parseFrame, pathOfFrame } from './scenario-file/frames.ts'

/**
 * On which line of the scenario a call is made. Walking the stack costs microseconds, so only the frame that made the
 * call is captured, and the place that it names is looked up once; only if that frame is not the scenario's own is the
 * whole stack walked.
 */

const DEEP = 16

/** What a file is called in traces, `null` when it is not the scenario's. */
type NameOf = (file: string) => string | null

/** The probe for a scenario whose files have these names. */
export const probeFor = (names: ReadonlyMap<string, string>): SiteProbe => probe((file) => names.get(file) ?? null)

/** The probe for a scenario that no file holds: the innermost place outside ipclab's own code, relative to the working directory. */
export function probeForAnyFile(): SiteProbe {
  const own = ownFolders()
  const here = process.cwd()
  return probe((file) => {
    if (file.startsWith('node:') || own.some((folder) => file.startsWith(folder))) return null
    return relative(here, file).split(sep).join('/')
  })
}

function ownFolders(): string[] {
  const root = fileURLToPath(new URL('..', import.meta.url))
  return ['kernel', 'ipc', 'scheduler', 'explore', 'trace', 'testing', 'cli'].map((folder) => `${root}${folder}${sep}`)
}

function probe(nameOf: NameOf): SiteProbe {
  /** By script and position in it: the line, `null` where it is not the scenario's. */
  const known = new Map<string, Map<number, string | null>>()
  const holder: { stack?: unknown } = {}
  let outer: typeof Error.prepareStackTrace

  function place(site: NodeJS.CallSite): string | null {
    const script = site.getFileName() ?? ''
    let lines = known.get(script)
    if (lines === undefined) {
      lines = new Map()
      known.set(script, lines)
    }
    const position = (site as PositionedSite).getPosition()
    let line = lines.get(position)
    if (line === undefined) {
      line = lineAt(site, script)
      lines.set(position, line)
    }
    return line
  }

  function lineAt(site: NodeJS.CallSite, script: string): string | null {
    // Whoever has set a hook of their own (a test runner) knows how lines were moved.
    const text = outer === undefined ? null : outer(new Error(), [site])
    const mapped = typeof text === 'string' ? parseFrame(text.split('\n').at(-1) ?? '') : null
    const name = nameOf(mapped?.file ?? pathOfFrame(script))
    return name === null ? null : `${name}:${mapped?.line ?? site.getLineNumber() ?? 0}`
  }

  function innermost(_error: Error, sites: NodeJS.CallSite[]): string | null {
    for (const site of sites) {
      const line = place(site)
      if (line !== null) return line
    }
    return null
  }

  return (below) => {
    const { stackTraceLimit, prepareStackTrace } = Error
    outer = prepareStackTrace
    Error.prepareStackTrace = innermost
    Error.stackTraceLimit = 1
    Error.captureStackTrace(holder, below)
    let line = holder.stack as string | null // what `innermost` returns
    if (line === null) {
      Error.stackTraceLimit = DEEP
      Error.captureStackTrace(holder, below)
      line = holder.stack as string | null
    }
    Error.stackTraceLimit = stackTraceLimit
    Error.prepareStackTrace = prepareStackTrace
    return line
  }
}

/** V8 has it, the types don't. */
interface PositionedSite extends NodeJS.CallSite {
  getPosition(): number
}
