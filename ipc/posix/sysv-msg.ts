import {
  type Args,
  type Call,
  CREDENTIALS,
  call,
  defineCall,
  destroy,
  done,
  fail,
  finish,
  finishWithError,
  type GiveUpReason,
  type Id,
  type Kernel,
  listSleepers,
  type Outcome,
  peek,
  type Ref,
  reads,
  readsProcess,
  sleepers,
  sleepOn,
  type Thread,
  threadOf,
  type Waits,
  wake,
  wakeAll,
  writes,
} from '../../kernel/index.ts'
import { bytes, integer, posixError } from './args.ts'
import {
  IPC_NOWAIT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_NOERROR,
  MSGMAX,
  MSGMNB,
} from './sysv-flags.ts'
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
import { argsOf, choose } from './waiters.ts'

/**
 * System V message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2). A queue holds so many bytes; receivers pick by
 * type. A message goes straight to a receiver that waits for its kind; senders that wait try again when there is room,
 * and a small message may pass a big one that does not fit.
 */

interface MsgQueue extends IpcObject {
  readonly kind: 'msg queue'
  /** Oldest first. */
  messages: SysvMessage[]
  bytes: number
  /** How many it may hold. */
  qbytes: number
}

export interface SysvMessage {
  readonly mtype: number
  /** One character a byte. */
  readonly mtext: string
}

const receiversOf = (id: Id): Id => `${id}/receive`
const sendersOf = (id: Id): Id => `${id}/send`

/** Finds the queue, which may have been removed meanwhile (EIDRM where the caller waits for it). A string is the errno. */
function find(kernel: Kernel, thread: Thread, msqid: number, wanted: number): Ref<MsgQueue> | { errno: string } {
  const ref = findIpc<MsgQueue>(kernel, 'msg', msqid)
  if (ref === null) return { errno: thread.call?.slept === true ? 'EIDRM' : 'EINVAL' }
  return permits(kernel, thread, reads(kernel, ref), wanted) ? ref : { errno: 'EACCES' }
}

const getDef = defineCall<{ readonly key: number; readonly flags: number }, number>({
  name: 'msgget',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { key, flags }) {
        const make = (): number | string => {
          const fields = newIpc(kernel, thread, 'msg', key, flags)
          if (fields === null) return 'ENOSPC'
          enlist<MsgQueue>(kernel, 'msg', { ...fields, kind: 'msg queue', messages: [], bytes: 0, qbytes: MSGMNB })
          return fields.ipcid
        }
        const got = getIpc(kernel, thread, 'msg', { key, flags }, make, () => null)
        return typeof got === 'string' ? fail(kernel, got) : done(kernel, got)
      },
    },
  ],
})

/**
 * The id of the queue with that key.
 * @param key IPC_PRIVATE for a new one that no key leads to
 * @param msgflg IPC_CREAT to make it if there is none, with IPC_EXCL only then, and permission bits
 * @throws PosixError ENOENT, EEXIST, EACCES, ENOSPC. msgget(2)
 */
export const msgget = (key: number, msgflg: number): Call<number> =>
  call(getDef, { key: integer(key), flags: integer(msgflg) })

interface SendArgs extends Args {
  readonly msqid: number
  readonly mtype: number
  readonly mtext: string | null
  readonly flags: number
}

const fits = ({ bytes: held, messages, qbytes }: MsgQueue, length: number): boolean =>
  held + length <= qbytes && messages.length < qbytes

