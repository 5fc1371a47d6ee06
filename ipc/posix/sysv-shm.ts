import {
  type Args,
  type Call,
  call,
  defineCall,
  defineKind,
  done,
  fail,
  freePages,
  isUnmapped,
  type Kernel,
  MAPPINGS,
  type Mapping,
  type MemoryObject,
  mapMemory,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
  type Process,
  peek,
  type Ref,
  RUNDOWN,
  reads,
  readsProcess,
  registerSubsystem,
  release,
  retain,
  unmapMemory,
  writes,
} from '../../kernel/index.ts'
import { address, integer, posixError } from './args.ts'
import { IPC_RMID, IPC_SET, IPC_STAT, SHM_RDONLY, SHM_REMAP, SHM_RND } from './sysv-flags.ts'
import {
  dropId,
  dropKey,
  enlist,
  findIpc,
  getIpc,
  type IpcObject,
  type IpcOwner,
  type IpcPerm,
  mayControl,
  newIpc,
  ownerOf,
  permits,
  permOf,
  setOwner,
  TO_READ,
  TO_WRITE,
} from './sysv-ids.ts'

/**
 * System V shared memory: shmget(2), shmat(2), shmdt(2), shmctl(2). A segment that is removed lives on, under its id,
 * until nobody has it attached.
 */

interface Segment extends MemoryObject, IpcObject {
  readonly kind: 'shm segment'
  removed: boolean
}

/** Nobody has so much memory. */
const SIZE_MAX = 2 ** 46

defineKind<Segment>('shm segment', {
  free(kernel, segment) {
    freePages(kernel, segment)
    dropId(kernel, 'shm', segment)
  },
})

const getDef = defineCall<{ readonly key: number; readonly size: number; readonly flags: number }, number>({
  name: 'shmget',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { key, size, flags }) {
        const make = (): number | string => {
          if (size <= 0) return 'EINVAL'
          if (size > SIZE_MAX) return 'ENOMEM'
          const fields = newIpc(kernel, thread, 'shm', key, flags)
          if (fields === null) return 'ENOSPC'
          const memory = { name: `segment ${fields.ipcid}`, size, pages: {}, refs: 0 }
          retain(kernel, enlist<Segment>(kernel, 'shm', { ...fields, ...memory, kind: 'shm segment', removed: false }))
          return fields.ipcid
        }
        // A negative size is a huge one to C.
        const refuse = (segment: Ref<Segment>) => (size < 0 || size > peek(kernel, segment).size ? 'EINVAL' : null)
        const got = getIpc(kernel, thread, 'shm', { key, flags }, make, refuse)
        return typeof got === 'string' ? fail(kernel, got) : done(kernel, got)
      },
    },
  ],
})

/**
 * The id of the segment with that key. A new one is all zeros.
 * @param key IPC_PRIVATE for a new one that no key leads to
 * @param size in bytes; of one that exists, at most what it has
 * @param shmflg IPC_CREAT to make it if there is none, with IPC_EXCL only then, and permission bits
 * @throws PosixError EINVAL (the size), ENOENT, EEXIST, EACCES, ENOSPC, ENOMEM. shmget(2)
 */
export const shmget = (key: number, size: number, shmflg: number): Call<number> =>
  call(getDef, { key: integer(key), size: integer(size), flags: integer(shmflg) })

interface AtArgs extends Args {
  readonly shmid: number
  /** `null`: wherever the kernel likes. */
  readonly addr: number | null
  readonly flags: number
}

const atDef = defineCall<AtArgs, number>({
  name: 'shmat',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { shmid, addr, flags }) {
        const remap = (flags & SHM_REMAP) !== 0
        if (shmid < 0 || (addr === null && remap)) return fail(kernel, 'EINVAL')
        const rounded = addr === null || (flags & SHM_RND) === 0 ? addr : addr - (addr % PAGE_SIZE)
        if (rounded !== null && (rounded % PAGE_SIZE !== 0 || rounded === 0)) return fail(kernel, 'EINVAL')
        const object = findIpc<Segment>(kernel, 'shm', shmid)
        if (object === null) return fail(kernel, 'EINVAL')
        const segment = peek(kernel, object)
        const readOnly = (flags & SHM_RDONLY) !== 0
        if (!permits(kernel, thread, segment, readOnly ? TO_READ : TO_READ | TO_WRITE)) return fail(kernel, 'EACCES')
        const length = segment.size
        const process = readsProcess(kernel, thread.process, MAPPINGS)
        if (rounded !== null && !remap && !isUnmapped(process, rounded, length)) return fail(kernel, 'EINVAL')
        const prot = readOnly ? PROT_READ : PROT_READ | PROT_WRITE
        retain(kernel, object) // what is unmapped to make room may be the last that holds it
        const wish = { start: rounded, length, prot, shared: true, object, offset: 0, mayWrite: !readOnly }
        const at = mapMemory(kernel, thread.process, wish)
        release(kernel, object)
        return done(kernel, at)
      },
    },
  ],
})

