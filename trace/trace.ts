import { createHash } from 'node:crypto'
import { BadInput } from '../kernel/index.ts'
import { type Choice, writeSchedule } from '../scheduler/index.ts'
import type { EventLines } from './event-lines.ts'
import type { TraceEvent, TraceHeader, TraceVerdict } from './format.ts'
import { jsonOf } from './json.ts'

/**
 * A run as it was recorded or read: header, choices, an event for each step, verdict. Its lines are what counts; events
 * are read from them when they are asked for, so that a trace in memory and one from a file can't differ.
 */
export class Trace {
  readonly header: TraceHeader
  readonly choices: readonly Choice[]
  /** Logged by programs before their first call. */
  readonly startLog: readonly string[]
  /** A line for each event. */
  readonly lines: EventLines
  readonly verdict: TraceVerdict
  #events: readonly TraceEvent[] | null = null
  #digest: string | null = null

  constructor(
    header: TraceHeader,
    choices: readonly Choice[],
    startLog: readonly string[],
    lines: EventLines,
    verdict: TraceVerdict,
  ) {
    this.header = header
    this.choices = choices
    this.startLog = startLog
    this.lines = lines
    this.verdict = verdict
  }

  get steps(): number {
    return this.lines.length
  }

  get events(): readonly TraceEvent[] {
    this.#events ??= Array.from({ length: this.steps }, (_, index) => this.event(index + 1))
    return this.#events
  }

  /** The event of a step, from 1. */
  event(step: number): TraceEvent {
    const line = this.lines.at(step)
    if (line === undefined) throw new BadInput(`the trace has steps 1 to ${this.steps}, no step ${step}`)
    return this.#events?.[step - 1] ?? (JSON.parse(line) as TraceEvent) // the line of an event
  }

  /** Of every byte before the last line: 16 hex digits. */
  get digest(): string {
    this.#digest ??= digestOf(this.#body())
    return this.#digest
  }

  /** The file's bytes, in pieces. */
  *chunks(): Generator<Uint8Array> {
    const hash = createHash('sha256')
    for (const chunk of this.#body()) {
      if (this.#digest === null) hash.update(chunk)
      yield chunk
    }
    this.#digest ??= shorten(hash.digest('hex'))
    yield Buffer.from(`${digestLine(this.#digest)}\n`)
  }

  get text(): string {
    return Buffer.concat([...this.chunks()]).toString()
  }

  *#body(): Generator<Uint8Array> {
    const { header, choices, startLog, lines, verdict } = this
    const log = startLog.length === 0 ? '' : `,"startLog":${jsonOf(startLog)}`
    yield Buffer.from(`${jsonOf(header)}\n{"choices":${JSON.stringify(writeSchedule(choices))}${log}}\n`)
    yield* lines.bytes()
    yield Buffer.from(`${jsonOf(verdict)}\n`)
  }
}

export const digestLine = (digest: string): string => `{"digest":"${digest}"}`

const shorten = (hex: string): string => hex.slice(0, 16)

/** The first 16 hex digits of the SHA-256 of something in pieces. */
export function digestOf(chunks: Iterable<string | Uint8Array>): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return shorten(hash.digest('hex'))
}
