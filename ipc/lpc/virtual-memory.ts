import {
  type Args,
  type Call,
  call,
  createMemory,
  defineCall,
  done,
  fail,
  type Kernel,
  mapMemory,
  PROT_READ,
  PROT_WRITE,
  READ,
  release,
  retain,
  SEQ_CST,
  setWord,
  type Thread,
  translate,
  WRITE,
} from '../../kernel/index.ts'
import { handleGiven } from './handles.ts'
import { isBytes, unsigned } from './message.ts'
import { ntError } from './status.ts'

/** Memory of processes, as strings with one character a byte: what data info and views are filled with. */

interface Place {
  /** Of the process whose memory it is. */
  readonly thread: Thread
  readonly address: number
}

/** Addresses are handed out below; nothing is mapped further up. */
const ADDRESS_MAX = 2 ** 47
/** More than this is not copied in one go. */
const LENGTH_MAX = 2 ** 24
const BYTE = 0xff

/** Whether each byte may be read, or written. */
function isAccessible(kernel: Kernel, { thread, address }: Place, length: number, write: boolean): boolean {
  if (length > LENGTH_MAX || address < 0 || address + length > ADDRESS_MAX) return false
  for (let at = address; at < address + length; at += 4 - (at % 4))
    if (translate(kernel, thread, at, write) !== null) return false
  return true
}

/** The bytes there; `null`: not all of them are the process's to read. */
export function readBytes(kernel: Kernel, from: Place, length: number): string | null {
  if (!isAccessible(kernel, from, length, false)) return null
  let bytes = ''
  for (let at = from.address; at < from.address + length; at++) {
    translate(kernel, from.thread, at, false)
    const { frame, words, word } = kernel.place
    if (at === from.address || at % 4 === 0) kernel.footprint.add(frame, word, READ, SEQ_CST)
    bytes += String.fromCharCode(((words[word] ?? 0) >>> ((at & 3) * 8)) & BYTE)
  }
  return bytes
}

/** Puts the bytes there; `false`, and none is changed: not all of that is the process's to write. */
export function writeBytes(kernel: Kernel, { thread, address }: Place, bytes: string): boolean {
  if (!isAccessible(kernel, { thread, address }, bytes.length, true)) return false
  for (let i = 0; i < bytes.length; i++) {
    const at = address + i
    translate(kernel, thread, at, true)
    const { frame, words, word } = kernel.place
    if (i === 0 || at % 4 === 0) kernel.footprint.add(frame, word, READ | WRITE, SEQ_CST)
    const shift = (at & 3) * 8
    setWord(kernel.journal, words, word, ((words[word] ?? 0) & ~(BYTE << shift)) | (bytes.charCodeAt(i) << shift))
  }
  return true
}

/** Copies from one process to another; `false`: one of them has no such memory. */
export function copyMemory(kernel: Kernel, from: Place, to: Place, length: number): boolean {
  const bytes = readBytes(kernel, from, length)
  return bytes !== null && writeBytes(kernel, to, bytes)
}

const allocateDef = defineCall<{ readonly size: number }, number>({
  name: 'NtAllocateVirtualMemory',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { size }) {
        if (size === 0 || size > LENGTH_MAX) return fail(kernel, 'STATUS_INVALID_PARAMETER_4')
        const object = createMemory(kernel, thread, 'memory', size)
        retain(kernel, object) // while it is being mapped
        const wish = { start: null, length: size, prot: PROT_READ | PROT_WRITE, shared: false, object, offset: 0 }
        const address = mapMemory(kernel, thread.process, wish)
        release(kernel, object)
        return done(kernel, address)
      },
    },
  ],
})

/** Memory of the caller's own process, all zeros; returns its address. @throws NtError STATUS_INVALID_PARAMETER_4 (no bytes, or more than 16 MiB) */
export const NtAllocateVirtualMemory = (RegionSize: number): Call<number> =>
  call(allocateDef, { size: unsigned(RegionSize) })

interface ReadArgs extends Args {
  readonly address: number
  readonly length: number
}

const readDef = defineCall<ReadArgs, string>({
  name: 'NtReadVirtualMemory',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { address, length }) {
        const bytes = readBytes(kernel, { thread, address }, length)
        return bytes === null ? fail(kernel, 'STATUS_ACCESS_VIOLATION') : done(kernel, bytes)
      },
    },
  ],
})

/** Reads the caller's own memory, in one step. @throws NtError STATUS_ACCESS_VIOLATION */
export const NtReadVirtualMemory = (BaseAddress: number, length: number): Call<string> =>
  call(readDef, { address: handleGiven(BaseAddress), length: unsigned(length) })

interface WriteArgs extends Args {
  readonly address: number
  readonly bytes: string | null
}

const writeDef = defineCall<WriteArgs, void>({
  name: 'NtWriteVirtualMemory',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { address, bytes }) {
        const isWritten = bytes !== null && writeBytes(kernel, { thread, address }, bytes)
        return isWritten ? done(kernel) : fail(kernel, 'STATUS_ACCESS_VIOLATION')
      },
    },
  ],
})

/** Writes the caller's own memory, in one step. @param bytes one character a byte @throws NtError STATUS_ACCESS_VIOLATION */
export const NtWriteVirtualMemory = (BaseAddress: number, bytes: string): Call<void> =>
  call(writeDef, { address: handleGiven(BaseAddress), bytes: isBytes(bytes) ? bytes : null })
