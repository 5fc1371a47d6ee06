import {
  type Args,
  type Call,
  call,
  create,
  type Data,
  defineCall,
  done,
  fail,
  type Id,
  type Kernel,
  type Outcome,
  peek,
  type Ref,
  reads,
  release,
  retain,
  type Thread,
  threadOf,
  writes,
} from '../../kernel/index.ts'
import type { ServerView } from './connect.ts'
import { type Handle, handleGiven, insertHandle, isStatus } from './handles.ts'
import {
  asData,
  captured,
  LPC_REPLY,
  MAX_CONNECT_INFO,
  type Message,
  messageIn,
  type Outgoing,
  PORT_HEADER,
  type PortContext,
  type PortMessage,
} from './message.ts'
import { LINKS, newPort, type Port, portAt } from './port.ts'
import { unname } from './rundown.ts'
import {
  areViewsSound,
  mapView,
  type PortView,
  type RemotePortView,
  remoteViewGiven,
  type Section,
  sectionAt,
  type ViewArgs,
  viewGiven,
} from './section.ts'
import { type NtStatus, ntError } from './status.ts'
import { type Connecting, endWait, type LpcThread, leaveChain, stateIfAny, threadByClientId } from './thread.ts'

/** The server's half of a connection: a request that was received is accepted or refused, and an accepted one completed. */

interface AcceptArgs extends Args {
  readonly context: PortContext | null
  readonly message: Data
  readonly accept: boolean
  readonly serverView: ViewArgs
  /** Length of the structure for the client's view; 0: none is wanted. */
  readonly clientView: number
}

/** How a connection looks to the server. */
export interface Accepted {
  /** The server's communication port; 0 when it refused. */
  readonly port: Handle
  /** The client's section, as the server sees it, when that was asked for; of size 0, when the client gave none. */
  readonly clientView: { readonly size: number; readonly base: number } | null
  /** The server's own view of its section; where the client sees it is `remoteBase`. */
  readonly serverView: (ServerView & { readonly remoteBase: number }) | null
}

/** A request under acceptance. Nobody else can accept it any more; its own references are let go of in the end. */
interface Request {
  readonly client: Thread
  readonly state: LpcThread
  readonly connecting: Connecting
  readonly clientPort: Ref<Port>
  readonly connection: Ref<Port>
  readonly section: Ref<Section> | null
}

function attempt(kernel: Kernel, thread: Thread, args: AcceptArgs): Outcome {
  if (!areViewsSound(args.serverView, args.clientView)) return fail(kernel, 'STATUS_INVALID_PARAMETER')
  const answer = messageIn(args.message)
  if (answer === null) return fail(kernel, 'STATUS_ACCESS_VIOLATION')
  const client = threadByClientId(kernel, answer.clientId)
  if (client === null) return fail(kernel, 'STATUS_INVALID_CID')
  const request = takeRequest(kernel, thread, client, answer.messageId)
  if (request === null) return fail(kernel, 'STATUS_REPLY_MESSAGE_MISMATCH')
  const { state, connecting, clientPort, section } = request
  const accepted = args.accept ? accept(kernel, thread, args, request) : null
  state.message = answerTo(answer)
  if (accepted === null || typeof accepted === 'string') {
    leaveChain(kernel, state)
    endWait(kernel, state)
  } else {
    connecting.accepted = accepted.port
    writes(kernel, accepted.port, LINKS).clientThread = client
    state.named += 1
  }
  if (section !== null) release(kernel, section, thread)
  release(kernel, clientPort, thread)
  if (typeof accepted === 'string') return fail(kernel, accepted)
  return done(kernel, accepted?.result ?? ({ port: 0, clientView: null, serverView: null } satisfies Accepted))
}

/** Takes the client's request, if it waits with that one, nobody has accepted it, and the caller's process created the port. */
function takeRequest(kernel: Kernel, thread: Thread, client: Id, messageId: number): Request | null {
  const ref = stateIfAny(kernel, client)
  if (ref === null || messageId === 0) return null
  const { messageId: awaited, connecting: asked } = reads(kernel, ref)
  if (awaited !== messageId || asked === null || asked.clientPort === null) return null
  const { clientPort, section } = asked
  const connection = reads(kernel, clientPort, LINKS).connectionPort
  if (connection === null || peek(kernel, connection).serverProcess !== thread.process) return null
  const state = writes(kernel, ref)
  state.messageId = 0
  state.connecting = { ...asked, clientPort: null, section: null }
  return { client: threadOf(kernel, client), state, connecting: state.connecting, clientPort, connection, section }
}

/** What the client finds when it is woken: the first 260 bytes of the message are the server's info. */
function answerTo({ clientId, messageId, data: whole }: PortMessage): Message {
  const data = whole.slice(0, MAX_CONNECT_INFO)
  return {
    type: LPC_REPLY,
    dataLength: data.length,
    totalLength: PORT_HEADER + data.length,
    dataInfoOffset: 0,
    clientId: { ...clientId },
    messageId,
    callbackId: 0,
    clientViewSize: 0,
    data,
    context: null,
    sender: null,
  }
}

interface Made {
  readonly port: Ref<Port>
  readonly result: Accepted
}

