import { pause, type Signal, type Waiting } from './waiting.ts'

/** What comes out of a ring, as an async iterable. */

export interface StreamOptions {
  /** Ends the stream: it throws the signal's reason. */
  readonly signal?: Signal | undefined
}

/** So long a stream goes on without letting the event loop turn. */
const TURN_MS = 10
const TURN_CHECK = 256

/** What `take` gives, as it comes; `null` is nothing. Ends when there never will be anything again. */
export async function* stream<T>(
  side: Waiting,
  take: () => T | null,
  signal: Signal | undefined,
): AsyncGenerator<T, void, undefined> {
  let turned = performance.now()
  for (let taken = 1; ; taken++) {
    signal?.throwIfAborted()
    const one = take()
    if (one !== null) {
      yield one
      // Where there is always more, timers and signals would never have their turn.
      if (taken % TURN_CHECK !== 0 || performance.now() - turned < TURN_MS) continue
      await pause(0)
    } else if ((await side.waitAsync({ signal })) !== 'ready') return
    turned = performance.now()
  }
}

/** Copies of a consumer's messages. */
export function messagesOf(
  consumer: Waiting & { readonly messageBytes: number; pop(message: ArrayBufferView): boolean },
  { signal }: StreamOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let free: Uint8Array<ArrayBuffer> | null = null
  const take = (): Uint8Array<ArrayBuffer> | null => {
    const message = free ?? new Uint8Array(consumer.messageBytes)
    const taken = consumer.pop(message)
    free = taken ? null : message
    return taken ? message : null
  }
  return stream(consumer, take, signal)
}
