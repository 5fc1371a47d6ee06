import { READ, SEQ_CST, WHOLE, WRITE } from './footprint.ts'
import { type Kernel, peek, reads } from './kernel.ts'
import { resizeMemory } from './memory.ts'
import { type MemoryObject, PAGE_SIZE, pageForWriting, SIZE, setWord } from './paging.ts'
import type { Ref } from './state.ts'

/** A memory object's bytes without a mapping, as read(2) and write(2) on it see them: strings with one character a byte. */

/** More than this is not read in one go: a program may well ask for an object's whole petabyte. */
const READ_MAX = 2 ** 24

/** Up to `length` bytes from `offset` on, at most 16 MiB; fewer at the end. */
export function readMemory(kernel: Kernel, ref: Ref<MemoryObject>, offset: number, length: number): string {
  const { size } = reads(kernel, ref, SIZE)
  const end = Math.min(size, offset + Math.min(length, READ_MAX))
  let bytes = ''
  for (let at = offset; at < end; ) {
    const page = Math.floor(at / PAGE_SIZE)
    const until = Math.min(end, (page + 1) * PAGE_SIZE)
    const frame = peek(kernel, ref).pages[page]
    kernel.footprint.add(frame ?? `${ref}#${page}`, WHOLE, READ, SEQ_CST)
    const words = frame === undefined ? undefined : kernel.state.frames[frame]?.words
    if (words === undefined) {
      bytes += '\0'.repeat(until - at)
      at = until
    }
    for (; at < until; at++) {
      const inPage = at % PAGE_SIZE
      bytes += String.fromCharCode(((words?.[inPage >> 2] ?? 0) >>> ((inPage & 3) * 8)) & 0xff)
    }
  }
  return bytes
}

/** Writes the bytes from `offset` on; the object grows to hold them. */
export function writeMemory(kernel: Kernel, ref: Ref<MemoryObject>, offset: number, bytes: string): void {
  const end = offset + bytes.length
  if (bytes.length > 0 && end > reads(kernel, ref, SIZE).size) resizeMemory(kernel, ref, end)
  for (let at = offset; at < end; ) {
    const page = Math.floor(at / PAGE_SIZE)
    const until = Math.min(end, (page + 1) * PAGE_SIZE)
    const words = pageForWriting(kernel, ref, page)
    kernel.footprint.add(`${ref}#${page}`, WHOLE, READ | WRITE, SEQ_CST)
    for (; at < until; at++) {
      const inPage = at % PAGE_SIZE
      const shift = (inPage & 3) * 8
      const word = (words[inPage >> 2] ?? 0) & ~(0xff << shift)
      setWord(kernel.journal, words, inPage >> 2, word | (bytes.charCodeAt(at - offset) << shift))
    }
  }
}
