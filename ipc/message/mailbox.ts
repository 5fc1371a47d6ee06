import {
  type Args,
  BadInput,
  type Call,
  call,
  create,
  type Data,
  defineCall,
  destroy,
  done,
  exists,
  fail,
  type Id,
  install,
  type Kernel,
  type KernelObject,
  madeOnce,
  type Process,
  peek,
  READ,
  type Ref,
  RUNDOWN,
  reads,
  registerSubsystem,
  SEQ_CST,
  type Thread,
  threadsOf,
  writes,
} from '../../kernel/index.ts'
import { type Channel, canPut, canTake, failAll, put, queues, take, waitToPut, waitToTake } from './channel.ts'
import { giveUp, type MessageOptions } from './direct.ts'
import { error } from './errors.ts'
import { blockingGiven, capacityGiven, nameGiven, optionsGiven, plainCopy, shown } from './plain.ts'

/**
 * Indirect communication: messages are sent to a mailbox and received from it, and neither side knows the other. Any
 * number of processes may send. Where the kernel owns the mailbox any number may receive, and each message goes to one
 * of them; where a process does, it alone receives, and the mailbox is gone when it is.
 */

export interface MailboxObject extends Channel {
  readonly kind: 'mailbox'
  readonly name: string
  /** The process that owns it; `null`: the kernel. */
  readonly owner: Id | null
}

/** A mailbox as programs hold it. */
export type Mailbox = Ref<MailboxObject>

/** A name in use. */
interface MailboxName extends KernelObject {
  readonly kind: 'mailbox name'
  readonly mailbox: Mailbox
}

/** The mailboxes that a process owns; only it touches the list. */
interface Owned extends KernelObject {
  readonly kind: 'owned mailboxes'
  readonly mailboxes: Record<Id, true>
}

const nameId = (name: string): Ref<MailboxName> => `mailbox-name:${name}`
const ownedId = madeOnce<Owned>((process) => `mailboxes-of:${process}`)
const HANDLE = 'mailbox:'

/** The mailbox, to be read, or why there is none. */
function lookUp(kernel: Kernel, mailbox: Mailbox): MailboxObject | 'MAILBOX_GONE' | 'NO_SUCH_MAILBOX' {
  if (!mailbox.startsWith(HANDLE)) return 'NO_SUCH_MAILBOX'
  if (exists(kernel, mailbox)) return reads(kernel, mailbox)
  kernel.footprint.add(mailbox, 0, READ, SEQ_CST)
  return 'MAILBOX_GONE'
}

/** Leaves no footprint: a mailbox's capacity never changes. */
function order(kernel: Kernel, mailbox: Mailbox): 'fifo' | 'any' {
  if (!mailbox.startsWith(HANDLE) || !exists(kernel, mailbox)) return 'any'
  return queues(kernel, peek(kernel, mailbox).capacity) ? 'fifo' : 'any'
}

/** As a reader would call it; of one that is gone, the handle still says the name. */
const shownName = (mailbox: Mailbox): string =>
  mailbox.startsWith(HANDLE) ? mailbox.slice(HANDLE.length).replace(/@[^@]*$/, '') : mailbox

const mailboxName = (mailbox: Mailbox): string => `mailbox ${shownName(mailbox)}`

interface CreateArgs extends Args {
  readonly mailbox: string
  readonly owner: MailboxOwner
  readonly capacity: number | null
}

/** Whose a mailbox is. */
export type MailboxOwner = 'process' | 'kernel'

const createDef = defineCall<CreateArgs, Mailbox>({
  name: 'mailbox_create',
  error,
  stages: [
    {
      attempt(kernel, thread, { mailbox: name, owner, capacity }) {
        if (find(kernel, name) !== null) return fail(kernel, 'MAILBOX_EXISTS', name)
        // What setup owned would be gone before the first program runs.
        if (owner === 'process' && thread.process === 'init') return fail(kernel, 'NOT_OWNER', `setup, of ${name}`)
        const mailbox = create<MailboxObject>(kernel, thread, (id) => ({
          id: `${HANDLE}${name}@${id}`,
          kind: 'mailbox',
          name,
          owner: owner === 'process' ? thread.process : null,
          messages: [],
          stamps: null,
          capacity,
          senders: `${id}/senders`,
          receivers: `${id}/receivers`,
          everyone: null,
          from: null,
        }))
        install<MailboxName>(kernel, { id: nameId(name), kind: 'mailbox name', mailbox })
        if (owner === 'process') own(kernel, thread, mailbox)
        return done(kernel, mailbox)
      },
    },
  ],
})

function own(kernel: Kernel, thread: Thread, mailbox: Mailbox): void {
  const id = ownedId(thread.process)
  if (!exists(kernel, id)) install<Owned>(kernel, { id, kind: 'owned mailboxes', mailboxes: {} })
  writes(kernel, id).mailboxes[mailbox] = true
}

