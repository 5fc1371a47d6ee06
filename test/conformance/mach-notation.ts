import type { ReceivedItem, ReceivedMessage } from 'ipclab/mach'
import * as mach from 'ipclab/mach'

/** How the recordings of Mach's calls write names, rights and messages: test/oracles/mach/README.md. */

const constants: ReadonlyMap<string, unknown> = new Map(Object.entries(mach))

/** Never denotes anything. */
const BOGUS = 0x7fff_ffff
/** `$0` was this number in the kernel that was recorded, and is 1 here. */
const FIRST = 1024

/** A name: `$n` in order of appearance. @param fresh the name that the kernel would give out next, for `new` */
export function nameOf(symbol: unknown, fresh = 0): number {
  if (symbol === null || symbol === undefined) return mach.MACH_PORT_NULL
  if (symbol === 'dead') return mach.MACH_PORT_DEAD
  if (symbol === 'bogus') return BOGUS
  if (symbol === 'new') return fresh
  return Number(String(symbol).slice(1)) + 1
}

export function symbolOf(name: number): string | null {
  if (name === mach.MACH_PORT_NULL) return null
  if (name === mach.MACH_PORT_DEAD) return 'dead'
  return name === BOGUS ? 'bogus' : `$${name - 1}`
}

/** `MACH_PORT_RIGHT_SEND` for `send`; numbers, illegal on purpose, are themselves. */
function constant(prefix: string, word: unknown): number {
  if (typeof word === 'number') return word
  const value = constants.get(`${prefix}${String(word).toUpperCase()}`)
  if (typeof value !== 'number') throw new Error(`${prefix}${word} is no constant of ipclab/mach`)
  return value
}

export const rightOf = (word: unknown): number => constant('MACH_PORT_RIGHT_', word)
export const variantOf = (word: unknown): number => (word === 'msg_accepted' ? 66 : constant('MACH_NOTIFY_', word))
export const dispositionOf = (word: unknown): number =>
  word === null || word === undefined ? 0 : constant('MACH_MSG_TYPE_', word)

const RECEIVED: Readonly<Record<number, string | null>> = {
  0: null,
  [mach.MACH_MSG_TYPE_PORT_NAME]: 'port_name',
  [mach.MACH_MSG_TYPE_PORT_RECEIVE]: 'receive',
  [mach.MACH_MSG_TYPE_PORT_SEND]: 'send',
  [mach.MACH_MSG_TYPE_PORT_SEND_ONCE]: 'send_once',
}

export const receivedType = (type: number): string | null => RECEIVED[type] ?? null

const TYPES = ['send', 'receive', 'send_once', 'port_set', 'dead_name'] as const

/** The bits of what a name denotes, as words. */
export function typeWords(type: number): string[] {
  const words: string[] = TYPES.filter((_, right) => (type & (1 << (right + 16))) !== 0)
  return (type & mach.MACH_PORT_TYPE_DNREQUEST) === 0 ? words : [...words, 'dnrequest']
}

/** A message; what is as in a plain one is left out. */
export function messageOut(message: ReceivedMessage, seqno = true): Record<string, unknown> {
  const { msgh_bits: bits, msgh_remote_port: remote, msgh_local_port: local } = message
  const remoteType = receivedType(mach.MACH_MSGH_BITS_REMOTE(bits))
  const localType = receivedType(mach.MACH_MSGH_BITS_LOCAL(bits))
  const out: Record<string, unknown> = { id: message.msgh_id, size: message.msgh_size }
  if (seqno) out.seqno = message.msgh_seqno
  if ((bits & mach.MACH_MSGH_BITS_COMPLEX) !== 0) out.complex = true
  if (remote !== 0 || remoteType !== null) Object.assign(out, { remote: symbolOf(remote), remote_type: remoteType })
  if (seqno || local !== 0 || localType !== null) Object.assign(out, { local: symbolOf(local), local_type: localType })
  if (message.body.length > 0) out.body = message.body.map(itemOut)
  return out
}

function itemOut(item: ReceivedItem): unknown {
  if ('data' in item) return { data: item.data }
  if (!('type' in item)) throw new Error('the recordings have no such items')
  // What is no type of rights is mere numbers, also where they happen to be names.
  const type = receivedType(item.type)
  if (type === null)
    return { data: item.ports.map((name) => (symbolOf(name)?.startsWith('$') ? name - 1 + FIRST : name | 0)) }
  return { type, ports: item.ports.map(symbolOf) }
}
