import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

/** A pseudo-terminal for tests, with a shell in it: script(1) of util-linux makes it, or python3. */

const ESCAPE = String.fromCharCode(27)
const HOME = `${ESCAPE}[H`
export const OWN_SCREEN = `${ESCAPE}[?1049h`
export const SCREEN_BACK = `${ESCAPE}[?1049l`
const STILL_MS = 30
const SECONDS_MAX = 30

const PYTHON = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(["sh", "-c", sys.argv[1]])))'

function makers(): { readonly command: string; readonly args: (words: string) => string[] } {
  if (spawnSync('script', ['--version']).stdout?.includes('util-linux'))
    return { command: 'script', args: (words) => ['-qfec', words, '/dev/null'] }
  if (spawnSync('python3', ['--version']).status === 0)
    return { command: 'python3', args: (words) => ['-c', PYTHON, words] }
  throw new Error('this test needs a pseudo-terminal, and there is neither script(1) of util-linux nor python3')
}

export class PseudoTerminal {
  readonly #child: ChildProcessWithoutNullStreams
  #written = ''
  #told: () => void = () => {}
  /** The shell's exit code, when it has ended. */
  readonly ended: Promise<number>
  #isOver = false

  /** Runs a command line of sh in a terminal of that size. */
  constructor(words: string, { cwd, env, rows, columns }: Options) {
    const { command, args } = makers()
    this.#child = spawn(command, args(`stty rows ${rows} cols ${columns}; ${words}`), {
      cwd,
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', ...env },
    })
    const heard = (data: Buffer): void => {
      this.#written += data.toString()
      this.#told()
    }
    this.#child.stdout.on('data', heard)
    this.#child.stderr.on('data', heard)
    this.#child.stdin.on('error', () => {}) // it may be over before it has read all
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.#isOver = true
        this.#told()
        resolve(code ?? -1)
      })
    })
  }

  /** Everything that was written, with its control sequences. */
  get written(): string {
    return this.#written
  }

  /** What stands on the screen: each picture is drawn whole, from the upper left corner. */
  get screen(): string {
    const all = this.#written
    const from = Math.max(all.lastIndexOf(HOME), all.lastIndexOf(SCREEN_BACK))
    return stripVTControlCharacters(all.slice(Math.max(0, from))).replaceAll('\r', '')
  }

  press(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Waits until that stands on the screen, and returns it. */
  async until(wanted: RegExp): Promise<string> {
    const late = setTimeout(() => this.#told(), SECONDS_MAX * 1000)
    const latest = performance.now() + SECONDS_MAX * 1000
    try {
      for (;;) {
        const { screen } = this
        if (wanted.test(screen)) {
          // The rest of it may still be on its way: a screen comes in pieces.
          await new Promise((resolve) => setTimeout(resolve, STILL_MS))
          if (this.screen === screen) return screen
          continue
        }
        if (this.#isOver || performance.now() >= latest)
          throw new Error(`${wanted} did not come ${this.#isOver ? 'before the end' : 'in time'}; there is:\n${screen}`)
        await new Promise<void>((resolve) => {
          this.#told = resolve
        })
      }
    } finally {
      clearTimeout(late)
    }
  }

  /** Presses keys and waits. */
  async after(keys: string, wanted: RegExp): Promise<string> {
    this.press(keys)
    return await this.until(wanted)
  }

  close(): void {
    this.#child.kill()
  }
}

export interface Options {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  readonly rows: number
  readonly columns: number
}

export const KEYS = {
  up: `${ESCAPE}[A`,
  down: `${ESCAPE}[B`,
  right: `${ESCAPE}[C`,
  left: `${ESCAPE}[D`,
  home: `${ESCAPE}[H`,
  end: `${ESCAPE}[F`,
  pageUp: `${ESCAPE}[5~`,
  pageDown: `${ESCAPE}[6~`,
  enter: '\r',
  escape: ESCAPE,
  backspace: '\x7f',
  controlC: '\x03',
  controlD: '\x04',
  controlU: '\x15',
  controlZ: '\x1a',
} as const
