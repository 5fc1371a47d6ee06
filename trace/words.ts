import type { Data } from '../kernel/index.ts'
import type { TraceEvent } from './format.ts'

/** Events and values in words, for messages and for people who read. */

/** `producer: sem_wait(address 65536) sleeps (mutex-first.ts:24)` */
export function describeEvent(event: TraceEvent): string {
  const { thread, kind, call, args, line } = event
  const made = call === null ? 'no call' : `${call}(${describeArgs(args)})`
  const how = { call: '', timer: ', its timer:', signal: `, ${event.signal} comes:`, arm: ', its timer is set:' }[kind]
  return `${thread}: ${made}${how} ${describeOutcome(event)}${line === undefined ? '' : ` (${line})`}`
}

/** A line of a trace in words; the line itself where it is none. */
export function describeLine(line: string): string {
  try {
    return describeEvent(JSON.parse(line) as TraceEvent) // if it is not, what is missing reads `undefined`
  } catch {
    return line
  }
}

export function describeOutcome({ outcome, value, error, detail, stage }: TraceEvent): string {
  switch (outcome) {
    case 'returns':
      return value === undefined ? 'returns' : `returns ${describeValue(value)}`
    case 'fails':
      return `fails with ${error}${detail === undefined ? '' : ` (${describeValue(detail)})`}`
    case 'goes on':
      return `goes on after stage ${stage}`
    case 'ends':
      return 'ends the thread'
    default:
      return outcome
  }
}

export const describeArgs = (args: { readonly [name: string]: Data }): string =>
  Object.entries(args)
    .map(([name, value]) => describeArg(name, value))
    .join(', ')

export const describeArg = (name: string, value: Data): string => `${name} ${describeValue(value)}`

const VALUE_MAX = 60

/** A value in one short line. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return value
  const text = JSON.stringify(value) ?? String(value)
  return text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX - 1)}…` : text
}
