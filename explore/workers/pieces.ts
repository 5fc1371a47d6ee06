import { deserialize, serialize } from 'node:v8'
import type { RecordConsumer, RecordProducer } from '../../ipc/ring/index.ts'

/** Values through a ring of records, as they would be cloned by a port: what is longer than a record may be goes in pieces. */

/** A record's tag: its value goes on in the next one, or ends here. */
const MORE = 1
const LAST = 0

/** Sends a value, and sleeps while there is no room. `false`: the ring was closed before all of it was sent. */
export function sendValue(producer: RecordProducer, value: unknown): boolean {
  const bytes = serialize(value)
  const most = producer.recordBytesMax
  for (let from = 0; ; from += most) {
    const piece = bytes.subarray(from, from + most)
    const isLast = from + most >= bytes.length
    while (!producer.pushBytes(piece, piece.length, isLast ? LAST : MORE)) {
      if (producer.wait() !== 'ready') return false
    }
    if (isLast) return true
  }
}

/** The values, as they come, until the ring is closed. Of one whose sender died over it nothing is seen. */
export async function* valuesFrom(consumer: RecordConsumer): AsyncGenerator<unknown, void, undefined> {
  let pieces: Uint8Array[] = []
  for await (const piece of consumer.records()) {
    pieces.push(piece)
    if (consumer.tag === MORE) continue
    yield deserialize(Buffer.concat(pieces))
    pieces = []
  }
}
