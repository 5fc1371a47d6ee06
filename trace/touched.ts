import {
  ADDS,
  type Footprint,
  type Id,
  type KernelState,
  memoryOrders,
  orderOf,
  POSTS,
  READ,
  WRITE,
} from '../kernel/index.ts'
import { type Bytes, piece } from './bytes.ts'
import { labelOf, pageOf, processParts, queueLabel, wordLabel } from './labels.ts'

const TOUCHED = piece(',"touched":[')

/** What a step touched, as a trace says it: each combination is written once and remembered. */
export class TouchedText {
  readonly #labels = new Map<Id, string | null>()
  readonly #texts = new Map<Id, Map<number, Uint8Array>>()

  /** Writes the list of what is in the footprint, in order, each only once. */
  write(to: Bytes, footprint: Footprint, state: KernelState): void {
    const { objects, parts, modes, length } = footprint
    to.piece(TOUCHED)
    for (let i = 0; i < length; i++) {
      if (i > 0 && repeated(footprint, i)) continue
      if (i > 0) to.text(',')
      to.piece(this.#text(objects[i] ?? '', parts[i] ?? 0, (modes[i] ?? 0) & ~(ADDS | POSTS), state))
    }
    to.text(']')
  }

  #text(object: Id, part: number, mode: number, state: KernelState): Uint8Array {
    let byPart = this.#texts.get(object)
    if (byPart === undefined) {
      byPart = new Map()
      this.#texts.set(object, byPart)
    }
    const key = part * 64 + mode // a mode is below 64: two bits, and six memory orders
    let text = byPart.get(key)
    if (text === undefined) {
      text = piece(this.#write(object, part, mode, state))
      byPart.set(key, text)
    }
    return text
  }

  #write(object: Id, part: number, mode: number, state: KernelState): string {
    const how = (mode & READ) === 0 ? 'w' : (mode & WRITE) === 0 ? 'r' : 'rw'
    const label = this.#label(object, part, state)
    const labelled = label === null ? '' : `,${JSON.stringify(label)}`
    return `["${how}",${JSON.stringify(object)},${part},"${memoryOrders[orderOf(mode)] ?? 'seq_cst'}"${labelled}]`
  }

  /** The name of the object; for a word of memory, or the queue of those who sleep on it, its byte in it. */
  #label(object: Id, part: number, state: KernelState): string | null {
    if (state.processes[object] !== undefined) return processParts[part] ?? null
    const page = pageOf(object, state)
    if (page === null) return this.#nameOf(object, state)
    if (page.queueAt !== undefined) return queueLabel(object, state)
    return part < 0 ? this.#nameOf(page.memory, state) : wordLabel(object, part, state)
  }

  #nameOf(id: Id, state: KernelState): string | null {
    let name = this.#labels.get(id)
    if (name === undefined) {
      name = labelOf(id, state)
      if (name !== null) this.#labels.set(id, name)
    }
    return name
  }
}

function repeated({ objects, parts, modes }: Footprint, at: number): boolean {
  for (let i = 0; i < at; i++) {
    if (objects[i] === objects[at] && parts[i] === parts[at] && modes[i] === modes[at]) return true
  }
  return false
}
