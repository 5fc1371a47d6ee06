import { RingError } from '../errors.ts'
import type { RecordConsumer } from '../record-consumer.ts'
import type { RecordProducer } from '../record-producer.ts'

/** Strings over a ring of records, as UTF-8, and values as JSON. */

const encoder = new TextEncoder()
// A mark of byte order at the beginning is a character like others.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Not shared, as some browsers encode into, and decode, no shared memory. */
let scratch = new Uint8Array(1024)

function atLeast(bytes: number): Uint8Array {
  if (scratch.length < bytes) scratch = new Uint8Array(2 * bytes)
  return scratch
}

/** In UTF-8 a unit of a string becomes three bytes at most. */
const UNIT_BYTES_MAX = 3

/**
 * Sends a string. Half of a surrogate pair is sent as U+FFFD. `false`: there is no room, or the ring is closed.
 * @throws RingError `bad argument`: longer than `recordBytesMax`
 */
export function pushText(producer: RecordProducer, text: string, tag = 0): boolean {
  if (typeof text !== 'string') throw new RingError('bad argument', `a string is to be sent, not ${typeof text}`)
  const { recordBytesMax } = producer
  const bytes = atLeast(Math.min(text.length * UNIT_BYTES_MAX, recordBytesMax))
  const { read, written } = encoder.encodeInto(text, bytes)
  if (read < text.length || written > recordBytesMax)
    throw new RingError(
      'bad argument',
      `a record has up to ${recordBytesMax} bytes in this ring, and the text is longer`,
    )
  return producer.pushBytes(bytes, written, tag)
}

/** Takes the oldest record as a string; `null`: there is none. `consumer.tag` has its tag. */
export function popText(consumer: RecordConsumer): string | null {
  const length = consumer.peek()
  if (length < 0) return null
  const bytes = atLeast(length)
  consumer.popBytes(bytes)
  return decoder.decode(bytes.subarray(0, length))
}

/** Sends a value as JSON. @throws RingError `bad argument`: too long, or nothing that JSON can say; TypeError: a circle, or a bigint */
export function pushJson(producer: RecordProducer, value: unknown, tag = 0): boolean {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new RingError('bad argument', `JSON has no word for ${String(value)}`)
  return pushText(producer, text, tag)
}

/** Takes the oldest record, which is JSON; `undefined`: there is none. @throws SyntaxError: it is not, and is gone */
export function popJson(consumer: RecordConsumer): unknown {
  const text = popText(consumer)
  return text === null ? undefined : (JSON.parse(text) as unknown)
}
