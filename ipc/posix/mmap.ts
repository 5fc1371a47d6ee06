import {
  type Args,
  type Call,
  CREDENTIALS,
  call,
  createMemory,
  defineCall,
  done,
  fail,
  isUnmapped,
  type Kernel,
  MAPPINGS,
  type MemoryObject,
  mapMemory,
  type Outcome,
  PAGE_SIZE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  peek,
  protectMemory,
  type Ref,
  readsProcess,
  release,
  retain,
  type Thread,
  unmapMemory,
} from '../../kernel/index.ts'
import { address, integer, posixError } from './args.ts'
import { canRead, canWrite, openFileAt } from './file.ts'
import { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED } from './flags.ts'

/** mmap(2), munmap(2), mprotect(2). All work on whole pages. */

/** One past the highest address of a process, on x86-64. */
const ADDRESS_END = 2 ** 47 - PAGE_SIZE
/** Ordinary users can map nothing below: vm.mmap_min_addr. */
const ADDRESS_MIN = 0x10000

const MAP_TYPE = 0xf
/** On a file it is MAP_SHARED; with anonymous memory it is refused. */
const MAP_SHARED_VALIDATE = MAP_SHARED | MAP_PRIVATE
const PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC
/** Bits that mprotect takes: those, and PROT_SEM, which does nothing. */
const PROT_KNOWN = PROT_ALL | 8

const isAligned = (at: number): boolean => at % PAGE_SIZE === 0
const wholePages = (length: number): number => Math.ceil(length / PAGE_SIZE) * PAGE_SIZE

interface MmapArgs extends Args {
  readonly addr: number
  readonly length: number
  readonly prot: number
  readonly flags: number
  readonly fd: number
  readonly offset: number
}

/** Checks what is asked for in the order in which Linux does, and says what to map. A string is the errno. */
function objectToMap(
  kernel: Kernel,
  thread: Thread,
  args: MmapArgs,
): { memory: Ref<MemoryObject>; mayWrite: boolean } | string {
  const { addr, length, prot, flags, fd, offset } = args
  const anonymous = (flags & MAP_ANONYMOUS) !== 0
  if (!isAligned(offset)) return 'EINVAL'
  const open = anonymous ? null : openFileAt(kernel, thread, fd)
  if (!anonymous && open === null) return 'EBADF'
  if (length === 0) return 'EINVAL'
  if (length < 0 || length > ADDRESS_END) return 'ENOMEM' // a negative one is a huge one to C
  if (offset < 0) return 'EOVERFLOW'
  if ((flags & MAP_FIXED) !== 0) {
    if (!isAligned(addr)) return 'EINVAL'
    if (addr + length > ADDRESS_END) return 'ENOMEM'
    if (addr < ADDRESS_MIN && readsProcess(kernel, thread.process, CREDENTIALS).uid !== 0) return 'EPERM'
  }
  const type = flags & MAP_TYPE
  const shared = type === MAP_SHARED || (type === MAP_SHARED_VALIDATE && !anonymous)
  if (!shared && type !== MAP_PRIVATE) return 'EINVAL'
  if (open === null) return { memory: createMemory(kernel, thread, 'memory', wholePages(length)), mayWrite: true }
  if (shared && (prot & PROT_WRITE) !== 0 && !canWrite(open)) return 'EACCES'
  if (!canRead(open)) return 'EACCES'
  const { memory } = peek(kernel, open.file)
  return memory === null ? 'ENODEV' : { memory, mayWrite: !shared || canWrite(open) }
}

/** Where to map: exactly there, there if nothing is in the way, or wherever the kernel likes. */
function startOf(kernel: Kernel, thread: Thread, { addr, length, flags }: MmapArgs): number | null {
  if ((flags & MAP_FIXED) !== 0) return addr
  const hint = wholePages(addr)
  if (hint < ADDRESS_MIN || hint + length > ADDRESS_END) return null
  return isUnmapped(readsProcess(kernel, thread.process, MAPPINGS), hint, wholePages(length)) ? hint : null
}

