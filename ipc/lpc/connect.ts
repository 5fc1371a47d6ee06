import {
  type Args,
  type Call,
  call,
  create,
  defineCall,
  done,
  fail,
  type Kernel,
  next,
  type Outcome,
  peek,
  pin,
  type Ref,
  reads,
  retain,
  SLEEP,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { type Handle, insertHandle, isStatus } from './handles.ts'
import { isBytes, LPC_CONNECTION_REQUEST, MAX_CONNECT_INFO, type Message, PORT_HEADER, unsigned } from './message.ts'
import { lookUp, nameGiven } from './names.ts'
import { LINKS, newPort, type Port } from './port.ts'
import { enqueue, nextMessageId } from './queue.ts'
import { abandonConnecting } from './rundown.ts'
import {
  areViewsSound,
  type ClientViewState,
  mapView,
  type PortView,
  type RemotePortView,
  remoteViewGiven,
  type Section,
  sectionAt,
  type ViewArgs,
  viewGiven,
} from './section.ts'
import { ntError } from './status.ts'
import { clientIdOf, hang, type LpcThread, lpcThread, sleepForAnswer, stopWaiting, takeAnswer } from './thread.ts'
import { clientToken, processSid, type Qos, SecurityImpersonation } from './token.ts'

/** Connecting to a server: a request is queued to its connection port, and the caller waits until it is accepted and completed, or refused. */

interface ConnectArgs extends Args {
  readonly name: string
  readonly level: number
  readonly dynamic: boolean
  readonly effectiveOnly: boolean
  readonly clientView: ViewArgs
  /** Length of the structure for the server's view; 0: none is wanted. */
  readonly serverView: number
  readonly sid: string | null
  /** `null`: no buffer for it. */
  readonly info: string | null
}

/** What is between looking up and queueing: the port that is connected to, the port to be, and its view. */
interface Begun {
  readonly [name: string]: string | null | { readonly [name: string]: number }
  readonly server: Ref<Port>
  readonly client: Ref<Port>
  readonly section: Ref<Section> | null
  readonly view: { readonly base: number; readonly size: number; readonly offset: number } | null
}

// The stages: it begins with 0, in which it looks up the server and makes its port.
const REQUEST = 1
const ANSWERED = 2

function begin(kernel: Kernel, thread: Thread, args: ConnectArgs): Outcome {
  const { name, sid, clientView } = args
  if (!areViewsSound(clientView, args.serverView)) return fail(kernel, 'STATUS_INVALID_PARAMETER')
  const server = lookUp<Port>(kernel, name, 'lpc port')
  if (isStatus(server)) return fail(kernel, server)
  const { type, serverProcess, maxMessageLength } = peek(kernel, server)
  if (type !== 'connection' || serverProcess === null) return fail(kernel, 'STATUS_INVALID_PORT_HANDLE')
  if (sid !== null && sid !== processSid(kernel, serverProcess)) return fail(kernel, 'STATUS_SERVER_SID_MISMATCH')
  const qos: Qos = { level: args.level, dynamic: args.dynamic, effectiveOnly: args.effectiveOnly }
  const { token: impersonated } = reads(kernel, lpcThread(kernel, thread))
  const token = qos.dynamic ? null : clientToken(kernel, thread, impersonated, qos)
  const client = create<Port>(kernel, thread, (id) =>
    newPort({ id, type: 'client', name, maxMessageLength, qos, token, connectionPort: server }),
  )
  retain(kernel, server)
  pin(kernel, thread, client)
  pin(kernel, thread, server)
  const begun: Begun = { server, client, section: null, view: null }
  return clientView === null ? goOn(kernel, thread, begun) : map(kernel, thread, begun, clientView)
}

/** Maps the client's own view of its section. */
function map(kernel: Kernel, thread: Thread, begun: Begun, { section, offset, size }: NonNullable<ViewArgs>): Outcome {
  const ref = sectionAt(kernel, thread, section)
  if (isStatus(ref)) return fail(kernel, ref)
  const view = mapView(kernel, thread.process, ref, offset, size)
  if (typeof view === 'string') return fail(kernel, view)
  pin(kernel, thread, ref)
  writes(kernel, begun.client, LINKS).views.push(view)
  return goOn(kernel, thread, { ...begun, section: ref, view: { base: view.base, size: view.size, offset } })
}

function goOn(kernel: Kernel, thread: Thread, begun: Begun): Outcome {
  if (thread.call !== null) thread.call.saved = begun
  return next(kernel, REQUEST)
}

const begunBy = ({ call }: Thread): Begun => call?.saved as Begun // `goOn` puts nothing else there

/** Queues the request, unless the server's port is closed by now, and waits. */
function request(kernel: Kernel, thread: Thread, { info }: ConnectArgs): Outcome {
  const { server, client, section, view } = begunBy(thread)
  if (reads(kernel, server, LINKS).nameDeleted) return fail(kernel, 'STATUS_OBJECT_NAME_NOT_FOUND')
  const data = (info ?? '').slice(0, MAX_CONNECT_INFO)
  const message: Message = {
    type: LPC_CONNECTION_REQUEST,
    dataLength: data.length,
    totalLength: PORT_HEADER + data.length,
    dataInfoOffset: 0,
    clientId: clientIdOf(kernel, thread),
    messageId: nextMessageId(kernel),
    callbackId: 0,
    clientViewSize: view?.size ?? 0,
    data,
    context: null,
    sender: client,
  }
  const ref = lpcThread(kernel, thread)
  const state = hang(kernel, ref, message.messageId, server)
  retain(kernel, client)
  if (section !== null) retain(kernel, section)
  const clientView: ClientViewState | null = view === null ? null : { ...view, remoteBase: 0 }
  state.connecting = { clientPort: client, section, clientView, serverView: null, accepted: null }
  enqueue(kernel, server, message, 'event first')
  kernel.stage = ANSWERED
  return sleepForAnswer(kernel, thread, ref)
}

/** How a connection looks to the client. */
export interface Connection {
  /** The client's communication port. */
  readonly port: Handle
  readonly maxMessageLength: number
  /** What the server sent along, cut to as much as the client had; `null` when it had nothing. */
  readonly info: string | null
  /** The client's view of its own section; where the server sees it is `remoteBase`. */
  readonly clientView: ClientView | null
  /** The server's section, as the client sees it, when that was asked for; of size 0, when the server gave none. */
  readonly serverView: ServerView | null
}

export interface ClientView {
  readonly size: number
  readonly offset: number
  readonly base: number
  readonly remoteBase: number
}

export interface ServerView {
  readonly size: number
  readonly base: number
}

/** Awake again: connected, if the port has another end now. */
function answered(kernel: Kernel, thread: Thread, args: ConnectArgs): Outcome {
  const ref = lpcThread(kernel, thread)
  const { connecting } = reads(kernel, ref)
  const message = takeAnswer(kernel, ref)
  if (message === undefined) return sleepForAnswer(kernel, thread, ref)
  writes(kernel, ref).connecting = null
  const { server, client } = begunBy(thread)
  if (message === null) return fail(kernel, 'STATUS_PORT_CONNECTION_REFUSED')
  const info = args.info === null ? null : message.data.slice(0, Math.min(args.info.length, MAX_CONNECT_INFO))
  const { connectedPort, connectionPort } = reads(kernel, client, LINKS)
  if (connectedPort === null) {
    const isGone = connectionPort === null || reads(kernel, server, LINKS).nameDeleted
    return fail(kernel, isGone ? 'STATUS_OBJECT_NAME_NOT_FOUND' : 'STATUS_PORT_CONNECTION_REFUSED', { info })
  }
  const port = insertHandle(kernel, thread.process, client)
  const { clientView = null, serverView = null } = connecting ?? {}
  return done(kernel, {
    port,
    maxMessageLength: peek(kernel, client).maxMessageLength,
    info,
    clientView: clientView === null ? null : { ...clientView },
    serverView: args.serverView === 0 ? null : { ...(serverView ?? { size: 0, base: 0 }) },
  } satisfies Connection)
}

/** A client that dies takes its request back. */
function giveUpConnecting(kernel: Kernel, thread: Thread, ref: Ref<LpcThread>): void {
  const state = writes(kernel, ref)
  abandonConnecting(kernel, state, thread)
  stopWaiting(kernel, state)
}

function define(name: string) {
  return defineCall<ConnectArgs, Connection>({
    name,
    error: ntError,
    stages: [{ attempt: begin }, { attempt: request }, { attempt: answered }],
    giveUp(kernel, thread, _args, reason) {
      if (reason === 'killed') giveUpConnecting(kernel, thread, lpcThread(kernel, thread))
      return SLEEP
    },
    waitsFor: (kernel, _thread, { name: server }) => ({ object: `port ${server}`, ...serverOf(kernel, server) }),
    subject: (_kernel, _thread, { name: server }) => `port ${server}`,
  })
}

/** Whose port it is, if it is still there. */
function serverOf(kernel: Kernel, name: string): { readonly awaits?: readonly string[] } {
  const server = lookUp<Port>(kernel, name, 'lpc port')
  const process = isStatus(server) ? null : peek(kernel, server).serverProcess
  return process === null ? {} : { awaits: [process] }
}

const connectDef = define('NtConnectPort')
const secureConnectDef = define('NtSecureConnectPort')

export interface ConnectOptions {
  /** Terms of impersonation. Default: SecurityImpersonation, static tracking, not effective only. */
  readonly securityQos?: Partial<Qos>
  /** A part of a section that the server is to see, too. */
  readonly clientView?: PortView | null
  /** Whether the server's view is wanted. */
  readonly serverView?: RemotePortView | boolean | null
  /** What to tell the server, as far as its first 260 bytes; without any, nothing of the server's answer is returned. */
  readonly info?: string | null
}

function given(name: unknown, sid: unknown, options: ConnectOptions | null | undefined): ConnectArgs {
  const { securityQos, clientView, serverView, info } = Object(options ?? {}) as ConnectOptions // whatever it is
  const { level = SecurityImpersonation, dynamic, effectiveOnly } = Object(securityQos ?? {}) as Partial<Qos>
  return {
    name: nameGiven(name),
    level: unsigned(level),
    dynamic: dynamic === true,
    effectiveOnly: effectiveOnly === true,
    clientView: viewGiven(clientView),
    serverView: remoteViewGiven(serverView),
    sid: sid === null || sid === undefined ? null : typeof sid === 'string' ? sid : 'no SID',
    info: isBytes(info) ? info : null,
  }
}

/**
 * Connects to a server by its port's name, and waits until the server has accepted and completed that.
 * @throws NtError STATUS_PORT_CONNECTION_REFUSED (the server refused, and `detail.info` is what it sent along; or its
 *   port was closed meanwhile, and there is no detail), STATUS_OBJECT_NAME_NOT_FOUND (also: disconnected before it was
 *   connected), _PATH_NOT_FOUND, _TYPE_MISMATCH, STATUS_INVALID_PARAMETER (a view's Length), STATUS_INVALID_HANDLE,
 *   _VIEW_SIZE (the client's view)
 */
export const NtConnectPort = (PortName: string, options: ConnectOptions = {}): Call<Connection> =>
  call(connectDef, given(PortName, null, options))

/**
 * As `NtConnectPort`, only to a server whose user has that SID.
 * @throws NtError STATUS_SERVER_SID_MISMATCH, and as `NtConnectPort`
 */
export const NtSecureConnectPort = (
  PortName: string,
  ServerSid: string | null,
  options: ConnectOptions = {},
): Call<Connection> => call(secureConnectDef, given(PortName, ServerSid, options))
