import { type Kernel, mapPages, PAGE_SIZE, type Thread, takePages, unmapMemory } from '../../kernel/index.ts'
import type { MemoryItem } from './message.ts'
import type { ReceivedItem, SentItem } from './sent.ts'

/**
 * Out-of-line memory: a message carries pages, not bytes, and nobody copies one before sender or receiver writes to it.
 * Mach 3 Kernel Interfaces, mach_msg: the receiver gets it at a new address, with the sender's offset in its first page.
 */

type Range = Extract<SentItem, { readonly address: number }>

/** `null`: not all of it can be read. */
export function copyinMemory(kernel: Kernel, thread: Thread, { address, size, deallocate }: Range): MemoryItem | null {
  if (size === 0) return { kind: 'memory', size, offset: 0, pages: [] }
  const pages = takePages(kernel, thread, address, size)
  if (pages === null) return null
  const offset = address % PAGE_SIZE
  if (deallocate) {
    unmapMemory(kernel, thread.process, address - offset, offset + size)
  }
  return { kind: 'memory', size, offset, pages }
}

export function copyoutMemory(kernel: Kernel, thread: Thread, { size, offset, pages }: MemoryItem): ReceivedItem {
  if (size === 0) return { address: 0, size }
  return { address: mapPages(kernel, thread, pages, 'message') + offset, size }
}
