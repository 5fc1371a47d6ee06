import { basename, dirname, relative, sep } from 'node:path'

/** How the user reaches this command, so that commands we print can be pasted. */
export function invocation(script = process.argv[1] ?? 'ipclab'): string {
  if (basename(script, '.cmd') === 'ipclab') {
    return dirname(script).endsWith(`node_modules${sep}.bin`) ? 'npx ipclab' : 'ipclab'
  }
  const near = relative(process.cwd(), script)
  return `node ${quoted(near.startsWith('..') ? script : near)}`
}

/** A word as a shell reads it. */
export const quoted = (word: string): string =>
  /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

export const replayCommand = (trace: string): string => `${invocation()} replay ${quoted(trace)}`