/** The mailbox of that name, `null` when there is none. */
function find(kernel: Kernel, name: string): Mailbox | null {
  const id = nameId(name)
  if (exists(kernel, id)) return reads(kernel, id).mailbox
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  return null
}

export interface MailboxCreateOptions {
  /**
   * `'process'`: the caller, with whom it is gone, and who alone receives from it. `'kernel'` (the default): nobody in
   * particular; it stays until it is destroyed.
   */
  readonly owner?: MailboxOwner
  /** How many messages it holds before senders wait; 0: sender and receiver meet. Default `Infinity`. */
  readonly capacity?: number
}

/**
 * Makes a mailbox and returns a handle on it.
 * @throws MessageError MAILBOX_EXISTS; NOT_OWNER in setup, whose process is over before the programs begin
 */
export function mailbox_create(name: string, options: MailboxCreateOptions = {}): Call<Mailbox> {
  const { owner = 'kernel', capacity = Infinity } = optionsGiven(options, 'mailbox_create')
  if (owner !== 'process' && owner !== 'kernel')
    throw new BadInput(`mailbox_create: the owner is 'process' or 'kernel', not ${shown(owner)}`)
  return call(createDef, {
    mailbox: nameGiven(name, 'a mailbox', 'mailbox_create'),
    owner,
    capacity: capacityGiven(capacity, 'mailbox_create'),
  })
}

interface MailboxArgs extends Args {
  readonly mailbox: string
}

const openDef = defineCall<MailboxArgs, Mailbox>({
  name: 'mailbox_open',
  error,
  stages: [
    {
      attempt(kernel, _thread, { mailbox: name }) {
        const mailbox = find(kernel, name)
        return mailbox === null ? fail(kernel, 'NO_SUCH_MAILBOX', name) : done(kernel, mailbox)
      },
    },
  ],
})

/** Finds a mailbox by its name and returns a handle on it. @throws MessageError NO_SUCH_MAILBOX */
export const mailbox_open = (name: string): Call<Mailbox> =>
  call(openDef, { mailbox: nameGiven(name, 'a mailbox', 'mailbox_open') })

interface SendArgs extends MailboxArgs {
  readonly message: Data
  readonly blocking: boolean
}

const sendDef = defineCall<SendArgs, void>({
  name: 'mailbox_send',
  error,
  restarts: true,
  stages: [
    {
      order: (kernel, _thread, { mailbox }) => order(kernel, mailbox),
      canProceed(kernel, _thread, { mailbox, blocking }) {
        return !blocking || typeof lookUp(kernel, mailbox) === 'string' || canPut(kernel, mailbox)
      },
      attempt(kernel, thread, { mailbox, message, blocking }) {
        const box = lookUp(kernel, mailbox)
        if (typeof box === 'string') return fail(kernel, box, shownName(mailbox))
        if (canPut(kernel, mailbox)) {
          put(kernel, mailbox, message, 0)
          return done(kernel)
        }
        return blocking ? waitToPut(kernel, thread, mailbox, 0) : fail(kernel, 'WOULD_BLOCK', box.name)
      },
    },
  ],
  giveUp,
  interruptible: true,
  waitsFor: (kernel, _thread, { mailbox }) => waitsFor(kernel, mailbox, true),
  does: 'gives',
  subject: (_kernel, _thread, { mailbox }) => mailboxName(mailbox),
  blockers(kernel, _thread, { mailbox }) {
    const owner = ownerOf(kernel, mailbox)
    return owner === null ? null : threadsOf(kernel, owner)
  },
})

/**
 * Sends a message to a mailbox, and waits while there is no room in it.
 * @param message plain data; it is copied
 * @throws MessageError NO_SUCH_MAILBOX, MAILBOX_GONE (also while waiting), WOULD_BLOCK, INTERRUPTED
 */
export function mailbox_send(mailbox: Mailbox, message: Data, options: MessageOptions = {}): Call<void> {
  return call(sendDef, {
    mailbox: nameGiven(mailbox, 'a mailbox', 'mailbox_send'),
    message: plainCopy(message, 'mailbox_send'),
    blocking: blockingGiven(options, 'mailbox_send'),
  })
}

interface ReceiveArgs extends MailboxArgs {
  readonly blocking: boolean
}

