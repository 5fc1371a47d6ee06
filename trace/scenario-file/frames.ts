import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Which line of the scenario made a call: read from the text of an error's stack. A scenario's frames name its file by
 * URL, with a query when Node loaded it; lines are the source's own on every Node, columns are not to be relied on.
 */

export interface Frame {
  /** Absolute path. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** The path that a frame's file name means: `file:` URLs, with or without a query, and plain paths. */
export function pathOfFrame(name: string): string {
  if (!name.startsWith('file:')) return name
  const query = name.indexOf('?')
  return fileURLToPath(query < 0 ? name : name.slice(0, query))
}

/** One line of a stack's text, or `null` when it is no frame in a file. */
export function parseFrame(text: string): Frame | null {
  const position = /:(\d+):(\d+)\)?$/.exec(text)
  if (position === null || !/^\s*at /.test(text)) return null
  const head = text.slice(0, position.index)
  const start = /(?:^\s*at (?:async )?|\()(?=file:|\/|[A-Za-z]:[\\/])/.exec(head)
  if (start === null) return null
  const file = pathOfFrame(head.slice(start.index + start[0].length))
  return { file, line: Number(position[1]), column: Number(position[2]) }
}

/** The innermost frame of a stack that is in `file`, or in one of `files`; `null` when there is none. */
export function frameIn(stack: string | undefined, files: string | ReadonlySet<string>): Frame | null {
  for (const text of (stack ?? '').split('\n')) {
    const frame = parseFrame(text)
    if (frame !== null && (typeof files === 'string' ? frame.file === files : files.has(frame.file))) return frame
  }
  return null
}

/** The real path, without symbolic links: what stack frames say. The path as given when there is no such file. */
export function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
