import {
  describeValue,
  type Places,
  shortCall,
  shortObject as shortObjectAt,
  type TraceEvent,
  type WaitPeriod,
} from '../../trace/index.ts'

/** Steps and waits as short as they can be read. */

export { shortCall }

/** What a thread waits for, with addresses by what lies there. */
export const shortObject = ({ object, places }: WaitPeriod): string => shortObjectAt(object, places)

export const shortWait = ({ call, args, places }: WaitPeriod): string => shortCall(call, args, places)

/** A step as its thread's column shows it. */
export function shortEvent(event: TraceEvent, places: Places): string {
  const { call, args, kind } = event
  const made = call === null ? '' : shortCall(call, args, places)
  switch (kind) {
    case 'signal':
      return `${event.signal} comes`
    case 'timer':
      return `its timer: ${made}${shortResult(event)}`
    case 'arm':
      return `${made} sets its timer`
    case 'kill':
      return made === '' ? '† killed' : `† killed at ${made}`
    case 'sent':
      return `⚡ ${event.signal}${event.ended === undefined ? '' : ' †'}`
    case 'spurious':
      return `~ woken by nothing: ${made}${shortResult(event)}`
    case 'call':
      return `${made}${shortResult(event)}`
    default:
      return kind satisfies never
  }
}

function shortResult({ outcome, value, error }: TraceEvent): string {
  switch (outcome) {
    case 'returns':
      return value === undefined ? '' : ` = ${describeValue(value)}`
    case 'fails':
      return ` ✗ ${error}`
    case 'sleeps':
      return ' sleeps'
    case 'goes on':
      return ' …'
    default:
      return ''
  }
}
