import type { Data } from '../kernel/index.ts'
import type { Places } from './review.ts'
import { describeValue } from './words.ts'

/** Calls as short as they can be read: `store(counter+0, 1)`, `send(consumer, 1)`. */

/** Arguments that say how, not what. */
const LEFT_OUT: ReadonlySet<string> = new Set(['type', 'order', 'failureOrder'])

export function shortCall(name: string, args: { readonly [name: string]: Data }, places: Places): string {
  // A read-modify-write is called by what it does.
  if (name === 'rmw' && typeof args.op === 'string') {
    const { op, ...rest } = args
    return shortCall(op, rest, places)
  }
  const words: string[] = []
  for (const [arg, value] of Object.entries(args)) {
    if (arg === 'blocking' && value === false) words.push('non-blocking')
    if (LEFT_OUT.has(arg) || value === null || typeof value === 'boolean') continue
    words.push(shortPlace(arg, places[arg]) ?? shortValue(arg, value))
  }
  return `${name}(${words.join(', ')})`
}

/** A value: a mode in octal, as C writes it; an object's handle by the name in it: `mailbox:jobs@init.1` is `jobs`. */
const shortValue = (arg: string, value: Data): string =>
  arg === 'mode' && typeof value === 'number'
    ? `0${value.toString(8)}`
    : describeValue(value).replace(/^\w+:(.+)@\S+$/, '$1')

/** What lies at the address; an object that begins its memory is called as that is. */
function shortPlace(arg: string, place: string | undefined): string | undefined {
  if (place === undefined || arg === 'address') return place
  return place.endsWith('+0') ? place.slice(0, -2) : place
}

/** What a thread waits for, with addresses by what lies there. */
export function shortObject(object: string, places: Places): string {
  const [place] = Object.values(places)
  return place === undefined ? object : object.replace(/\b(?:memory |futex )?at 0x[0-9a-f]+(?:\+\d+)?$/, `at ${place}`)
}
