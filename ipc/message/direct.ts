import {
  type Args,
  type Call,
  call,
  type Data,
  defineCall,
  done,
  fail,
  type GiveUpReason,
  type Id,
  type Kernel,
  type Outcome,
  peek,
  type Ref,
  sleepOn,
  type Thread,
  threadsOf,
} from '../../kernel/index.ts'
import { canPut, canTake, put, queues, take, waitToPut, waitToTake } from './channel.ts'
import { error } from './errors.ts'
import {
  capacityOf,
  endpointOf,
  fullLinks,
  hasEnded,
  type Link,
  linkBetween,
  linkIfAny,
  longestWaiting,
  nextStamp,
  partner,
  sendersTo,
  takesFromAnyone,
} from './links.ts'
import { blockingGiven, capacityGiven, nameGiven, optionsGiven, plainCopy } from './plain.ts'

/**
 * Direct communication: sender and receiver name each other (symmetric), or the receiver takes from whoever sends
 * (asymmetric). The link between them comes to be when it is first used.
 */

/** What a send or receive may be told beside its partner. */
export interface MessageOptions {
  /** Whether to wait for as long as the call can't be done; `false`: fail with WOULD_BLOCK instead. Default `true`. */
  readonly blocking?: boolean
}

/** A message and its sender. */
export interface Received<M extends Data = Data> {
  readonly from: Id
  readonly message: M
}

/** In the place of a sender's name: whoever it may be. */
export const ANY = '*'

/** Ends a waiting send or receive. Nothing is to be undone: a message that was not taken is still the sender's. */
export function giveUp(kernel: Kernel, _thread: Thread, args: Args, reason: GiveUpReason): Outcome {
  const about = args.to ?? args.from ?? args.mailbox ?? null
  if (reason === 'signal') return fail(kernel, 'INTERRUPTED', about)
  return fail(kernel, reason === 'timeout' ? 'TIMED_OUT' : 'ABORTED', about)
}

interface CreateArgs extends Args {
  readonly from: Id
  readonly to: Id
  readonly capacity: number | null
}

const linkCreateDef = defineCall<CreateArgs, void>({
  name: 'link_create',
  error,
  stages: [
    {
      attempt(kernel, thread, { from, to, capacity }) {
        const own = thread.process
        // In setup the processes are still to come.
        if (own !== 'init') {
          if (own !== from && own !== to) return fail(kernel, 'NOT_ON_LINK', `${from} → ${to}`)
          const other = own === from ? to : from
          if (partner(kernel, other) === null) return fail(kernel, 'NO_SUCH_PROCESS', other)
        }
        if (linkIfAny(kernel, from, to) !== null) return fail(kernel, 'LINK_EXISTS', `${from} → ${to}`)
        linkBetween(kernel, from, to, capacity)
        return done(kernel)
      },
    },
  ],
})

/**
 * Makes the link from one process to another, to give it a capacity. A link that is simply used has capacity 0. In
 * setup, where no process exists yet, any two names are taken; later only the two partners make theirs.
 * @param options.capacity 0: the sender waits until the receiver has the message (rendezvous); n: until there is room
 *   for it; `Infinity`: never
 * @throws MessageError LINK_EXISTS, NOT_ON_LINK, NO_SUCH_PROCESS
 */
export function link_create(from: Id, to: Id, options: { readonly capacity: number }): Call<void> {
  return call(linkCreateDef, {
    from: nameGiven(from, 'the sender', 'link_create'),
    to: nameGiven(to, 'the receiver', 'link_create'),
    capacity: capacityGiven(optionsGiven(options, 'link_create').capacity, 'link_create'),
  })
}

const linkName = (from: Id, to: Id): string => `link ${from} → ${to}`
const anyLinkName = (to: Id): string => `any link → ${to}`

interface SendArgs extends Args {
  readonly to: Id
  readonly message: Data
  readonly blocking: boolean
}

const sendDef = defineCall<SendArgs, void>({
  name: 'send',
  error,
  restarts: true,
  stages: [
    {
      order: (kernel, thread, { to }) => (queues(kernel, capacityOf(kernel, thread.process, to)) ? 'fifo' : 'any'),
      canProceed(kernel, thread, { to, blocking }) {
        if (!blocking) return true
        const link = linkIfAny(kernel, thread.process, to)
        const free = link === null ? takesFromAnyone(kernel, to) : canPut(kernel, link)
        return free || hasEnded(kernel, to)
      },
      attempt(kernel, thread, { to, message, blocking }) {
        const receiver = partner(kernel, to)
        if (receiver === null) return fail(kernel, 'NO_SUCH_PROCESS', to)
        if (receiver.status !== 'alive') return fail(kernel, 'PROCESS_ENDED', to)
        const link = linkBetween(kernel, thread.process, to)
        const free = canPut(kernel, link)
        if (!free && !blocking) return fail(kernel, 'WOULD_BLOCK', to)
        const stamp = nextStamp(kernel, link)
        if (!free) return waitToPut(kernel, thread, link, stamp)
        put(kernel, link, message, stamp)
        return done(kernel)
      },
    },
  ],
  giveUp,
  interruptible: true,
  waitsFor: (_kernel, thread, { to }) => ({ object: linkName(thread.process, to), awaits: [to] }),
  does: 'gives',
  subject: (_kernel, thread, { to }) => linkName(thread.process, to),
  blockers: (kernel, _thread, { to }) => threadsOf(kernel, to),
})