const mmapDef = defineCall<MmapArgs, number>({
  name: 'mmap',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, args): Outcome {
        const found = objectToMap(kernel, thread, args)
        if (typeof found === 'string') return fail(kernel, found)
        const { memory, mayWrite } = found
        const { length, prot, flags, offset } = args
        const start = startOf(kernel, thread, args)
        const shared = (flags & MAP_SHARED) !== 0
        retain(kernel, memory) // what is unmapped to make room may be the last that holds it
        const wish = { start, length, prot: prot & PROT_ALL, shared, object: memory, offset, mayWrite }
        const at = mapMemory(kernel, thread.process, wish)
        release(kernel, memory)
        return done(kernel, at)
      },
    },
  ],
})

/**
 * Maps `length` bytes of an open object, or with MAP_ANONYMOUS zeroed memory, and returns the address.
 *
 * MAP_SHARED: stores are everybody's. MAP_PRIVATE: the first store to a page gives this process a copy of it; until then
 * the others' stores are seen. Pages past the object's end raise SIGBUS when touched, until the object grows.
 * @param addr where, with MAP_FIXED (in place of what is mapped there); otherwise a wish; `null` for no wish
 * @param prot PROT_READ, PROT_WRITE, PROT_EXEC or'ed, or PROT_NONE; what may be written may also be read
 * @param fd -1 with MAP_ANONYMOUS
 * @param offset in bytes, a multiple of the page size
 * @throws PosixError EINVAL (offset or fixed address not on a page, no length, neither shared nor private), EBADF, EACCES
 *   (the descriptor can't be read, or is to be shared for writing and can't be written), ENODEV (a pipe, a socket),
 *   ENOMEM, EOVERFLOW, EPERM (a fixed address below 64 KiB). mmap(2)
 */
export function mmap(
  addr: number | null,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): Call<number> {
  return call(mmapDef, {
    addr: addr === null ? 0 : address(addr),
    length: integer(length),
    prot: integer(prot),
    flags: integer(flags),
    fd: integer(fd),
    offset: integer(offset),
  })
}

interface RangeArgs extends Args {
  readonly addr: number
  readonly length: number
}

const munmapDef = defineCall<RangeArgs, void>({
  name: 'munmap',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { addr, length }) {
        if (!isAligned(addr) || length <= 0 || addr + length > ADDRESS_END) return fail(kernel, 'EINVAL')
        unmapMemory(kernel, thread.process, addr, length)
        return done(kernel)
      },
    },
  ],
})

/**
 * Unmaps every page that the range touches; what isn't mapped is passed over.
 * @throws PosixError EINVAL (an address not on a page, no length). munmap(2)
 */
export const munmap = (addr: number, length: number): Call<void> =>
  call(munmapDef, { addr: address(addr), length: integer(length) })

interface ProtectArgs extends RangeArgs {
  readonly prot: number
}

const mprotectDef = defineCall<ProtectArgs, void>({
  name: 'mprotect',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { addr, length, prot }) {
        if (!isAligned(addr)) return fail(kernel, 'EINVAL')
        if (length === 0) return done(kernel)
        if (length < 0) return fail(kernel, 'ENOMEM')
        if (prot < 0 || (prot & ~PROT_KNOWN) !== 0) return fail(kernel, 'EINVAL')
        const error = protectMemory(kernel, thread.process, addr, length, prot & PROT_ALL)
        return error === null ? done(kernel) : fail(kernel, error)
      },
    },
  ],
})

/**
 * Sets the protection of every page that the range touches. A page that is refused stops it; those before are changed.
 * @throws PosixError EINVAL (an address not on a page, unknown bits), ENOMEM (a page isn't mapped), EACCES (writing to
 *   what is shared from a read-only descriptor). mprotect(2)
 */
export const mprotect = (addr: number, length: number, prot: number): Call<void> =>
  call(mprotectDef, { addr: address(addr), length: integer(length), prot: integer(prot) })
