import { emitKeypressEvents } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import { leave } from '../exit.ts'

/**
 * A terminal that gives us every key as it is pressed and a screen of our own, and has both back whatever happens: at the
 * end, after an exception, when scenario code ends the process, when somebody kills it.
 */

export interface Key {
  /** `return`, `left`, `pageup` …; a letter or digit by itself. */
  readonly name: string
  /** What was typed, where it can be written. */
  readonly text: string
  readonly ctrl: boolean
}

/** The screen has another size now. */
export const RESIZED: Key = { name: 'resized', text: '', ctrl: false }

const SCREEN = '\x1b[?1049h\x1b[?25l'
const SCREEN_BACK = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const TO_LINE_END = '\x1b[K'
const TO_SCREEN_END = '\x1b[J'

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

export class Console {
  readonly #input: ReadStream
  readonly #output: WriteStream
  readonly #keys: (Key | null)[] = []
  #told: (() => void) | null = null
  #held = false
  readonly #off: (() => void)[] = []

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input
    this.#output = output
  }

  /** Takes the terminal for as long as the work lasts. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#listen()
    this.#hold()
    try {
      return await work()
    } finally {
      this.#giveBack()
      for (const off of this.#off.splice(0)) off()
      this.#input.pause()
    }
  }

  get rows(): number {
    return this.#output.rows || 24 // 0 where nobody knows
  }

  get columns(): number {
    return this.#output.columns || 80
  }

  /** Whether a key is there to be read; waits for one. */
  async ready(): Promise<void> {
    if (this.#keys.length > 0) return
    await new Promise<void>((resolve) => {
      this.#told = resolve
    })
  }

  /** The next key; `null` when there will be none. */
  async read(): Promise<Key | null> {
    await this.ready()
    return this.#keys.shift() ?? null
  }

  /** The key is the next to be read once more. */
  unread(key: Key | null): void {
    this.#keys.unshift(key)
  }

  /** Shows these lines, which fit, in place of what was there. */
  paint(lines: readonly string[]): void {
    if (this.#held) this.#output.write(`${HOME}${lines.join(`${TO_LINE_END}\r\n`)}${TO_LINE_END}${TO_SCREEN_END}`)
  }

  #listen(): void {
    const input = this.#input
    const output = this.#output
    emitKeypressEvents(input)
    this.#on(input, 'keypress', (text: string | undefined, key: { name?: string; ctrl?: boolean }) =>
      this.#pressed({ name: key.name ?? text ?? '', text: text ?? '', ctrl: key.ctrl === true }),
    )
    for (const event of ['end', 'close', 'error']) this.#on(input, event, () => this.#push(null))
    this.#on(output, 'resize', () => this.#push(RESIZED))
    // First, so that what others have to say at the end is said on the screen that stays.
    for (const event of ['exit', 'uncaughtException', 'unhandledRejection'])
      this.#on(process, event, () => this.#giveBack())
    for (const [signal, number] of Object.entries(SIGNALS)) this.#on(process, signal, () => leave(128 + number))
    this.#on(process, 'SIGCONT', () => this.#holdAgain())
    input.resume()
  }

  #on(emitter: NodeJS.EventEmitter, event: string, heard: (...args: never[]) => void): void {
    const listener = heard as (...args: unknown[]) => void // each event's own arguments, as Node documents them
    emitter.prependListener(event, listener)
    this.#off.push(() => emitter.off(event, listener))
  }

  #pressed(key: Key): void {
    if (key.ctrl && key.name === 'z' && process.platform !== 'win32') {
      this.#giveBack()
      process.kill(process.pid, 'SIGTSTP')
      setImmediate(() => this.#holdAgain()) // where there is no shell to go to nothing has stopped us
    } else {
      this.#push(key)
    }
  }

  #push(key: Key | null): void {
    this.#keys.push(key)
    this.#told?.()
    this.#told = null
  }

  #hold(): void {
    if (this.#held) return
    this.#input.setRawMode(true)
    this.#output.write(SCREEN)
    this.#held = true
  }

  #holdAgain(): void {
    if (this.#off.length === 0) return // it is over
    this.#hold()
    this.#push(RESIZED)
  }

  #giveBack(): void {
    if (!this.#held) return
    this.#held = false
    this.#output.write(SCREEN_BACK)
    this.#input.setRawMode(false)
  }
}
