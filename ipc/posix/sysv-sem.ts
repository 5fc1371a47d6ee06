import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  type GiveUpReason,
  type Kernel,
  type Outcome,
  peek,
  processOf,
  type Ref,
  reads,
  sleepOn,
  type Thread,
  type Waits,
  writes,
} from '../../kernel/index.ts'
import { integer, posixError } from './args.ts'
import {
  GETALL,
  GETNCNT,
  GETPID,
  GETVAL,
  GETZCNT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  SEMMSL,
  SEMOPM,
  SEMVMX,
  SETALL,
  SETVAL,
} from './sysv-flags.ts'
import {
  enlist,
  findIpc,
  getIpc,
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
import {
  alters,
  apply,
  changersOf,
  countWaiters,
  type Operation,
  removeSet,
  type SemSet,
  serve,
  tryOut,
  undoes,
  zeroWaitersOf,
} from './sysv-sem-set.ts'
import { noteUndo } from './sysv-undo.ts'
import { isMalformed, type Limit, limit, NS_PER_S, type Timespec } from './time.ts'

/** System V semaphores: semget(2), semop(2), semctl(2). They come in sets, and a set's operations are done all at once. */

const getDef = defineCall<{ readonly key: number; readonly nsems: number; readonly flags: number }, number>({
  name: 'semget',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { key, nsems, flags }) {
        if (nsems < 0 || nsems > SEMMSL) return fail(kernel, 'EINVAL')
        const make = (): number | string => {
          if (nsems === 0) return 'EINVAL'
          const fields = newIpc(kernel, thread, 'sem', key, flags)
          if (fields === null) return 'ENOSPC'
          const [values, pids] = [Array.from({ length: nsems }, () => 0), Array.from({ length: nsems }, () => 0)]
          enlist<SemSet>(kernel, 'sem', { ...fields, kind: 'sem set', values, pids, undo: {} })
          return fields.ipcid
        }
        const refuse = (set: Ref<SemSet>) => (nsems > peek(kernel, set).values.length ? 'EINVAL' : null)
        const got = getIpc(kernel, thread, 'sem', { key, flags }, make, refuse)
        return typeof got === 'string' ? fail(kernel, got) : done(kernel, got)
      },
    },
  ],
})

/**
 * The id of the set with that key. New semaphores are 0.
 * @param key IPC_PRIVATE for a new one that no key leads to
 * @param nsems how many; 0 if it exists
 * @param semflg IPC_CREAT to make it if there is none, with IPC_EXCL only then, and permission bits
 * @throws PosixError EINVAL (more than it has, none for a new one), ENOENT, EEXIST, EACCES, ENOSPC. semget(2)
 */
export const semget = (key: number, nsems: number, semflg: number): Call<number> =>
  call(getDef, { key: integer(key), nsems: integer(nsems), flags: integer(semflg) })

interface OpArgs extends Args {
  readonly semid: number
  readonly ops: readonly Operation[] | null
  /** From the beginning of the wait; `null`: for ever. */
  readonly timeout: Limit | null
}

function attemptOps(kernel: Kernel, thread: Thread, { semid, ops, timeout }: OpArgs): Outcome {
  if (ops === null) return fail(kernel, 'EFAULT')
  if (semid < 0 || ops.length === 0) return fail(kernel, 'EINVAL')
  if (ops.length > SEMOPM) return fail(kernel, 'E2BIG')
  if (timeout !== null && (isMalformed(timeout) || timeout.tv_sec < 0)) return fail(kernel, 'EINVAL')
  const ref = findIpc<SemSet>(kernel, 'sem', semid)
  if (ref === null) return fail(kernel, thread.call?.slept === true ? 'EIDRM' : 'EINVAL')
  const set = reads(kernel, ref)
  if (ops.some(({ num }) => num < 0 || num >= set.values.length)) return fail(kernel, 'EFBIG')
  const changes = alters(ops)
  if (!permits(kernel, thread, set, changes ? TO_WRITE : TO_READ)) return fail(kernel, 'EACCES')
  const trial = tryOut(set, thread.process, ops)
  if (trial.how === 'failed') return fail(kernel, trial.errno)
  if (undoes(ops)) noteUndo(kernel, thread, ref)
  if (trial.how === 'waits') {
    if (thread.call !== null) thread.call.progress = trial.at
    return sleepOn(kernel, thread, changes ? changersOf(ref) : zeroWaitersOf(ref))
  }
  apply(writes(kernel, ref), processOf(kernel, thread), trial)
  if (changes) serve(kernel, ref, ops)
  return done(kernel)
}

