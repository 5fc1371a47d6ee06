import { seconds } from '../explore/budget.ts'
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

  #show(told: Told): void {
    if (!this.#terminal.watched) return
    this.#shown = true
    if (told.failed)
      return this.#terminal.tell(
        '\r\x1b[Kfailed; looking for the smallest run that fails like that; Ctrl-C leaves it as it is',
      )
    this.#terminal.tell(`\r\x1b[K${progressLine(told, this.#secondsMax, this.#terminal.width - 1)}`)
  }
}

/** How far a search has come: as much of it as there is room for. */
export function progressLine(told: Told, secondsMax: number, width: number): string {
  const { executions, executionsMax, seconds } = told
  const rate = Math.round(executions / seconds)
  const left = Math.ceil(Math.min((executionsMax - executions) / Math.max(1, rate), secondsMax - seconds))
  const end = '; Ctrl-C ends it'
  let line = `${executions} of ${executionsMax} runs, ${rate} a second, ${left} s left`
  for (const part of [...leftOf(told), ...coverageOf(told)])
    if (line.length + part.length + end.length <= width) line += part
  return line + end
}

/** What partial-order reduction has made is each another trace, and there is more to say of it. */
function leftOf({ left }: Told): string[] {
  if (left === null) return []
  const { share, made } = left
  if (share < 0.001) return [', under 0.1 % of all traces made']
  const percent = share < 0.1 ? (share * 100).toFixed(1) : Math.floor(share * 100)
  const magnitude = 10 ** Math.max(0, Math.floor(Math.log10(made / share)) - 1)
  const all = Math.round(made / share / magnitude) * magnitude
  return [`, about ${percent} % made, some ${Math.max(all, made)} traces in all`]
}

function coverageOf({ coverage, left }: Told): string[] {
  if (coverage === null || coverage.runs === 0) return []
  const { runs, traces, pairs, bothOrders } = coverage
  return [
    ...(left === null ? [`, ${traces} different traces in ${runs} looked at`] : []),
    ...(pairs === 0 ? [] : [`, ${bothOrders} of ${pairs} pairs of calls in both orders`]),
  ]
}

/** Does what is done in so many parts; while somebody watches and it takes over a second, says how far it is. */
export function counting<T>(
  terminal: Terminal,
  work: (onDone: (done: number, most: number) => void) => T,
  clock: () => number = seconds,
): T {
  const began = clock()
  let told = began
  try {
    return work((done, most) => {
      const now = clock()
      if (!terminal.watched || now - told < (told === began ? 1 : TELL_SECONDS)) return
      told = now
      const left = Math.ceil(((now - began) / done) * (most - done))
      terminal.tell(`\r\x1b[K${done} of ${most} runs, ${left} s left; Ctrl-C ends it`)
    })
  } finally {
    if (told > began) terminal.tell('\r\x1b[K')
  }
}

/** Between two tellings. */
const TELL_SECONDS = 0.2
