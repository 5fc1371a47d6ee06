import type { Data } from '../kernel/index.ts'
import type { TraceEvent } from './format.ts'

/** Events and values in words, for messages and for people who read. */

/** `producer: sem_wait(address 65536) sleeps (mutex-first.ts:24)` */
export function describeEvent(event: TraceEvent): string {
  const { thread, call, args, line } = event
  const made = call === null ? 'no call' : `${call}(${describeArgs(args)})`
  return `${thread}: ${made}${describeKind(event)} ${describeOutcome(event)}${line === undefined ? '' : ` (${line})`}`
}

function describeKind({ kind, process, signal }: TraceEvent): string {
  switch (kind) {
    case 'call':
      return ''
    case 'timer':
      return ', its timer:'
    case 'signal':
      return `, ${signal} comes:`
    case 'arm':
      return ', its timer is set:'
    case 'kill':
      return `, ${process} is killed:`
    case 'sent':
      return `, ${signal} to ${process}:`
    case 'spurious':
      return ', woken by nothing:'
    default:
      return kind satisfies never
  }
}

/** Two events that are not the same, in words that are not the same: where the usual ones are, what differs is added. */
export function tellApart(one: TraceEvent, other: TraceEvent): [one: string, other: string] {
  const words = describeEvent(one)
  const otherWords = describeEvent(other)
  if (words !== otherWords) return [words, otherWords]
  const [a, b] = [one, other] as unknown as Readonly<Record<string, unknown>>[] // by name, whatever the names
  const key = [...Object.keys(one), ...Object.keys(other)].find(
    (name) => JSON.stringify(a?.[name]) !== JSON.stringify(b?.[name]),
  )
  if (key === undefined) return [words, otherWords]
  const tell = (value: unknown): string =>
    value === undefined ? `without ${key}` : `with ${key} ${describeValue(value)}`
  return [`${words} ${tell(a?.[key])}`, `${otherWords} ${tell(b?.[key])}`]
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
