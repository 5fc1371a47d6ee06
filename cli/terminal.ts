import pc from 'picocolors'
import { MISUSE } from './complaint.ts'
import { leave } from './exit.ts'

/** Where the commands write: lines on standard output, complaints and progress on standard error. */

export type Colors = ReturnType<typeof pc.createColors>

/** No colours at all. */
export const PLAIN: Colors = pc.createColors(false)

export interface Terminal {
  readonly colors: Colors
  /** Columns to draw in. */
  readonly width: number
  /** Whether somebody watches standard error, so that a line there may be written over. */
  readonly watched: boolean
  /** What the process will exit with. */
  exitCode: number
  print(lines: string | readonly string[]): void
  tell(text: string): void
}

/** Width of what is drawn into a file or a pipe: the same everywhere. */
const WIDTH = 120

export function terminal(argv: readonly string[] = process.argv): Terminal {
  const { stdout, stderr, env } = process
  // NO_COLOR counts when it holds anything: no-color.org
  const plain = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb' || argv.includes('--no-color')
  return {
    colors: pc.createColors(stdout.isTTY === true && !plain),
    width: stdout.isTTY === true ? Math.max(40, stdout.columns) : WIDTH,
    watched: stderr.isTTY === true,
    exitCode: 0,
    print(lines) {
      const text = typeof lines === 'string' ? lines : lines.join('\n')
      stdout.write(`${text}\n`)
    },
    tell: (text) => void stderr.write(text),
  }
}

/** A terminal that is a sheet of paper: what is printed is kept, a line each. */
export function paper(lines: string[]): Terminal {
  return {
    colors: PLAIN,
    width: WIDTH,
    watched: false,
    exitCode: 0,
    print: (printed) => void lines.push(...(typeof printed === 'string' ? printed.split('\n') : printed)),
    tell: () => {},
  }
}

/** A reader that has seen enough (`| head`) is no error. */
export function quietOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') leave(Number(process.exitCode ?? 0))
      leave(MISUSE, stream === process.stdout ? `cannot write to standard output: ${error.message}` : undefined)
    })
  }
}