/**
 * Attaches a segment, and returns its address. A child has its parent's attached, too.
 * @param shmaddr where, a multiple of the page size with nothing there (SHM_RND rounds it down, SHM_REMAP takes the place
 *   of what is there); `null`: wherever the kernel likes
 * @param shmflg SHM_RDONLY: stores fault
 * @throws PosixError EINVAL (the id, the address), EACCES. shmat(2)
 */
export const shmat = (shmid: number, shmaddr: number | null = null, shmflg = 0): Call<number> =>
  call(atDef, {
    shmid: integer(shmid),
    addr: shmaddr === null ? null : address(shmaddr),
    flags: integer(shmflg),
  })

const isSegment = (kernel: Kernel, { object }: Mapping): boolean => peek(kernel, object).kind === 'shm segment'

const dtDef = defineCall<{ readonly addr: number }, void>({
  name: 'shmdt',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { addr }) {
        if (addr % PAGE_SIZE !== 0) return fail(kernel, 'EINVAL')
        const { mappings } = readsProcess(kernel, thread.process, MAPPINGS)
        // Some of it may have been unmapped, or protected otherwise.
        const pieces = mappings.filter((one) => one.start - one.offset === addr && isSegment(kernel, one))
        const own = pieces.filter(({ object }) => object === pieces[0]?.object)
        if (own.length === 0) return fail(kernel, 'EINVAL')
        for (const { start, length } of own) unmapMemory(kernel, thread.process, start, length)
        return done(kernel)
      },
    },
  ],
})

/** Detaches the segment that is attached there. @throws PosixError EINVAL (none is). shmdt(2) */
export const shmdt = (shmaddr: number): Call<void> => call(dtDef, { addr: address(shmaddr) })

/** struct shmid_ds. */
export interface ShmidDs {
  readonly shm_perm: IpcPerm
  readonly shm_segsz: number
  /** How often it is attached. */
  readonly shm_nattch: number
}

/** By all processes together: who maps it, or unmaps it, notes that as a change of the segment. */
function attachments(kernel: Kernel, segment: Ref<Segment>): number {
  let count = 0
  for (const { mappings } of Object.values(kernel.state.processes))
    count += mappings.filter(({ object }) => object === segment).length
  return count
}

/** What IPC_SET may change. */
export interface ShmidSet {
  readonly shm_perm: IpcOwner
}

interface CtlArgs extends Args {
  readonly shmid: number
  readonly cmd: number
  readonly owner: IpcOwner | null
}

const ctlDef = defineCall<CtlArgs, ShmidDs | undefined>({
  name: 'shmctl',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { shmid, cmd, owner }) {
        if (shmid < 0 || (cmd !== IPC_STAT && cmd !== IPC_SET && cmd !== IPC_RMID)) return fail(kernel, 'EINVAL')
        if (cmd === IPC_SET && owner === null) return fail(kernel, 'EFAULT')
        const ref = findIpc<Segment>(kernel, 'shm', shmid)
        if (ref === null) return fail(kernel, 'EINVAL')
        const segment = reads(kernel, ref)
        if (cmd === IPC_RMID) {
          if (!mayControl(kernel, thread, segment)) return fail(kernel, 'EPERM')
          if (!segment.removed) remove(kernel, ref)
          return done(kernel)
        }
        if (owner !== null) {
          const error = setOwner(kernel, thread, ref, owner)
          return error === null ? done(kernel) : fail(kernel, error)
        }
        if (!permits(kernel, thread, segment, TO_READ)) return fail(kernel, 'EACCES')
        return done(kernel, {
          shm_perm: permOf(segment),
          shm_segsz: segment.size,
          shm_nattch: attachments(kernel, ref),
        } satisfies ShmidDs)
      },
    },
  ],
})

function remove(kernel: Kernel, ref: Ref<Segment>): void {
  const segment = writes(kernel, ref)
  segment.removed = true
  dropKey(kernel, 'shm', segment)
  release(kernel, ref)
}

export function shmctl(shmid: number, cmd: typeof IPC_STAT): Call<ShmidDs>
export function shmctl(shmid: number, cmd: typeof IPC_RMID): Call<void>
export function shmctl(shmid: number, cmd: typeof IPC_SET, buf: ShmidSet): Call<void>
/**
 * IPC_STAT: what the segment is, and how often it is attached. IPC_SET: gives it another owner and mode. IPC_RMID: its
 * key leads to it no more, and it is gone when nobody has it attached; until then it can be attached by its id, as on
 * Linux.
 * @throws PosixError EINVAL, EACCES, EPERM (to change or remove another user's), EFAULT. shmctl(2)
 */
export function shmctl(shmid: number, cmd: number, buf?: ShmidSet): Call<never> {
  const given: Partial<ShmidSet> = typeof buf === 'object' && buf !== null ? buf : {}
  const owner = cmd === IPC_SET ? ownerOf(given.shm_perm) : null
  return call(ctlDef, { shmid: integer(shmid), cmd: integer(cmd), owner }) as Call<never> // the signatures above say what comes back
}

registerSubsystem({
  name: 'shm segments',
  rundown: RUNDOWN.mappings,
  kind: 'shm segment',
  holds: (kernel, { mappings }: Process) => mappings.some((mapping) => isSegment(kernel, mapping)),
})