function attemptSend(kernel: Kernel, thread: Thread, { msqid, mtype, mtext, flags }: SendArgs): Outcome {
  if (msqid < 0 || (mtext ?? '').length > MSGMAX || mtype < 1) return fail(kernel, 'EINVAL')
  if (mtext === null) return fail(kernel, 'EFAULT')
  const ref = find(kernel, thread, msqid, TO_WRITE)
  if (typeof ref !== 'string') return fail(kernel, ref.errno)
  if (!fits(reads(kernel, ref), mtext.length)) {
    return (flags & IPC_NOWAIT) !== 0 ? fail(kernel, 'EAGAIN') : sleepOn(kernel, thread, sendersOf(ref))
  }
  const queue = writes(kernel, ref)
  kernel.traffic?.enters(ref, queue.messages.length, null)
  if (deliver(kernel, ref, { mtype, mtext })) return done(kernel)
  queue.messages.push({ mtype, mtext })
  queue.bytes += mtext.length
  return done(kernel)
}

/** Gives the message to a receiver that waits for its kind. One whose buffer is too small fails, and it is offered on. */
function deliver(kernel: Kernel, queue: Id, { mtype, mtext }: SysvMessage): boolean {
  const waiting = receiversOf(queue)
  if (sleepers(kernel, waiting) === 0) return false
  for (;;) {
    const receiver = choose(kernel, waiting, (waiter) => wants(argsOf<ReceiveArgs>(waiter), mtype))
    if (receiver === null) return false
    const { length, flags } = argsOf<ReceiveArgs>(receiver)
    if (mtext.length <= length || (flags & MSG_NOERROR) !== 0) {
      kernel.traffic?.leaves(queue, peek<MsgQueue>(kernel, queue).messages.length, receiver.id)
      finish(kernel, receiver, { mtype, mtext: mtext.slice(0, length) })
      return true
    }
    finishWithError(kernel, receiver, 'E2BIG')
  }
}

interface ReceiveArgs extends Args {
  readonly msqid: number
  readonly length: number
  readonly type: number
  readonly flags: number
}

/** Whether the receiver would take a message of that type. */
function wants({ type, flags }: ReceiveArgs, mtype: number): boolean {
  if (type === 0) return true
  if (type < 0) return mtype <= -type
  return (flags & MSG_EXCEPT) !== 0 ? mtype !== type : mtype === type
}

/** Where in the queue the message is that the receiver gets: the oldest; of a range of types, the oldest of the lowest. */
function select({ messages }: MsgQueue, wish: ReceiveArgs): number {
  if ((wish.flags & MSG_COPY) !== 0) return wish.type < messages.length ? wish.type : -1
  if (wish.type >= 0) return messages.findIndex(({ mtype }) => wants(wish, mtype))
  const lowest = Math.min(...messages.map(({ mtype }) => mtype))
  return lowest <= -wish.type ? messages.findIndex(({ mtype }) => mtype === lowest) : -1
}

function attemptReceive(kernel: Kernel, thread: Thread, wish: ReceiveArgs): Outcome {
  const { msqid, length, flags, type } = wish
  if (msqid < 0 || length < 0) return fail(kernel, 'EINVAL')
  const copies = (flags & MSG_COPY) !== 0
  if (copies && ((flags & MSG_EXCEPT) !== 0 || (flags & IPC_NOWAIT) === 0)) return fail(kernel, 'EINVAL')
  const ref = find(kernel, thread, msqid, TO_READ)
  if (typeof ref !== 'string') return fail(kernel, ref.errno)
  const at = copies && type < 0 ? -1 : select(reads(kernel, ref), wish)
  const found = peek(kernel, ref).messages[at]
  if (found === undefined) {
    return (flags & IPC_NOWAIT) !== 0 ? fail(kernel, 'ENOMSG') : sleepOn(kernel, thread, receiversOf(ref))
  }
  const { mtype, mtext } = found
  if (mtext.length > length && (flags & MSG_NOERROR) === 0) return fail(kernel, 'E2BIG')
  if (!copies) {
    const queue = writes(kernel, ref)
    queue.messages.splice(at, 1)
    kernel.traffic?.leaves(ref, at)
    queue.bytes -= mtext.length
    letIn(kernel, ref)
  }
  return done(kernel, { mtype, mtext: mtext.slice(0, length) })
}

