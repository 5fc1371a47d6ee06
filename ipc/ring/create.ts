import { RingError, shown, wholeNumber } from './errors.ts'
import {
  CELL_BYTES,
  HEAD_CELLS,
  KIND,
  kinds,
  LANES,
  LAYOUT_VERSION,
  laneBytes,
  MAGIC,
  MAGIC_NUMBER,
  MESSAGE_BYTES,
  type RingKind,
  type Shape,
  SLOTS,
  SLOTS_MAX,
  VERSION,
  WORD_BYTES,
} from './layout.ts'
import { mpmcBytes } from './mpmc-layout.ts'

/** Making a ring, and telling that something is one. */

/** What goes to a worker, by `workerData` or `postMessage`: it is cloned, and the memory stays shared. */
export interface RingHandle<K extends RingKind = RingKind> {
  readonly kind: K
  readonly memory: SharedArrayBuffer
}

export interface RingOptions<K extends RingKind = RingKind> {
  readonly kind: K
  /** Bytes of each message; of `records`, left out: a record may have up to half of the ring. */
  readonly messageBytes?: number
  /** At least so many messages (in each lane); it becomes a power of two. Of `records`: bytes. */
  readonly capacity: number
  /** Of `mpsc`: how many producers there can be at once. */
  readonly producers?: number
}

const MESSAGE_BYTES_MAX = 2 ** 26
const PRODUCERS_MAX = 1024
/** A record and the mark that it doesn't fit take one word each, at least. */
const RECORD_SLOTS_MIN = 8
const RECORD_HEAD_BYTES = 8

/** Makes a ring in new shared memory. @throws RingError `bad argument`, or `not here` where there is no shared memory */
export function create<K extends RingKind>(options: RingOptions<K>): RingHandle<K> {
  const shape = shapeOf(options)
  const memory = allocate(bytesOf(shape))
  const cells = new Int32Array(memory)
  cells[VERSION] = LAYOUT_VERSION
  cells[KIND] = kinds.indexOf(shape.kind)
  cells[MESSAGE_BYTES] = shape.messageBytes
  cells[SLOTS] = shape.slots
  cells[LANES] = shape.lanes
  Atomics.store(cells, MAGIC, MAGIC_NUMBER)
  return { kind: options.kind, memory }
}

function shapeOf(options: RingOptions): Shape {
  const { kind, messageBytes, capacity, producers } = options ?? {}
  if (!kinds.includes(kind))
    throw new RingError('bad argument', `there is no kind of ring ${shown(kind)}; there are ${kinds.join(', ')}`)
  if (producers !== undefined && kind !== 'mpsc')
    throw new RingError('bad argument', `producers are counted for kind 'mpsc' only, not for '${kind}'`)
  const lanes = kind === 'mpsc' ? wholeNumber('producers', producers, 1, PRODUCERS_MAX) : 1
  if (kind === 'records') {
    if (messageBytes !== undefined)
      throw new RingError('bad argument', 'records have a size each: leave messageBytes out')
    const bytes = wholeNumber('capacity (bytes)', capacity, 1, SLOTS_MAX * WORD_BYTES)
    const slots = powerOfTwo(Math.max(RECORD_SLOTS_MIN, Math.ceil(bytes / WORD_BYTES)))
    return { kind, messageBytes: (slots / 2) * WORD_BYTES - RECORD_HEAD_BYTES, slots, lanes }
  }
  return {
    kind,
    messageBytes: wholeNumber('messageBytes', messageBytes, 1, MESSAGE_BYTES_MAX),
    slots: powerOfTwo(wholeNumber('capacity', capacity, 1, SLOTS_MAX)),
    lanes,
  }
}

const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(least))

const bytesOf = (shape: Shape): number =>
  shape.kind === 'mpmc' ? mpmcBytes(shape) : HEAD_CELLS * CELL_BYTES + shape.lanes * laneBytes(shape)

function allocate(bytes: number): SharedArrayBuffer {
  if (typeof SharedArrayBuffer === 'undefined') throw new RingError('not here', NOT_ISOLATED)
  try {
    return new SharedArrayBuffer(bytes)
  } catch (error) {
    throw new RingError('bad argument', `no memory for a ring of ${bytes} bytes: ${(error as Error).message}`)
  }
}

const NOT_ISOLATED =
  'a page may share memory only when it is isolated: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp'

/**
 * What the ring behind a handle is.
 * @param kind what it has to be
 * @throws RingError `not a ring`, `wrong kind`
 */
export function shapeBehind(handle: RingHandle, kind: RingKind = handle?.kind): Shape {
  const memory: unknown = handle?.memory
  if (typeof SharedArrayBuffer === 'undefined') throw new RingError('not here', NOT_ISOLATED)
  if (!isShared(memory)) throw notARing('it has no shared memory')
  const shape = shapeIn(memory)
  const bytes = bytesOf(shape)
  if (memory.growable) throw notARing('its memory can grow')
  if (memory.byteLength !== bytes) throw notARing(`it has ${memory.byteLength} bytes, and should have ${bytes}`)
  if (shape.kind !== kind)
    throw new RingError('wrong kind', `this ring is of kind '${shape.kind}', and ${shown(kind)} is asked for`)
  return shape
}

/** As the language tells it: that of another frame or context is one, too, and what only has its name is none. */
function isShared(memory: unknown): memory is SharedArrayBuffer {
  const byteLength = Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, 'byteLength')
  try {
    return byteLength?.get?.call(memory) !== undefined
  } catch {
    return false
  }
}

function shapeIn(memory: SharedArrayBuffer): Shape {
  if (memory.byteLength < HEAD_CELLS * CELL_BYTES) throw notARing(`it has only ${memory.byteLength} bytes`)
  const cells = new Int32Array(memory, 0, HEAD_CELLS)
  if (Atomics.load(cells, MAGIC) !== MAGIC_NUMBER) throw notARing('its memory does not begin as one')
  const version = cells[VERSION]
  if (version !== LAYOUT_VERSION)
    throw notARing(`it is laid out by version ${version}, and this is version ${LAYOUT_VERSION}`)
  const kind = kinds[cells[KIND] ?? -1]
  if (kind === undefined) throw notARing('it is of no kind that is known here')
  const [messageBytes = 0, slots = 0, lanes = 0] = cells.subarray(MESSAGE_BYTES, LANES + 1)
  const plausible = messageBytes > 0 && lanes > 0 && slots > 0 && slots <= SLOTS_MAX && (slots & (slots - 1)) === 0
  if (!plausible) throw notARing('its head makes no sense')
  return { kind, messageBytes, slots, lanes }
}

const notARing = (why: string): RingError =>
  new RingError('not a ring', `this is no handle of create(): ${why}; pass on what create() gave, whole`)
