import { READ, SEQ_CST, WHOLE, WRITE } from './footprint.ts'
import { create, type Kernel, MAPPINGS, peek, writes, writesProcess } from './kernel.ts'
import { defineKind, release, retain } from './objects.ts'
import {
  findMapping,
  frameForWriting,
  type MemoryObject,
  PAGE_SIZE,
  PROT_WRITE,
  privatePage,
  releaseFrame,
  SIZE,
} from './paging.ts'
import { type Id, type Mapping, NO_ITEMS, type Process, type Ref, type Thread } from './state.ts'
import { RUNDOWN, registerSubsystem } from './subsystems.ts'

/** Memory objects, which have pages, and address spaces: a process's mappings of them. */

export function createMemory(kernel: Kernel, creator: Thread, name: string, size: number): Ref<MemoryObject> {
  return create<MemoryObject>(kernel, creator, (id) => ({ id, kind: 'memory', name, size, pages: {}, refs: 0 }))
}

/** An object that is going lets go of its pages. */
export function freePages(kernel: Kernel, memory: MemoryObject): void {
  for (const frame of Object.values(memory.pages)) releaseFrame(kernel, frame)
}

defineKind<MemoryObject>('memory', { free: freePages })

/** ftruncate: what is cut off is gone, also from private copies, and what is added is zero. */
export function resizeMemory(kernel: Kernel, ref: Ref<MemoryObject>, size: number): void {
  const memory = writes(kernel, ref, SIZE)
  const kept = Math.ceil(size / PAGE_SIZE)
  if (size <= memory.size) {
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

/** How often an object of a subsystem's own is mapped can be seen, and what becomes of it hangs on that. */
function noteMapping(kernel: Kernel, object: Ref<MemoryObject>): void {
  if (peek(kernel, object).kind !== 'memory') kernel.footprint.add(object, 0, READ | WRITE, SEQ_CST)
}

/** A wish for a mapping: `start` null lets the kernel choose. */
export interface MapRequest {
  start: number | null
  length: number
  prot: number
  shared: boolean
  object: Ref<MemoryObject>
  offset: number
  /** Whether it may ever be written; default yes. */
  mayWrite?: boolean
}

/** Maps (a part of) a memory object, which gains a reference; what was mapped there before is unmapped. Returns the address. */
export function mapMemory(kernel: Kernel, processId: Id, wish: MapRequest): number {
  const process = writesProcess(kernel, processId, MAPPINGS)
  const length = Math.ceil(wish.length / PAGE_SIZE) * PAGE_SIZE
  const start = wish.start ?? freeAddress(process, length)
  if (wish.start === null)
    process.nextAddress = start + length + PAGE_SIZE // a page between two mappings catches overruns
  else unmapMemory(kernel, processId, start, length)
  const { prot, shared, object, offset, mayWrite = true } = wish
  noteMapping(kernel, object)
  retain(kernel, object)
  insertMapping(process, { start, length, prot, mayWrite, shared, object, offset, copied: {} })
  kernel.mappingsEpoch += 1
  return start
}

/** Whether nothing is mapped in the range. */
export function isUnmapped(process: Process, start: number, length: number): boolean {
  return !process.mappings.some((other) => other.start < start + length && start < other.start + other.length)
}

/** The next address with room, past whatever was mapped there by wish. */
function freeAddress(process: Process, length: number): number {
  let start = process.nextAddress
  for (const other of process.mappings) {
    const end = other.start + other.length
    if (end > start && other.start < start + length) start = end + PAGE_SIZE
  }
  return start
}

function insertMapping(process: Process, mapping: Mapping): void {
  const at = process.mappings.findIndex((other) => other.start > mapping.start)
  if (process.mappings === NO_ITEMS) process.mappings = [mapping]
  else process.mappings.splice(at < 0 ? process.mappings.length : at, 0, mapping)
}

/** Unmaps every page in the range; mappings that reach over its ends are cut. */
export function unmapMemory(kernel: Kernel, processId: Id, start: number, length: number): void {
  const process = writesProcess(kernel, processId, MAPPINGS)
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
  for (const piece of cutMappings(kernel, process, start, end)) dropMapping(kernel, process, piece)
  kernel.mappingsEpoch += 1
}

/** Changes the protection of the range, up to a page that isn't mapped (ENOMEM) or that may not be written (EACCES). */
export function protectMemory(
  kernel: Kernel,
  processId: Id,
  start: number,
  length: number,
  prot: number,
): 'ENOMEM' | 'EACCES' | null {
  const process = writesProcess(kernel, processId, MAPPINGS)
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
  kernel.mappingsEpoch += 1
  let covered = start
  // Only what is changed is cut: how many pieces there are can be seen of System V memory.
  for (const mapping of [...process.mappings]) {
    const from = Math.max(start, mapping.start)
    const to = Math.min(end, mapping.start + mapping.length)
    if (from >= to) continue
    if (from > covered) break
    if ((prot & PROT_WRITE) !== 0 && !mapping.mayWrite) return 'EACCES'
    covered = to
    if (mapping.prot === prot || joinsNeighbour(process, mapping, from, to, prot)) continue
    for (const piece of cutMappings(kernel, process, from, to)) piece.prot = prot
  }
  return covered >= end ? null : 'ENOMEM'
}

/** A part at one end of a shared mapping goes to the neighbour there, if that is of the same memory and protected so. */
function joinsNeighbour(process: Process, mapping: Mapping, from: number, to: number, prot: number): boolean {
  const length = to - from
  if (!mapping.shared || length === mapping.length) return false
  const { object, mayWrite, start, offset } = mapping
  const neighbour = process.mappings.find(
    (other) =>
      (from === start ? other.start + other.length === from : other.start === to) &&
      other.shared &&
      other.prot === prot &&
      other.object === object &&
      other.mayWrite === mayWrite &&
      other.offset - other.start === offset - start,
  )
  if (neighbour === undefined) return false
  neighbour.length += length
  mapping.length -= length
  const grown = from === start ? mapping : neighbour
  const by = from === start ? length : -length
  grown.start += by
  grown.offset += by
  return true
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
  noteMapping(kernel, whole.object)
  retain(kernel, whole.object)
  insertMapping(process, rest)
}

function dropMapping(kernel: Kernel, process: Process, mapping: Mapping): void {
  process.mappings.splice(process.mappings.indexOf(mapping), 1)
  for (const frame of Object.values(mapping.copied)) releaseFrame(kernel, frame)
  noteMapping(kernel, mapping.object)
  release(kernel, mapping.object)
}

/** A dying process gives up its address space. */
function releaseMappings(kernel: Kernel, process: Process): void {
  if (process.mappings.length === 0) return
  const mappings = process.mappings
  process.mappings = NO_ITEMS
  for (const mapping of mappings) {
    for (const page in mapping.copied) releaseFrame(kernel, mapping.copied[page] as Id) // a key has its value
    noteMapping(kernel, mapping.object)
    release(kernel, mapping.object)
  }
}

/** fork: the child sees the same shared memory, and shares private pages until one of the two writes. */
function forkMappings(kernel: Kernel, parent: Process, child: Process): void {
  child.nextAddress = parent.nextAddress
  if (parent.mappings.length === 0) return
  child.mappings = parent.mappings.map((mapping) => ({ ...mapping, copied: { ...mapping.copied } }))
  for (const mapping of child.mappings) {
    noteMapping(kernel, mapping.object)
    retain(kernel, mapping.object)
    for (const id of Object.values(mapping.copied)) {
      const frame = frameForWriting(kernel, id)
      frame.refs += 1
    }
    // What other threads of the parent store before is copied, what they store later is not.
    if (parent.threaded && !mapping.shared)
      for (let at = mapping.start; at < mapping.start + mapping.length; at += PAGE_SIZE)
        kernel.footprint.add(privatePage(parent.id, at / PAGE_SIZE), WHOLE, READ, SEQ_CST)
  }
  kernel.mappingsEpoch += 1
}

registerSubsystem({
  name: 'mappings',
  rundown: RUNDOWN.mappings,
  processExit: releaseMappings,
  fork: forkMappings,
})
