import { RUNDOWN, registerSubsystem } from './call.ts'
import { invariant } from './errors.ts'
import { READ, SEQ_CST, WHOLE, WRITE } from './footprint.ts'
import type { Journal } from './journal.ts'
import {
  create,
  freshId,
  type Kernel,
  MAPPINGS,
  peek,
  processOf,
  readsProcess,
  writes,
  writesProcess,
} from './kernel.ts'
import { defineKind, release, retain } from './objects.ts'
import type { Frame, Id, KernelObject, Mapping, Process, Ref, Signal, Thread } from './state.ts'

/**
 * Paged memory. A memory object has pages, a process has mappings of objects; a private mapping keeps copies of the
 * pages that it wrote to, shared with a forked child until one of the two writes again. A frame is a physical page:
 * (frame, word) is what two accesses must have in common to be the same word.
 */

export const PAGE_SIZE = 4096

export const PROT_NONE = 0
export const PROT_READ = 1
export const PROT_WRITE = 2
export const PROT_EXEC = 4

export interface MemoryObject extends KernelObject {
  readonly kind: 'memory'
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

export function createMemory(kernel: Kernel, creator: Thread, name: string, size: number): Ref<MemoryObject> {
  return create<MemoryObject>(kernel, creator, (id) => ({ id, kind: 'memory', name, size, pages: {}, refs: 0 }))
}

defineKind<MemoryObject>('memory', {
  free(kernel, memory) {
    for (const frame of Object.values(memory.pages)) releaseFrame(kernel, frame)
  },
})

/** ftruncate: what is cut off is gone, also from private copies, and what is added is zero. */
export function resizeMemory(kernel: Kernel, ref: Ref<MemoryObject>, size: number): void {
  const memory = writes(kernel, ref, SIZE)
  const kept = Math.ceil(size / PAGE_SIZE)
  if (size < memory.size) {
    for (const page of Object.keys(memory.pages)) {
      const frame = memory.pages[Number(page)]
      if (frame === undefined || Number(page) < kept) continue
      kernel.footprint.add(frame, WHOLE, READ | WRITE, SEQ_CST)
      delete memory.pages[Number(page)]
      releaseFrame(kernel, frame)
    }
    dropPrivateCopies(kernel, ref, kept)
    zeroTail(kernel, memory, size)
    kernel.mappingsEpoch += 1
  }
  memory.size = size
}

/** Shrinking also destroys privately copied pages past the end. */
function dropPrivateCopies(kernel: Kernel, ref: Id, kept: number): void {
  for (const id of Object.keys(kernel.state.processes)) {
    const process = kernel.state.processes[id]
    if (process === undefined) continue
    process.mappings.forEach((mapping, at) => {
      if (mapping.object !== ref || mapping.shared) return
      const first = mapping.offset / PAGE_SIZE
      for (const page of Object.keys(mapping.copied)) {
        const frame = mapping.copied[Number(page)]
        if (frame === undefined || first + Number(page) < kept) continue
        const own = writesProcess(kernel, id, MAPPINGS).mappings[at]
        if (own !== undefined) delete own.copied[Number(page)]
        releaseFrame(kernel, frame)
      }
    })
  }
}

function zeroTail(kernel: Kernel, memory: MemoryObject, size: number): void {
  const frame = memory.pages[Math.floor(size / PAGE_SIZE)]
  if (frame === undefined || size % PAGE_SIZE === 0) return
  const page = frameForWriting(kernel, frame)
  kernel.footprint.add(frame, WHOLE, READ | WRITE, SEQ_CST)
  const inPage = size % PAGE_SIZE
  const word = inPage >> 2
  if (word < page.words.length) page.words[word] = (page.words[word] ?? 0) & ((1 << ((inPage & 3) * 8)) - 1)
  page.words.length = Math.min(page.words.length, word + 1)
}

/** A wish for a mapping: `start` null lets the kernel choose. */
export interface MapRequest {
  start: number | null
  length: number
  prot: number
  shared: boolean
  object: Ref<MemoryObject>
  offset: number
}

/** Maps (a part of) a memory object, which gains a reference; what was mapped there before is unmapped. Returns the address. */
export function mapMemory(kernel: Kernel, processId: Id, wish: MapRequest): number {
  const process = writesProcess(kernel, processId, MAPPINGS)
  const length = Math.ceil(wish.length / PAGE_SIZE) * PAGE_SIZE
  const start = wish.start ?? process.nextAddress
  if (wish.start === null)
    process.nextAddress += length + PAGE_SIZE // a page between two mappings catches overruns
  else unmapMemory(kernel, processId, start, length)
  const { prot, shared, object, offset } = wish
  retain(kernel, object)
  insertMapping(process, { start, length, prot, shared, object, offset, copied: {} })
  kernel.mappingsEpoch += 1
  return start
}

function insertMapping(process: Process, mapping: Mapping): void {
  const at = process.mappings.findIndex((other) => other.start > mapping.start)
  process.mappings.splice(at < 0 ? process.mappings.length : at, 0, mapping)
}

/** Unmaps every page in the range; mappings that reach over its ends are cut. */
export function unmapMemory(kernel: Kernel, processId: Id, start: number, length: number): void {
  const process = writesProcess(kernel, processId, MAPPINGS)
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
  for (const piece of cutMappings(kernel, process, start, end)) dropMapping(kernel, process, piece)
  kernel.mappingsEpoch += 1
}

/** Changes the protection of the range; `false` when a page of it isn't mapped (what comes before that page is changed all the same). */
export function protectMemory(kernel: Kernel, processId: Id, start: number, length: number, prot: number): boolean {
  const process = writesProcess(kernel, processId, MAPPINGS)
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
  let covered = start
  for (const piece of cutMappings(kernel, process, start, end)) {
    if (piece.start > covered) break
    piece.prot = prot
    covered = piece.start + piece.length
  }
  kernel.mappingsEpoch += 1
  return covered >= end
}

/** Splits mappings at both ends of the range and returns the pieces inside it. */
function cutMappings(kernel: Kernel, process: Process, start: number, end: number): Mapping[] {
  splitAt(kernel, process, start)
  splitAt(kernel, process, end)
  return process.mappings.filter((mapping) => mapping.start >= start && mapping.start < end)
}

function splitAt(kernel: Kernel, process: Process, address: number): void {
  const whole = findMapping(process, address)
  if (whole === null || whole.start === address) return
  const cut = address - whole.start
  const pages = cut / PAGE_SIZE
  const rest: Mapping = {
    ...whole,
    start: address,
    length: whole.length - cut,
    offset: whole.offset + cut,
    copied: {},
  }
  for (const key of Object.keys(whole.copied)) {
    const page = Number(key)
    const frame = whole.copied[page]
    if (page < pages || frame === undefined) continue
    rest.copied[page - pages] = frame
    delete whole.copied[page]
  }
  whole.length = cut
  retain(kernel, whole.object)
  insertMapping(process, rest)
}

function dropMapping(kernel: Kernel, process: Process, mapping: Mapping): void {
  process.mappings.splice(process.mappings.indexOf(mapping), 1)
  for (const frame of Object.values(mapping.copied)) releaseFrame(kernel, frame)
  release(kernel, mapping.object)
}

/** A dying process gives up its address space. */
function releaseMappings(kernel: Kernel, process: Process): void {
  if (process.mappings.length === 0) return
  const mappings = process.mappings
  process.mappings = []
  for (const mapping of mappings) {
    for (const page in mapping.copied) releaseFrame(kernel, mapping.copied[page] as Id) // a key has its value
    release(kernel, mapping.object)
  }
}

/** fork: the child sees the same shared memory, and shares private pages until one of the two writes. */
function forkMappings(kernel: Kernel, parent: Process, child: Process): void {
  child.nextAddress = parent.nextAddress
  child.mappings = parent.mappings.map((mapping) => ({ ...mapping, copied: { ...mapping.copied } }))
  for (const mapping of child.mappings) {
    retain(kernel, mapping.object)
    for (const id of Object.values(mapping.copied)) {
      const frame = frameForWriting(kernel, id)
      frame.refs += 1
    }
  }
  kernel.mappingsEpoch += 1
}

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

function releaseFrame(kernel: Kernel, id: Id): void {
  const frame = frameForWriting(kernel, id)
  frame.refs -= 1
  if (frame.refs === 0) delete kernel.state.frames[id]
}

function frameForWriting(kernel: Kernel, id: Id): Frame {
  if (kernel.journal !== null) kernel.journal.save('frames', id)
  const frame = kernel.state.frames[id]
  invariant(frame !== undefined, "a page's frame exists", id)
  return frame
}

function newFrame(kernel: Kernel, id: Id, words: number[]): Frame {
  if (kernel.journal !== null) kernel.journal.save('frames', id)
  kernel.mappingsEpoch += 1
  kernel.state.frames[id] = { refs: 1, words }
  const frame = kernel.state.frames[id]
  invariant(frame !== undefined, 'what was put in is there') // read back, because under a draft it is another object
  return frame
}

const NO_WORDS: number[] = []

/**
 * Walks the page tables. Says the signal that the access raises, or `null` and fills in `kernel.place`.
 * A store makes what it needs: the page of a shared object, or the private copy of a page.
 */
export function translate(kernel: Kernel, thread: Thread, address: number, write: boolean): Signal | null {
  const place = kernel.place
  const { tlb } = kernel
  const vpn = Math.floor(address / PAGE_SIZE)
  if (
    tlb !== null &&
    tlb.page === vpn &&
    tlb.process === thread.process &&
    tlb.epoch === kernel.mappingsEpoch &&
    (!write || tlb.writable)
  ) {
    place.frame = tlb.frame
    place.words = tlb.words
    place.word = (address % PAGE_SIZE) >> 2
    return null
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
  let id = mapping.shared ? undefined : mapping.copied[Math.floor(inMapping / PAGE_SIZE)]
  if (id === undefined) {
    id = memory.pages[page]
    if (write && !mapping.shared) return copyPage(kernel, thread, address, id)
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
  } else if (write && (kernel.state.frames[id]?.refs ?? 0) > 1) {
    return copyPage(kernel, thread, address, id)
  }
  place.frame = id
  const frame = kernel.state.frames[id]
  invariant(frame !== undefined, "a page's frame exists", id)
  place.words = frame.words
  if (tlb !== null) {
    tlb.process = thread.process
    tlb.page = vpn
    tlb.epoch = kernel.mappingsEpoch
    tlb.writable = (mapping.prot & PROT_WRITE) !== 0 && (mapping.shared || (write && frame.refs === 1))
    tlb.frame = id
    tlb.words = place.words
  }
  return null
}

/** Makes a page of an object, all zeros, if there is none. */
export function touchPage(kernel: Kernel, memory: MemoryObject, page: number): void {
  const words = Math.min(PAGE_SIZE, memory.size - page * PAGE_SIZE) >> 2
  const id = memory.pages[page] ?? `${memory.id}#${page}`
  memory.pages[page] = id
  const frame = kernel.state.frames[id] ?? { refs: 1, words: newFrame(kernel, id, []).words }
  while (frame.words.length < words) frame.words.push(0)
}

/** Copy on write: the first private store to a page, or the first after a fork, gets a page of its own. */
function copyPage(kernel: Kernel, thread: Thread, address: number, from: Id | undefined): null {
  const process = processOf(kernel, thread)
  if (kernel.journal !== null) kernel.journal.save('processes', process.id)
  const mapping = findMapping(process, address)
  invariant(mapping !== null, 'a page to be copied is mapped')
  const page = Math.floor((address - mapping.start) / PAGE_SIZE)
  const words = from === undefined ? [] : (kernel.state.frames[from]?.words.slice() ?? [])
  if (from !== undefined) kernel.footprint.add(from, WHOLE, READ, SEQ_CST)
  if (mapping.copied[page] !== undefined && from !== undefined) releaseFrame(kernel, from)
  const id = freshId(thread)
  mapping.copied[page] = id
  kernel.place.frame = id
  kernel.place.words = newFrame(kernel, id, words).words
  return null
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

registerSubsystem({
  name: 'mappings',
  rundown: RUNDOWN.mappings,
  processExit: releaseMappings,
  fork: forkMappings,
})