const subject = (_kernel: Kernel, thread: Thread, { semid, ops }: OpArgs): string =>
  `semaphore ${ops?.[thread.call?.progress ?? 0]?.num ?? 0} of set ${semid}`

const about = {
  error: posixError,
  interruptible: true,
  giveUp: (kernel: Kernel, _thread: Thread, _args: Args, reason: GiveUpReason): Outcome =>
    fail(kernel, reason === 'timeout' ? 'EAGAIN' : 'EINTR'),
  subject,
  waitsFor: (kernel: Kernel, thread: Thread, args: OpArgs): Waits => ({ object: subject(kernel, thread, args) }),
}

const opDef = defineCall<OpArgs, void>({ name: 'semop', stages: [{ attempt: attemptOps }], ...about })

const timedopDef = defineCall<OpArgs, void>({
  name: 'semtimedop',
  stages: [{ attempt: attemptOps }],
  deadline: (kernel, _thread, { timeout }) =>
    timeout === null ? null : kernel.state.clock + timeout.tv_sec * NS_PER_S + timeout.tv_nsec,
  ...about,
})

/** struct sembuf. */
export interface Sembuf {
  readonly sem_num: number
  /** Above 0: to be added. Below: to be taken off, once there is so much. 0: waits until it is 0. */
  readonly sem_op: number
  /** IPC_NOWAIT, SEM_UNDO, or 0. */
  readonly sem_flg?: number
}

const operations = (sops: unknown): OpArgs['ops'] =>
  Array.isArray(sops)
    ? sops.map((sop: Partial<Sembuf> | null) => ({
        num: integer(sop?.sem_num),
        op: integer(sop?.sem_op),
        flg: sop?.sem_flg === undefined ? 0 : integer(sop.sem_flg),
      }))
    : null

/**
 * Does all the operations at once, waiting until that is possible. What is done with SEM_UNDO is undone when the process
 * ends. No SA_RESTART makes it go on after a handler.
 * @throws PosixError EAGAIN (not possible, IPC_NOWAIT), ERANGE (beyond SEMVMX), EFBIG (no such semaphore), EIDRM (removed
 *   meanwhile), EINVAL, E2BIG (more than SEMOPM), EACCES, EFAULT, EINTR. semop(2)
 */
export const semop = (semid: number, sops: readonly Sembuf[]): Call<void> =>
  call(opDef, { semid: integer(semid), ops: operations(sops), timeout: null })

/** As `semop`, for so long at most, then EAGAIN. @throws PosixError as `semop`, and EINVAL (a malformed time). semtimedop(2) */
export const semtimedop = (semid: number, sops: readonly Sembuf[], timeout: Timespec | null): Call<void> =>
  call(timedopDef, {
    semid: integer(semid),
    ops: operations(sops),
    timeout: timeout === null ? null : limit(timeout),
  })

/** What IPC_SET may change. */
export interface SemidSet {
  readonly sem_perm: IpcOwner
}

/** struct semid_ds. */
export interface SemidDs {
  readonly sem_perm: IpcPerm
  readonly sem_nsems: number
}

interface CtlArgs extends Args {
  readonly semid: number
  readonly semnum: number
  readonly cmd: number
  readonly value: number
  readonly values: readonly number[] | null
  readonly owner: IpcOwner | null
}

type CtlResult = number | readonly number[] | SemidDs | undefined