/** Senders whose messages fit now, each for itself, try again, in the order of their arrival. */
function letIn(kernel: Kernel, ref: Ref<MsgQueue>): void {
  const waiting = sendersOf(ref)
  if (sleepers(kernel, waiting) === 0) return
  const queue = peek(kernel, ref)
  for (const id of listSleepers(kernel, waiting)) {
    const { mtext } = argsOf<SendArgs>(threadOf(kernel, id))
    if (fits(queue, mtext?.length ?? 0)) wake(kernel, threadOf(kernel, id))
  }
}

const subject = (_kernel: Kernel, _thread: Thread, { msqid }: { readonly msqid: number }): string =>
  `msg queue ${msqid}`

const about = {
  error: posixError,
  interruptible: true,
  giveUp: (kernel: Kernel, _thread: Thread, _args: Args, _reason: GiveUpReason): Outcome => fail(kernel, 'EINTR'),
  subject,
  waitsFor: (kernel: Kernel, thread: Thread, args: { readonly msqid: number }): Waits => ({
    object: subject(kernel, thread, args),
  }),
}

const sendDef = defineCall<SendArgs, void>({
  name: 'msgsnd',
  does: 'gives',
  copies: ({ mtext }) => mtext?.length ?? 0,
  stages: [{ attempt: attemptSend }],
  ...about,
})

const receiveDef = defineCall<ReceiveArgs, SysvMessage>({
  name: 'msgrcv',
  does: 'takes',
  copies: (_args, message) => (message as SysvMessage).mtext.length, // what it returns
  stages: [{ attempt: attemptReceive }],
  ...about,
})

/**
 * Sends a message, waiting while it does not fit. No SA_RESTART makes it go on after a handler.
 * @param msgp its type, above 0, and its text, at most MSGMAX bytes
 * @param msgflg IPC_NOWAIT, or 0
 * @throws PosixError EAGAIN (does not fit, IPC_NOWAIT), EIDRM (removed meanwhile), EINVAL (the id, the type, the length),
 *   EACCES, EFAULT, EINTR. msgsnd(2)
 */
export function msgsnd(msqid: number, msgp: SysvMessage, msgflg = 0): Call<void> {
  const given: Partial<SysvMessage> = typeof msgp === 'object' && msgp !== null ? msgp : {}
  const [mtype, mtext] = [integer(given.mtype), bytes(given.mtext)]
  return call(sendDef, { msqid: integer(msqid), mtype, mtext, flags: integer(msgflg) })
}

/**
 * Receives a message, waiting while there is none of the kind. No SA_RESTART makes it go on after a handler.
 * @param msgsz the longest text to take
 * @param msgtyp 0: the oldest; above 0: the oldest of that type (MSG_EXCEPT: of any other); below 0: the oldest of the
 *   lowest type up to that; with MSG_COPY: the number of the message
 * @param msgflg IPC_NOWAIT; MSG_NOERROR cuts a text that is too long; MSG_EXCEPT; MSG_COPY leaves the message there
 * @throws PosixError ENOMSG (none, IPC_NOWAIT), E2BIG (longer than `msgsz`; the message stays), EIDRM (removed
 *   meanwhile), EINVAL, EACCES, EINTR. msgrcv(2)
 */
export const msgrcv = (msqid: number, msgsz: number, msgtyp = 0, msgflg = 0): Call<SysvMessage> =>
  call(receiveDef, { msqid: integer(msqid), length: integer(msgsz), type: integer(msgtyp), flags: integer(msgflg) })

/** struct msqid_ds. */
export interface MsqidDs {
  readonly msg_perm: IpcPerm
  readonly msg_qnum: number
  readonly msg_cbytes: number
  readonly msg_qbytes: number
}

/** What IPC_SET may change. */
export type MsqidSet = { readonly msg_perm: IpcOwner } & Pick<MsqidDs, 'msg_qbytes'>

interface CtlArgs extends Args {
  readonly msqid: number
  readonly cmd: number
  readonly owner: IpcOwner | null
  readonly qbytes: number
}