const receiveDef = defineCall<ReceiveArgs, Data>({
  name: 'mailbox_receive',
  error,
  restarts: true,
  stages: [
    {
      order: (kernel, _thread, { mailbox }) => order(kernel, mailbox),
      canProceed(kernel, thread, { mailbox, blocking }) {
        const box = blocking ? lookUp(kernel, mailbox) : ''
        return typeof box === 'string' || !mayReceive(box, thread) || canTake(kernel, mailbox)
      },
      attempt(kernel, thread, { mailbox, blocking }) {
        const box = lookUp(kernel, mailbox)
        if (typeof box === 'string') return fail(kernel, box, shownName(mailbox))
        if (!mayReceive(box, thread)) return fail(kernel, 'NOT_OWNER', box.name)
        if (canTake(kernel, mailbox)) return done(kernel, take(kernel, mailbox))
        return blocking ? waitToTake(kernel, thread, mailbox) : fail(kernel, 'WOULD_BLOCK', box.name)
      },
    },
  ],
  giveUp,
  interruptible: true,
  waitsFor: (kernel, _thread, { mailbox }) => waitsFor(kernel, mailbox, false),
  does: 'takes',
  subject: (_kernel, _thread, { mailbox }) => mailboxName(mailbox),
})

const mayReceive = ({ owner }: MailboxObject, { process }: Thread): boolean => owner === null || owner === process

const ownerOf = (kernel: Kernel, mailbox: Mailbox): Id | null =>
  exists(kernel, mailbox) ? peek(kernel, mailbox).owner : null

/** A mailbox knows no partners; of the one that a process owns, the owner alone can make room. */
function waitsFor(kernel: Kernel, mailbox: Mailbox, forRoom: boolean): { object: string; awaits?: string[] } {
  const owner = ownerOf(kernel, mailbox)
  const object = mailboxName(mailbox)
  return forRoom && owner !== null ? { object, awaits: [owner] } : { object }
}

/**
 * Receives the oldest message of a mailbox, and waits while there is none. Of several receivers one gets it.
 * @throws MessageError NO_SUCH_MAILBOX, MAILBOX_GONE (also while waiting), NOT_OWNER, WOULD_BLOCK, INTERRUPTED
 */
export function mailbox_receive<M extends Data = Data>(mailbox: Mailbox, options: MessageOptions = {}): Call<M> {
  const args = {
    mailbox: nameGiven(mailbox, 'a mailbox', 'mailbox_receive'),
    blocking: blockingGiven(options, 'mailbox_receive'),
  }
  return call(receiveDef, args) as Call<M> // what is in a message, the receiver knows
}

const countDef = defineCall<MailboxArgs, number>({
  name: 'mailbox_count',
  error,
  stages: [
    {
      attempt(kernel, _thread, { mailbox }) {
        const box = lookUp(kernel, mailbox)
        return typeof box === 'string' ? fail(kernel, box, shownName(mailbox)) : done(kernel, box.messages.length)
      },
    },
  ],
})

/**
 * How many messages are in the mailbox: true now, and perhaps no more at the caller's next call.
 * @throws MessageError NO_SUCH_MAILBOX, MAILBOX_GONE
 */
export const mailbox_count = (mailbox: Mailbox): Call<number> =>
  call(countDef, { mailbox: nameGiven(mailbox, 'a mailbox', 'mailbox_count') })

const destroyDef = defineCall<MailboxArgs, void>({
  name: 'mailbox_destroy',
  error,
  stages: [
    {
      attempt(kernel, thread, { mailbox }) {
        const box = lookUp(kernel, mailbox)
        if (typeof box === 'string') return fail(kernel, box, shownName(mailbox))
        if (!mayReceive(box, thread)) return fail(kernel, 'NOT_OWNER', box.name)
        if (box.owner !== null) delete writes(kernel, ownedId(box.owner)).mailboxes[mailbox]
        destroyMailbox(kernel, mailbox)
        return done(kernel)
      },
    },
  ],
})

/**
 * Destroys a mailbox with all that is in it; who waits there fails with MAILBOX_GONE, and its name is free.
 * @throws MessageError NO_SUCH_MAILBOX, MAILBOX_GONE, NOT_OWNER
 */
export const mailbox_destroy = (mailbox: Mailbox): Call<void> =>
  call(destroyDef, { mailbox: nameGiven(mailbox, 'a mailbox', 'mailbox_destroy') })

function destroyMailbox(kernel: Kernel, mailbox: Mailbox): void {
  const { name, capacity, senders, receivers } = peek(kernel, mailbox)
  destroy(kernel, nameId(name))
  destroy(kernel, mailbox)
  kernel.traffic?.drops(mailbox)
  if (!queues(kernel, capacity)) return // whoever waits finds it gone
  failAll(kernel, receivers, 'MAILBOX_GONE', name)
  failAll(kernel, senders, 'MAILBOX_GONE', name)
}

function endMailboxes(kernel: Kernel, process: Process): void {
  const id = ownedId(process.id)
  if (!exists(kernel, id)) return
  const mailboxes = Object.keys(peek(kernel, id).mailboxes)
  destroy(kernel, id)
  for (const mailbox of mailboxes) destroyMailbox(kernel, mailbox)
}

registerSubsystem({
  name: 'mailboxes',
  rundown: RUNDOWN.mailboxes,
  kind: 'owned mailboxes',
  holds: (kernel, process) => exists(kernel, ownedId(process.id)),
  processExit: endMailboxes,
})