function control(kernel: Kernel, thread: Thread, { semid, semnum, cmd, value, values, owner }: CtlArgs): Outcome {
  if (semid < 0 || !COMMANDS.includes(cmd)) return fail(kernel, 'EINVAL')
  if (cmd === IPC_SET && owner === null) return fail(kernel, 'EFAULT')
  if (cmd === SETVAL && !isValue(value)) return fail(kernel, 'ERANGE')
  const ref = findIpc<SemSet>(kernel, 'sem', semid)
  if (ref === null) return fail(kernel, 'EINVAL')
  const set = reads(kernel, ref)
  const known = set.values[semnum] !== undefined
  if (cmd === SETVAL && !known) return fail(kernel, 'EINVAL')
  if (cmd === IPC_RMID) {
    if (!mayControl(kernel, thread, set)) return fail(kernel, 'EPERM')
    removeSet(kernel, ref)
    return done(kernel)
  }
  if (owner !== null) {
    const error = setOwner(kernel, thread, ref, owner)
    return error === null ? done(kernel) : fail(kernel, error)
  }
  const changes = cmd === SETVAL || cmd === SETALL
  if (!permits(kernel, thread, set, changes ? TO_WRITE : TO_READ)) return fail(kernel, 'EACCES')
  switch (cmd) {
    case IPC_STAT:
      return done(kernel, { sem_perm: permOf(set), sem_nsems: set.values.length } satisfies SemidDs)
    case GETALL:
      return done(kernel, set.values.slice())
    case SETALL: {
      if (values === null || values.length < set.values.length) return fail(kernel, 'EFAULT')
      const wanted = values.slice(0, set.values.length)
      return wanted.every(isValue) ? setValues(kernel, thread, ref, wanted.entries()) : fail(kernel, 'ERANGE')
    }
    case SETVAL:
      return setValues(kernel, thread, ref, [[semnum, value]])
  }
  if (!known) return fail(kernel, 'EINVAL')
  if (cmd === GETVAL) return done(kernel, set.values[semnum])
  if (cmd === GETPID) return done(kernel, set.pids[semnum])
  return done(kernel, countWaiters(kernel, ref, semnum, cmd === GETZCNT))
}

const COMMANDS: readonly number[] = [
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  GETPID,
  GETVAL,
  GETALL,
  GETNCNT,
  GETZCNT,
  SETVAL,
  SETALL,
]

const isValue = (value: number): boolean => value >= 0 && value <= SEMVMX

/** Nothing that was done to them before will be undone. */
function setValues(kernel: Kernel, thread: Thread, ref: Ref<SemSet>, values: Iterable<[number, number]>): Outcome {
  const set = writes(kernel, ref)
  const { pid } = processOf(kernel, thread)
  for (const [num, value] of values) {
    set.values[num] = value
    set.pids[num] = pid
    for (const owed of Object.values(set.undo)) owed[num] = 0
  }
  serve(kernel, ref, null)
  return done(kernel)
}

const ctlDef = defineCall<CtlArgs, CtlResult>({ name: 'semctl', error: posixError, stages: [{ attempt: control }] })

type Asks = typeof GETVAL | typeof GETPID | typeof GETNCNT | typeof GETZCNT

export function semctl(semid: number, semnum: number, cmd: typeof IPC_RMID): Call<void>
export function semctl(semid: number, semnum: number, cmd: typeof IPC_STAT): Call<SemidDs>
export function semctl(semid: number, semnum: number, cmd: typeof IPC_SET, buf: SemidSet): Call<void>
export function semctl(semid: number, semnum: number, cmd: Asks): Call<number>
export function semctl(semid: number, semnum: number, cmd: typeof GETALL): Call<number[]>
export function semctl(semid: number, semnum: number, cmd: typeof SETVAL, value: number): Call<void>
export function semctl(semid: number, semnum: number, cmd: typeof SETALL, values: readonly number[]): Call<void>
/**
 * GETVAL, GETALL: the value, or all. GETPID: who operated on it last. GETNCNT, GETZCNT: how many wait for it to grow, or
 * to become zero. SETVAL, SETALL: sets it, or all, and forgets what was to be undone. IPC_STAT: what the set is.
 * IPC_SET: gives it another owner and mode. IPC_RMID: removes it at once; whoever waits there fails with EIDRM.
 * @throws PosixError EINVAL (the id, the number, the command), ERANGE (a value beyond SEMVMX), EACCES, EPERM (to change
 *   or remove another user's), EFAULT. semctl(2)
 */
export function semctl(
  semid: number,
  semnum: number,
  cmd: number,
  arg: number | readonly number[] | SemidSet = 0,
): Call<never> {
  const given: Partial<SemidSet> =
    typeof arg === 'object' && arg !== null && !Array.isArray(arg) ? (arg as SemidSet) : {}
  return call(ctlDef, {
    semid: integer(semid),
    semnum: integer(semnum),
    cmd: integer(cmd),
    value: integer(arg),
    values: Array.isArray(arg) ? arg.map(integer) : null,
    owner: cmd === IPC_SET ? ownerOf(given.sem_perm) : null,
  }) as Call<never> // the signatures above say what comes back
}
