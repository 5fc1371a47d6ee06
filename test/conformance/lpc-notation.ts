import * as lpc from 'ipclab/lpc'
import type { Fields } from './fields.ts'

/** How the recordings of LPC write messages, statuses and whatever has a number of its own: test/oracles/lpc/README.md. */

const TYPES = [
  'LPC_NEW_MESSAGE',
  'LPC_REQUEST',
  'LPC_REPLY',
  'LPC_DATAGRAM',
  'LPC_LOST_REPLY',
  'LPC_PORT_CLOSED',
  'LPC_CLIENT_DIED',
  'LPC_EXCEPTION',
  'LPC_DEBUG_EVENT',
  'LPC_ERROR_EVENT',
  'LPC_CONNECTION_REQUEST',
]

/** The status alone. */
export const told = (value: unknown): Fields => ({
  status: value === lpc.STATUS_TIMEOUT ? lpc.STATUS_TIMEOUT : lpc.STATUS_SUCCESS,
})

/** Names for numbers that mean nothing in themselves, in the order in which they are told. */
export class Labels {
  readonly #messages = new Map<number, string>()
  readonly #callbacks = new Map<number, string>()
  readonly #threads: readonly number[]
  readonly #processes: readonly number[]

  /** @param threads the threads' numbers, in order; and the processes' */
  constructor(threads: readonly number[], processes: readonly number[]) {
    this.#threads = threads
    this.#processes = processes
  }

  message(message: lpc.PortMessage): Fields {
    const { type, dataLength, totalLength, clientId, messageId, callbackId, clientViewSize, dataInfoOffset } = message
    return {
      type: TYPES[type] ?? String(type),
      dataLength,
      totalLength,
      clientThread: this.#threads.indexOf(clientId.thread),
      messageId: labelled(this.#messages, messageId, 'M'),
      ...(callbackId === 0 ? {} : { callbackId: labelled(this.#callbacks, callbackId, 'C') }),
      ...(clientViewSize === 0 ? {} : { clientViewSize }),
      ...(dataInfoOffset === 0 ? {} : { dataInfoOffset }),
      ...this.#payload(message),
    }
  }

  #payload(message: lpc.PortMessage): Fields {
    const { type, data, dataInfoOffset } = message
    if (type === lpc.LPC_CLIENT_DIED || type === lpc.LPC_PORT_CLOSED)
      return { data: { createTimeOf: this.#whose(data) } }
    if (dataInfoOffset === 0) return { data }
    const text = data.slice(0, dataInfoOffset - lpc.PORT_HEADER).replace(/\0+$/, '')
    return { data: text, dataInfo: lpc.dataInfoOf(message).map(({ length }) => ({ length })) }
  }

  /** Threads have odd creation times, processes even ones: twice their numbers, and one more. */
  #whose(time: string): string {
    const low = time.charCodeAt(0) | (time.charCodeAt(1) << 8)
    return low % 2 === 1 ? `thread${this.#threads.indexOf((low - 1) / 2)}` : `process${this.processOf(low / 2)}`
  }

  processOf(pid: number): number {
    return this.#processes.indexOf(pid)
  }
}

function labelled(labels: Map<number, string>, id: number, letter: string): string {
  const known = labels.get(id)
  if (known !== undefined) return known
  labels.set(id, `${letter}${labels.size + 1}`)
  return `${letter}${labels.size}`
}
