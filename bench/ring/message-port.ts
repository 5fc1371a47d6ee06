import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type Contender, check, stamp, type Work } from './work.ts'

/** MessagePort: each message is cloned; the receiver polls, which is faster than events. So many may be on their way. */

const ON_THEIR_WAY = 1024

interface Shared {
  readonly port: MessagePort
  /** How many have been received. */
  readonly received: Int32Array
}

export const messagePort: Contender = {
  share() {
    const { port1, port2 } = new MessageChannel()
    const received = new Int32Array(new SharedArrayBuffer(4))
    return { producer: { port: port1, received }, consumer: { port: port2, received }, moved: [port1, port2] }
  },
  producer(shared, work: Work) {
    const { port, received } = shared as Shared
    const message = new Float64Array(work.bytes / 8)
    const { length } = message
    return (count) => {
      for (let i = 1; i <= count; i++) {
        stamp(message, 0, length, i)
        while (i - Atomics.load(received, 0) > ON_THEIR_WAY);
        port.postMessage(message)
      }
    }
  },
  consumer(shared) {
    const { port, received } = shared as Shared
    return (count) => {
      for (let i = 1; i <= count; ) {
        const came = receiveMessageOnPort(port) as { message: Float64Array } | undefined
        if (came === undefined) continue
        check(came.message, 0, came.message.length, i)
        Atomics.store(received, 0, i)
        i++
      }
    }
  },
}
