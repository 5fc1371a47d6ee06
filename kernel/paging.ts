import { invariant } from './errors.ts'
import { READ, SEQ_CST, WHOLE } from './footprint.ts'
import type { Journal } from './journal.ts'
import { type Kernel, peek, processOf, type Translation } from './kernel.ts'
import type { Frame, Id, KernelObject, Mapping, Process, Ref, Signal, Thread } from './state.ts'

/**
 * From an address to a word. A frame is a physical page: (frame, word) is what two accesses must have in common to be
 * the same word. A private mapping keeps copies of the pages that it wrote to, shared with a forked child until one of
 * the two writes again.
 */

const PAGE_BITS = 12
export const PAGE_SIZE = 1 << PAGE_BITS

export const PROT_NONE = 0
export const PROT_READ = 1
export const PROT_WRITE = 2
export const PROT_EXEC = 4

/** Something that has pages: of the kind `memory`, or of a subsystem's own. */
export interface MemoryObject extends KernelObject {
  /** What to call it in reports. */
  readonly name: string
  /** In bytes. */
  size: number
  /** Page number to frame; an absent page is all zeros. */
  pages: Record<number, Id>
  /** Mappings, descriptions and names that keep it. */
  refs: number
}

/** The part of a memory object that a change of its size writes. */
export const SIZE = 1

export function findMapping(process: Process, address: number): Mapping | null {
  const mappings = process.mappings
  let low = 0
  let high = mappings.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const mapping = mappings[middle]
    if (mapping === undefined) return null
    if (address < mapping.start) high = middle - 1
    else if (address >= mapping.start + mapping.length) low = middle + 1
    else return mapping
  }
  return null
}

export function releaseFrame(kernel: Kernel, id: Id): void {
  const frame = frameForWriting(kernel, id)
  frame.refs -= 1
  if (frame.refs === 0) delete kernel.state.frames[id]
}

export function frameForWriting(kernel: Kernel, id: Id): Frame {
  if (kernel.journal !== null) kernel.journal.save('frames', id)
  const frame = kernel.state.frames[id]
  invariant(frame !== undefined, "a page's frame exists", id)
  return frame
}

export function newFrame(kernel: Kernel, id: Id, words: number[]): Frame {
  if (kernel.journal !== null) kernel.journal.save('frames', id)
  kernel.mappingsEpoch += 1
  kernel.state.frames[id] = { refs: 1, words }
  const frame = kernel.state.frames[id]
  invariant(frame !== undefined, 'what was put in is there') // read back, because under a draft it is another object
  return frame
}

const NO_WORDS: number[] = []
/** To be copied, which is quicker than one word after another. */
const ZEROS = Array.from({ length: PAGE_SIZE >> 2 }, () => 0)

/**
 * Walks the page tables. Says the signal that the access raises, or `null` and fills in `kernel.place`.
 * A store makes what it needs: the page of a shared object, or the private copy of a page.
 */
export function translate(kernel: Kernel, thread: Thread, address: number, write: boolean): Signal | null {
  const place = kernel.place
  const tlb = kernel.walker === null ? null : kernel.walker.tlb
  const known = tlb === null ? null : (tlb[slotOf(address)] as Translation | null) // it has four
  const inPage = known === null ? -1 : address - known.start
  if (
    known !== null &&
    inPage >= 0 &&
    inPage < PAGE_SIZE &&
    known.process === thread.process &&
    known.epoch === kernel.mappingsEpoch &&
    (!write || known.writable)
  ) {
    // Under a draft the words are another object each time; a page that still is the parent's has them elsewhere.
    const words = kernel.drafted ? kernel.state.frames[known.frame]?.words : known.words
    if (words !== undefined) {
      place.frame = known.frame
      place.words = words
      place.word = inPage >> 2
      return null
    }
  }
  const process = processOf(kernel, thread)
  const mapping = findMapping(process, address)
  if (mapping === null) return 'SIGSEGV'
  if ((mapping.prot & (write ? PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC)) === 0) return 'SIGSEGV'
  const inMapping = address - mapping.start
  const memory = peek<MemoryObject>(kernel, mapping.object)
  const page = Math.floor((mapping.offset + inMapping) / PAGE_SIZE)
  if (page * PAGE_SIZE >= memory.size) {
    kernel.footprint.add(mapping.object, SIZE, READ, SEQ_CST)
    return 'SIGBUS'
  }
  place.word = (address % PAGE_SIZE) >> 2
  if (!mapping.shared) return translatePrivate(kernel, thread, mapping, memory.pages[page], address, write)
  const id = memory.pages[page]
  if (id === undefined) {
    kernel.footprint.add(mapping.object, SIZE, READ, SEQ_CST)
    place.frame = `${mapping.object}#${page}`
    place.words = NO_WORDS
    if (!write) return null
    if (kernel.journal !== null) kernel.journal.save('objects', mapping.object)
    memory.pages[page] = place.frame
    place.words = newFrame(kernel, place.frame, []).words
    return null
  }
  place.frame = id
  place.words = wordsOf(kernel, id)
  remember(kernel, thread, address, (mapping.prot & PROT_WRITE) !== 0)
  return null
}

/**
 * A private page goes by a name of its own, whether it has been copied yet or not: the threads that share it meet there.
 * Until it is, it is also the object's page, and others' stores are seen. Copy on write: the first store to a page, or
 * the first after a fork, gets a copy.
 */
