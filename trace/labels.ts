import {
  type CallState,
  findMapping,
  type Id,
  type KernelState,
  type MemoryObject,
  PAGE_SIZE,
  type Process,
  type Thread,
} from '../kernel/index.ts'
import { describeArg } from './words.ts'

/** What people call what ids name: an object by its name, a word of memory by its byte, a queue by what it belongs to. */

/** What people call an object: its `name` or `path`, if its kind has one. */
export function labelOf(id: Id, state: KernelState): string | null {
  const object = state.objects[id] as { readonly name?: unknown; readonly path?: unknown } | undefined
  const name = object?.name ?? object?.path
  return typeof name === 'string' && name !== '' ? name : null
}

/** What the parts of a process are called: see kernel.ts. */
export const processParts: readonly string[] = ['life', 'descriptors', 'mappings', 'signals', 'credentials']

export interface Page {
  readonly memory: Id
  /** Where the page starts in its memory, in bytes. */
  readonly offset: number
  /** Whose copy it is, where it is private. */
  readonly owner?: Id
  /** The word on which threads sleep, when the id is that of their queue. */
  readonly queueAt?: number
}

/** Which memory a frame, or the queue of a word in it, belongs to; `null` when it is neither. */
export function pageOf(id: Id, state: KernelState): Page | null {
  const [, memory, page, word] = /^(.+)#(\d+)(?::(\d+))?$/.exec(id) ?? []
  if (memory !== undefined) {
    const at = { memory, offset: Number(page) * PAGE_SIZE }
    return word === undefined ? at : { ...at, queueAt: Number(word) }
  }
  return state.frames[id] === undefined ? null : privatePage(id, state)
}

function privatePage(frame: Id, state: KernelState): Page | null {
  for (const owner of Object.keys(state.processes)) {
    for (const { copied, object, offset } of state.processes[owner]?.mappings ?? []) {
      for (const page of Object.keys(copied)) {
        if (copied[Number(page)] === frame) return { memory: object, offset: offset + Number(page) * PAGE_SIZE, owner }
      }
    }
  }
  return null
}

/** A word of a page: `counter+8`, `own+8 of p1`. */
export function wordLabel(frame: Id, word: number, state: KernelState): string {
  const page = pageOf(frame, state)
  if (page === null) return `${frame}:${word}`
  const memory = labelOf(page.memory, state) ?? page.memory
  const owner = page.owner === undefined ? '' : ` of ${page.owner}`
  return `${memory}+${page.offset + word * 4}${owner}`
}

/** A wait queue: by the word that it is for, or by its id, with the label of the object that the id begins with. */
export function queueLabel(queue: Id, state: KernelState): string {
  const page = pageOf(queue, state)
  if (page?.queueAt !== undefined) return wordLabel(queue.slice(0, queue.lastIndexOf(':')), page.queueAt, state)
  const cut = Math.max(queue.lastIndexOf('/'), queue.lastIndexOf(':'))
  const label = cut < 0 ? labelOf(queue, state) : labelOf(queue.slice(0, cut), state)
  if (label === null) return queue
  return cut < 0 ? label : label + queue.slice(cut)
}

/** The call that a thread is in or stands before, addresses in it by what lies there: `store(counter+8, type i32 …)`. */
export function callLabel({ call, process }: Thread, state: KernelState): string {
  if (call === null) return ''
  const places = placesOf(call.args, process, state)
  const args = Object.entries(call.args).map(([name, value]) => places[name] ?? describeArg(name, value))
  return `${call.name}(${args.join(', ')})`
}

/** Of a call's arguments those that are addresses, by what lies there. */
export function placesOf(args: CallState['args'], process: Id, state: KernelState): Record<string, string> {
  const places: Record<string, string> = {}
  for (const name of Object.keys(args)) {
    const value = args[name]
    if (!ADDRESSES.has(name) || typeof value !== 'number') continue
    const place = addressLabel(state.processes[process], value, state)
    if (place !== null) places[name] = place
  }
  return places
}

/** What a process has at an address: memory and byte in it; `null` where nothing is mapped. */
function addressLabel(process: Process | undefined, address: number, state: KernelState): string | null {
  const mapping = process === undefined ? null : findMapping(process, address)
  return mapping === null
    ? null
    : `${labelOf(mapping.object, state) ?? mapping.object}+${mapping.offset + address - mapping.start}`
}

/** Arguments that are addresses, in whatever call. */
const ADDRESSES: ReadonlySet<string> = new Set(['address', 'sem', 'mutex', 'cond', 'rwlock', 'barrier', 'start', 'at'])

/** `memory counter`, `mailbox jobs`, `pids`. */
export function objectLabel(id: Id, state: KernelState): string {
  const kind = state.objects[id]?.kind
  if (kind === undefined || kind === id) return id
  return `${kind} ${labelOf(id, state) ?? id}`
}

export const isMemory = (object: { readonly kind: string } | undefined): object is MemoryObject =>
  object?.kind === 'memory'