/** Makes the server's communication port and maps the views. A failure undoes that, and so disconnects the client. */
function accept(kernel: Kernel, thread: Thread, args: AcceptArgs, request: Request): Made | NtStatus {
  const { clientPort, connection, connecting } = request
  const { maxMessageLength, name } = peek(kernel, connection)
  const links = { connectionPort: connection, connectedPort: clientPort }
  const port = create<Port>(kernel, thread, (id) =>
    newPort({ id, type: 'communication', name, maxMessageLength, ...links }),
  )
  retain(kernel, port)
  retain(kernel, connection)
  writes(kernel, clientPort, LINKS).connectedPort = port
  const serverView = mapViews(kernel, thread, args.serverView, request, port)
  if (typeof serverView === 'string') {
    release(kernel, port, thread)
    return serverView
  }
  const handle = insertHandle(kernel, thread.process, port)
  const { context } = args
  writes(kernel, port, LINKS).context = context === null || context === 0 || context === '' ? handle : context
  release(kernel, port, thread)
  const { clientView } = connecting
  const seen = { size: clientView?.size ?? 0, base: clientView?.remoteBase ?? 0 }
  return { port, result: { port: handle, clientView: args.clientView === 0 ? null : seen, serverView } }
}

/** Maps the client's section in the server, and the server's in both. Returns the server's view of its own. */
function mapViews(
  kernel: Kernel,
  thread: Thread,
  own: ViewArgs,
  { client, connecting, clientPort, section }: Request,
  port: Ref<Port>,
): Accepted['serverView'] | NtStatus {
  const { clientView } = connecting
  if (section !== null && clientView !== null) {
    const view = mapView(kernel, thread.process, section, clientView.offset, clientView.size)
    if (typeof view === 'string') return view
    writes(kernel, port, LINKS).views.push(view)
    clientView.remoteBase = view.base
  }
  if (own === null) return null
  const ref = sectionAt(kernel, thread, own.section)
  if (isStatus(ref)) return ref
  const view = mapView(kernel, thread.process, ref, own.offset, own.size)
  if (typeof view === 'string') return view
  writes(kernel, port, LINKS).views.push(view)
  const remote = mapView(kernel, client.process, ref, own.offset, own.size)
  if (typeof remote === 'string') return remote
  writes(kernel, clientPort, LINKS).views.push(remote)
  connecting.serverView = { size: remote.size, base: remote.base }
  return { size: view.size, base: view.base, remoteBase: remote.base }
}

const acceptDef = defineCall<AcceptArgs, Accepted>({
  name: 'NtAcceptConnectPort',
  error: ntError,
  stages: [{ attempt }],
})

export interface AcceptOptions {
  /** A part of a section that the client is to see, too. */
  readonly serverView?: PortView | null
  /** Whether the client's view is wanted. */
  readonly clientView?: RemotePortView | boolean | null
}

/**
 * Accepts or refuses a connection request that was received; only the process that created the port may. A client that
 * is refused is woken; one that is accepted waits on, for NtCompleteConnectPort.
 * @param PortContext comes back with all that is received by this connection; null, 0 or empty: the new handle does
 * @param ConnectionRequest the message as it was received, to send the client's own info back to it; or, by `replyTo`,
 *   with other info
 * @throws NtError STATUS_INVALID_CID (no such thread), STATUS_REPLY_MESSAGE_MISMATCH (it does not wait with that request;
 *   or another process's port), STATUS_INVALID_PARAMETER (a view's Length). A server's view that can't be mapped is
 *   STATUS_INVALID_HANDLE, _OBJECT_TYPE_MISMATCH, _INVALID_VIEW_SIZE, and the client's call fails, too.
 */
export const NtAcceptConnectPort = (
  PortContext: PortContext | null,
  ConnectionRequest: Outgoing,
  AcceptConnection: boolean,
  options: AcceptOptions = {},
): Call<Accepted> => {
  const { serverView, clientView } = Object(options ?? {}) as AcceptOptions // whatever it is
  return call(acceptDef, {
    context: typeof PortContext === 'string' || Number.isFinite(PortContext) ? PortContext : null,
    message: asData(captured(ConnectionRequest)),
    accept: Boolean(AcceptConnection),
    serverView: viewGiven(serverView),
    clientView: remoteViewGiven(clientView),
  })
}

interface CompleteArgs extends Args {
  readonly port: Handle
}

const completeDef = defineCall<CompleteArgs, void>({
  name: 'NtCompleteConnectPort',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { port }) {
        const ref = portAt(kernel, thread, port)
        if (isStatus(ref)) return fail(kernel, ref)
        const { type, clientThread } = reads(kernel, ref, LINKS)
        if (type !== 'communication') return fail(kernel, 'STATUS_INVALID_PORT_HANDLE')
        if (clientThread === null) return fail(kernel, 'STATUS_INVALID_PARAMETER')
        const waiting = stateIfAny(kernel, clientThread)
        const { message, connecting } = waiting === null ? NOBODY : reads(kernel, waiting)
        if (waiting === null || message === null || connecting?.accepted !== ref) return done(kernel)
        writes(kernel, ref, LINKS).clientThread = null
        const state = writes(kernel, waiting)
        leaveChain(kernel, state)
        endWait(kernel, state)
        unname(kernel, clientThread)
        return done(kernel)
      },
    },
  ],
})

const NOBODY = { message: null, connecting: null }

/**
 * Lets the client's call return, once its request was accepted. A client that waits no more, as it died or the
 * connection port was closed, is no error.
 * @param PortHandle the communication port that NtAcceptConnectPort made
 * @throws NtError STATUS_INVALID_HANDLE, _OBJECT_TYPE_MISMATCH, _INVALID_PORT_HANDLE (no communication port),
 *   _INVALID_PARAMETER (completed already)
 */
export const NtCompleteConnectPort = (PortHandle: Handle): Call<void> =>
  call(completeDef, { port: handleGiven(PortHandle) })
