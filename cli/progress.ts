import type { Progress as Told } from '../explore/index.ts'
import type { Terminal } from './terminal.ts'

/** What is shown while a search goes on, and its early end by Ctrl-C. */
export class Progress {
  readonly #terminal: Terminal
  readonly #secondsMax: number
  #shown = false
  /** Whether the user has ended it. */
  interrupted = false

  constructor(terminal: Terminal, secondsMax = Number.POSITIVE_INFINITY) {
    this.#terminal = terminal
    this.#secondsMax = secondsMax
  }

  /** Runs a search. The first Ctrl-C ends it, and what it knows is printed; the second ends the program. */
  async during<T>(search: (onProgress: (told: Told) => void, signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController()
    const interrupt = (): void => {
      this.interrupted = true
      stop.abort()
    }
    process.once('SIGINT', interrupt)
    try {
      return await search((told) => this.#show(told), stop.signal)
    } finally {
      process.off('SIGINT', interrupt)
      if (this.#shown) this.#terminal.tell('\r\x1b[K')
    }
  }

  #show({ executions, executionsMax, seconds, failed }: Told): void {
    if (!this.#terminal.watched) return
    this.#shown = true
    if (failed)
      return this.#terminal.tell(
        '\r\x1b[Kfailed; looking for the smallest run that fails like that; Ctrl-C leaves it as it is',
      )
    const rate = Math.round(executions / seconds)
    const left = Math.ceil(Math.min((executionsMax - executions) / Math.max(1, rate), this.#secondsMax - seconds))
    this.#terminal.tell(
      `\r\x1b[K${executions} of ${executionsMax} runs, ${rate} a second, ${left} s left; Ctrl-C ends it`,
    )
  }
}