/**
 * Sends a message to the process of that name, and waits while the link has no room for it; with capacity 0, until the
 * receiver has it.
 * @param to a program's name as in `Context.pids`: `consumer`, `consumer2`
 * @param message plain data; it is copied
 * @throws MessageError NO_SUCH_PROCESS, PROCESS_ENDED, WOULD_BLOCK, INTERRUPTED
 */
export function send(to: Id, message: Data, options: MessageOptions = {}): Call<void> {
  return call(sendDef, {
    to: nameGiven(to, 'the receiver', 'send'),
    message: plainCopy(message, 'send'),
    blocking: blockingGiven(options, 'send'),
  })
}

interface ReceiveArgs extends Args {
  readonly from: Id
  readonly blocking: boolean
}

const receiveDef = defineCall<ReceiveArgs, Data>({
  name: 'receive',
  error,
  restarts: true,
  stages: [
    {
      order: (kernel, thread, { from }) => (queues(kernel, capacityOf(kernel, from, thread.process)) ? 'fifo' : 'any'),
      canProceed(kernel, thread, { from, blocking }) {
        if (!blocking) return true
        const link = linkIfAny(kernel, from, thread.process)
        return (link !== null && canTake(kernel, link)) || hasEnded(kernel, from)
      },
      attempt(kernel, thread, { from, blocking }) {
        const link = linkIfAny(kernel, from, thread.process)
        if (link !== null && canTake(kernel, link)) return done(kernel, take(kernel, link))
        const sender = partner(kernel, from)
        if (sender === null) return fail(kernel, 'NO_SUCH_PROCESS', from)
        if (sender.status !== 'alive') return fail(kernel, 'PROCESS_ENDED', from)
        if (!blocking) return fail(kernel, 'WOULD_BLOCK', from)
        return waitToTake(kernel, thread, linkBetween(kernel, from, thread.process))
      },
    },
  ],
  giveUp,
  interruptible: true,
  waitsFor: (_kernel, thread, { from }) => ({ object: linkName(from, thread.process), awaits: [from] }),
  does: 'takes',
  subject: (_kernel, thread, { from }) => linkName(from, thread.process),
  blockers: (kernel, _thread, { from }) => threadsOf(kernel, from),
})

interface ReceiveAnyArgs extends Args {
  readonly blocking: boolean
}

const receiveAnyDef = defineCall<ReceiveAnyArgs, Received>({
  name: 'receive_any',
  error,
  restarts: true,
  stages: [
    {
      // Arriving is always an event: a link of capacity 0 may yet come to be.
      order: () => 'fifo',
      canProceed(kernel, thread, { blocking }) {
        return !blocking || fullLinks(kernel, thread.process).length > 0
      },
      attempt(kernel, thread, { blocking }) {
        const links = fullLinks(kernel, thread.process)
        if (links.length > 0) {
          const link = choose(kernel, thread, links)
          const { from } = peek(kernel, link)
          return done(kernel, { from, message: take(kernel, link) })
        }
        if (!blocking) return fail(kernel, 'WOULD_BLOCK')
        return sleepOn(kernel, thread, peek(kernel, endpointOf(kernel, thread.process)).everyone)
      },
    },
  ],
  giveUp,
  interruptible: true,
  waitsFor: (kernel, thread) => ({
    object: anyLinkName(thread.process),
    awaits: sendersTo(kernel, thread.process),
  }),
  subject: (_kernel, thread) => anyLinkName(thread.process),
})

/** Whose message it is: the one that has waited longest or, where no order is promised, the decider's choice. */
function choose(kernel: Kernel, thread: Thread, links: readonly Ref<Link>[]): Ref<Link> {
  const [only = ''] = links
  if (links.length === 1) return only
  if (kernel.state.wakeOrder !== 'any') return longestWaiting(kernel, links)
  const at = kernel.door.pick('choose', thread.id, links.length, (i) => peek(kernel, links[i] ?? only).from)
  return links[at] ?? only
}

/**
 * Receives the next message of the process of that name (symmetric), or of whoever has sent one (asymmetric, with
 * `ANY`: returns sender and message), and waits while there is none. What a process sent before it ended can still be
 * received.
 * @throws MessageError NO_SUCH_PROCESS, PROCESS_ENDED, WOULD_BLOCK, INTERRUPTED
 */
export function receive<M extends Data = Data>(from: typeof ANY, options?: MessageOptions): Call<Received<M>>
export function receive<M extends Data = Data>(from: Id, options?: MessageOptions): Call<M>
export function receive(from: Id, options: MessageOptions = {}): Call<Data> | Call<Received> {
  if (from === ANY) return receive_any(options)
  return call(receiveDef, {
    from: nameGiven(from, 'the sender', 'receive'),
    blocking: blockingGiven(options, 'receive'),
  })
}

/**
 * Receives a message from whoever has sent one. Where several have, no order among them is promised, unless waiters are
 * served in an order: then the message that was sent first comes first. It waits for ever when nobody is left to send:
 * any process may make itself a link.
 * @throws MessageError WOULD_BLOCK, INTERRUPTED
 */
export function receive_any<M extends Data = Data>(options: MessageOptions = {}): Call<Received<M>> {
  const args = { blocking: blockingGiven(options, 'receive_any') }
  return call(receiveAnyDef, args) as Call<Received<M>> // what is in a message, the receiver knows
}