const ctlDef = defineCall<CtlArgs, MsqidDs | undefined>({
  name: 'msgctl',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { msqid, cmd, owner, qbytes }) {
        if (msqid < 0 || (cmd !== IPC_STAT && cmd !== IPC_SET && cmd !== IPC_RMID)) return fail(kernel, 'EINVAL')
        if (cmd === IPC_SET && (owner === null || qbytes < 0)) return fail(kernel, 'EFAULT')
        const ref = findIpc<MsgQueue>(kernel, 'msg', msqid)
        if (ref === null) return fail(kernel, 'EINVAL')
        const queue = reads(kernel, ref)
        if (cmd === IPC_RMID) {
          if (!mayControl(kernel, thread, queue)) return fail(kernel, 'EPERM')
          remove(kernel, ref)
          return done(kernel)
        }
        if (owner !== null) {
          const error = change(kernel, thread, ref, owner, qbytes)
          return error === null ? done(kernel) : fail(kernel, error)
        }
        if (!permits(kernel, thread, queue, TO_READ)) return fail(kernel, 'EACCES')
        return done(kernel, {
          msg_perm: permOf(queue),
          msg_qnum: queue.messages.length,
          msg_cbytes: queue.bytes,
          msg_qbytes: queue.qbytes,
        } satisfies MsqidDs)
      },
    },
  ],
})

/** Who waits to receive looks whether it still may, who waits to send whether it fits now. */
function change(kernel: Kernel, thread: Thread, ref: Ref<MsgQueue>, owner: IpcOwner, qbytes: number): string | null {
  const isPrivileged = readsProcess(kernel, thread.process, CREDENTIALS).uid === 0
  if (!mayControl(kernel, thread, reads(kernel, ref)) || (qbytes > MSGMNB && !isPrivileged)) return 'EPERM'
  const error = setOwner(kernel, thread, ref, owner)
  if (error !== null) return error
  writes(kernel, ref).qbytes = qbytes
  const waiting = receiversOf(ref)
  if (sleepers(kernel, waiting) > 0) wakeAll(kernel, waiting)
  letIn(kernel, ref)
  return null
}

/** With all that is in it; whoever waits there is told. */
function remove(kernel: Kernel, ref: Ref<MsgQueue>): void {
  const queue = writes(kernel, ref)
  dropKey(kernel, 'msg', queue)
  dropId(kernel, 'msg', queue)
  for (const waiting of [receiversOf(ref), sendersOf(ref)]) {
    if (sleepers(kernel, waiting) === 0) continue
    for (const id of listSleepers(kernel, waiting)) finishWithError(kernel, threadOf(kernel, id), 'EIDRM')
  }
  destroy(kernel, ref)
  kernel.traffic?.drops(ref)
}

export function msgctl(msqid: number, cmd: typeof IPC_STAT): Call<MsqidDs>
export function msgctl(msqid: number, cmd: typeof IPC_RMID): Call<void>
export function msgctl(msqid: number, cmd: typeof IPC_SET, buf: MsqidSet): Call<void>
/**
 * IPC_STAT: what the queue is and holds. IPC_SET: gives it another owner and mode, and says how many bytes it may hold.
 * IPC_RMID: removes it at once; whoever waits there fails with EIDRM.
 * @throws PosixError EINVAL, EACCES, EPERM (to change or remove another user's; more than MSGMNB bytes), EFAULT. msgctl(2)
 */
export function msgctl(msqid: number, cmd: number, buf?: MsqidSet): Call<never> {
  const given: Partial<MsqidSet> = typeof buf === 'object' && buf !== null ? buf : {}
  const owner = cmd === IPC_SET ? ownerOf(given.msg_perm) : null
  return call(ctlDef, {
    msqid: integer(msqid),
    cmd: integer(cmd),
    owner,
    qbytes: integer(given.msg_qbytes),
  }) as Call<never> // the signatures above say what comes back
}
