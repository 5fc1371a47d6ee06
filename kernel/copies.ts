import { READ, SEQ_CST, WHOLE } from './footprint.ts'
import { freshId, type Kernel, MAPPINGS, peek, readsProcess, writesProcess } from './kernel.ts'
import { createMemory, mapMemory } from './memory.ts'
import { release, retain } from './objects.ts'
import {
  findMapping,
  frameForWriting,
  type MemoryObject,
  newFrame,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
  privatePage,
  releaseFrame,
  SIZE,
} from './paging.ts'
import type { Id, Mapping, Process, Thread } from './state.ts'

/**
 * Pages on their way from one process to another, as messages carry them. A private page is shared by both until one of
 * them writes; one that others may write, too, is copied at once, so that the copy stays what it was.
 */

/** Frames; an absent page is all zeros. */
export type Pages = readonly (Id | null)[]

/** The pages that a range touches, as the thread reads them; `null` when it could not read all of them. */
export function takePages(kernel: Kernel, thread: Thread, address: number, length: number): (Id | null)[] | null {
  const process = readsProcess(kernel, thread.process, MAPPINGS)
  const from = address - (address % PAGE_SIZE)
  const mappings: Mapping[] = []
  for (let at = from; at < address + length; at += PAGE_SIZE) {
    const mapping = findMapping(process, at)
    if (mapping === null || (mapping.prot & (PROT_READ | PROT_WRITE)) === 0) return null
    if (pageIn(mapping, at) * PAGE_SIZE >= peek<MemoryObject>(kernel, mapping.object).size) {
      kernel.footprint.add(mapping.object, SIZE, READ, SEQ_CST)
      return null
    }
    mappings.push(mapping)
  }
  kernel.mappingsEpoch += 1 // a page that has become common must not be written through an old translation
  return mappings.map((mapping, at) => takePage(kernel, thread, process, mapping, from + at * PAGE_SIZE))
}

const pageIn = (mapping: Mapping, at: number): number => (mapping.offset + at - mapping.start) / PAGE_SIZE

function takePage(kernel: Kernel, thread: Thread, process: Process, mapping: Mapping, at: number): Id | null {
  const own = mapping.copied[(at - mapping.start) / PAGE_SIZE]
  if (!mapping.shared) kernel.footprint.add(privatePage(process.id, at / PAGE_SIZE), WHOLE, READ, SEQ_CST)
  if (own !== undefined) {
    frameForWriting(kernel, own).refs += 1
    return own
  }
  const page = pageIn(mapping, at)
  const common = peek<MemoryObject>(kernel, mapping.object).pages[page]
  kernel.footprint.add(common ?? `${mapping.object}#${page}`, WHOLE, READ, SEQ_CST)
  if (common === undefined) return null
  const id = `${freshId(thread)}#`
  newFrame(kernel, id, (kernel.state.frames[common]?.words ?? []).slice())
  return id
}

/** Maps the pages, which become the process's own, wherever there is room. Returns the address of the first. */
export function mapPages(kernel: Kernel, thread: Thread, pages: Pages, name: string): number {
  const length = pages.length * PAGE_SIZE
  const object = createMemory(kernel, thread, name, length)
  retain(kernel, object) // while it is being mapped
  const wish = { start: null, length, prot: PROT_READ | PROT_WRITE, shared: false, object, offset: 0 }
  const at = mapMemory(kernel, thread.process, wish)
  release(kernel, object)
  const mapping = findMapping(writesProcess(kernel, thread.process, MAPPINGS), at)
  pages.forEach((frame, page) => {
    if (frame !== null && mapping !== null) mapping.copied[page] = frame
  })
  return at
}

/** The pages get nowhere. */
export function dropPages(kernel: Kernel, pages: Pages): void {
  for (const frame of pages) if (frame !== null) releaseFrame(kernel, frame)
}