function translatePrivate(
  kernel: Kernel,
  thread: Thread,
  mapping: Mapping,
  common: Id | undefined,
  address: number,
  write: boolean,
): null {
  const { place } = kernel
  const vpn = Math.floor(address / PAGE_SIZE)
  const page = vpn - mapping.start / PAGE_SIZE
  const own = mapping.copied[page]
  const from = own ?? common
  place.frame = privatePage(thread.process, vpn)
  if (own !== undefined && (!write || kernel.state.frames[own]?.refs === 1)) {
    place.words = wordsOf(kernel, own)
    remember(kernel, thread, address, write)
    return null
  }
  if (own === undefined) {
    const seen = common ?? `${mapping.object}#${page + mapping.offset / PAGE_SIZE}`
    kernel.footprint.add(seen, write ? WHOLE : place.word, READ, SEQ_CST)
  }
  place.words = from === undefined ? NO_WORDS : wordsOf(kernel, from)
  if (!write) return null
  if (own !== undefined) releaseFrame(kernel, own)
  if (kernel.journal !== null) kernel.journal.save('processes', thread.process)
  // Not one of the thread's own ids: which thread makes the copy is no matter of theirs, and must not change what they are called.
  let id = `${place.frame}+`
  while (kernel.state.frames[id] !== undefined) id += '+'
  mapping.copied[page] = id
  place.words = newFrame(kernel, id, place.words.slice()).words
  return null
}

function wordsOf(kernel: Kernel, frame: Id): number[] {
  const found = kernel.state.frames[frame]
  invariant(found !== undefined, "a page's frame exists", frame)
  return found.words
}

/** The place just found is where this page leads to, until a mapping changes. */
function remember(kernel: Kernel, thread: Thread, address: number, writable: boolean): void {
  const { walker, place } = kernel
  if (walker === null) return
  walker.tlb ??= [null, null, null, null]
  const { process } = thread
  const start = address - (address % PAGE_SIZE)
  const { mappingsEpoch: epoch } = kernel
  const { frame, words } = place
  const entry = walker.tlb[slotOf(address)]
  if (entry === null || entry === undefined) {
    walker.tlb[slotOf(address)] = { process, start, epoch, writable, frame, words }
    return
  }
  entry.process = process
  entry.start = start
  entry.epoch = epoch
  entry.writable = writable
  entry.frame = frame
  entry.words = words
}

const slotOf = (address: number): number => (address >>> PAGE_BITS) & 3

/** What lies at the address, as a reader would name it: `buffer+8`, and `own+8 of p` where it is the process's alone. */
export function nameOfPlace(kernel: Kernel, thread: Thread, address: number): string {
  const mapping = findMapping(processOf(kernel, thread), address)
  if (mapping === null) return `0x${address.toString(16)}`
  const offset = address - mapping.start + mapping.offset
  const name = `${peek<MemoryObject>(kernel, mapping.object as Ref<MemoryObject>).name}+${offset}`
  return mapping.shared ? name : `${name} of ${thread.process}`
}

/** What a private page is called, wherever its contents are. */
export const privatePage = (process: Id, vpn: number): Id => `${process}@${vpn}`

/** Whether a store to an address that can be read would not be refused. Changes nothing. */
export function mayStore(kernel: Kernel, thread: Thread, address: number): boolean {
  const mapping = findMapping(processOf(kernel, thread), address)
  return mapping !== null && (mapping.prot & PROT_WRITE) !== 0
}

/** Makes a page of an object, all zeros, if there is none. */
export function touchPage(kernel: Kernel, memory: MemoryObject, page: number): void {
  const words = Math.min(PAGE_SIZE, memory.size - page * PAGE_SIZE) >> 2
  const id = memory.pages[page] ?? `${memory.id}#${page}`
  memory.pages[page] = id
  const frame = kernel.state.frames[id] ?? newFrame(kernel, id, ZEROS.slice(0, words))
  while (frame.words.length < words) frame.words.push(0)
}

/** The words of a memory object's page, which is made if need be, for who writes without a mapping. */
export function pageForWriting(kernel: Kernel, ref: Ref<MemoryObject>, page: number): number[] {
  const memory = peek(kernel, ref)
  const id = memory.pages[page]
  if (id !== undefined) return wordsOf(kernel, id)
  if (kernel.journal !== null) kernel.journal.save('objects', ref)
  memory.pages[page] = `${ref}#${page}`
  return newFrame(kernel, `${ref}#${page}`, []).words
}

/** The word that a process would read there, zero where nothing is mapped: no event, no footprint. */
export function peekWord(kernel: Kernel, processId: Id, address: number): number {
  const process = kernel.state.processes[processId]
  const mapping = process === undefined ? null : findMapping(process, address)
  if (mapping === null) return 0
  const inMapping = address - mapping.start
  const memory = kernel.state.objects[mapping.object] as MemoryObject | undefined // mappings are of memory objects
  const frame =
    mapping.copied[Math.floor(inMapping / PAGE_SIZE)] ??
    memory?.pages[Math.floor((mapping.offset + inMapping) / PAGE_SIZE)]
  return frame === undefined ? 0 : (kernel.state.frames[frame]?.words[(address % PAGE_SIZE) >> 2] ?? 0)
}

/** Puts a word into a page, filling with zeros up to it. */
export function setWord(journal: Journal | null, words: number[], word: number, value: number): void {
  if (word < words.length) {
    if (journal !== null) journal.saveWord(words, word, words[word] ?? 0)
  } else {
    if (journal !== null) journal.saveLength(words)
    while (words.length < word) words.push(0)
  }
  words[word] = value
}
