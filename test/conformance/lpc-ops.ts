import { type Call, type CallError, type Report, thread_exit } from 'ipclab/kernel'
import * as lpc from 'ipclab/lpc'
import type { Fields } from './fields.ts'
import { type Labels, told } from './lpc-notation.ts'

/** The recorded operations as calls: names, arguments and results renamed, and nothing else. */

/** What the recording's names mean in a process. */
export interface Names {
  readonly handles: Map<string, number>
  /** Handles that are contexts, as they were called when they were made. */
  readonly contexts: Map<number, string>
  readonly buffers: Map<string, { readonly address: number; readonly length: number }>
}

/** The thread that acts. */
export interface Acting {
  readonly process: number
  readonly own: Names
  readonly names: readonly Names[]
  readonly messages: Map<string, lpc.PortMessage>
  /** Addresses. */
  readonly views: Map<string, number>
  pid(process: number): number
  /** For operations that are more than one call. */
  perform(call: Call<unknown>): Report
}

interface Op {
  make(acting: Acting, args: Fields): Call<unknown>
  /** What the recording says of a success, when that isn't the status alone. */
  tell?(value: unknown, acting: Acting, args: Fields, labels: Labels): Fields
  /** What it says of a failure beside the status. */
  failed?(error: CallError, args: Fields): Fields
}

const handle = ({ own }: Acting, name: unknown): number => own.handles.get(String(name)) ?? 0
const port = (acting: Acting, args: Fields): number => handle(acting, args.port ?? args.handle)
const bind = ({ own }: Acting, args: Fields, value: number): void => void own.handles.set(String(args.as), value)

/** Nobody has that number. */
const NOBODY = 0x7fffffff

/** A message that was received, or one that says nothing. */
const messageIn = ({ messages }: Acting, name: unknown): lpc.OutgoingMessage =>
  messages.get(String(name)) ?? { clientId: { process: 0, thread: 0 }, messageId: 0, data: '' }

const answer = (acting: Acting, name: unknown, data: string): lpc.OutgoingMessage => {
  const { clientId, messageId = 0, callbackId = 0 } = messageIn(acting, name)
  return { data, messageId, callbackId, ...(clientId && { clientId }) }
}

/** Header values as they are, whatever follows from the message. */
function overridden(message: lpc.OutgoingMessage, args: Fields): lpc.OutgoingMessage {
  const raw = ['type', 'dataLength', 'totalLength', 'dataInfoOffset'].filter((name) => args[name] !== undefined)
  return {
    ...message,
    ...Object.fromEntries(raw.map((name) => [name, args[name]])),
    ...(args.badMessageId === undefined ? {} : { messageId: NOBODY }),
    ...(args.zeroMessageId === undefined ? {} : { messageId: 0 }),
    ...(args.badClientId === undefined ? {} : { clientId: { process: NOBODY, thread: NOBODY } }),
  }
}

/** What a sending operation sends. */
function outgoing(acting: Acting, args: Fields): lpc.OutgoingMessage {
  const { to, callbackTo } = args
  const text = String(args.data ?? '')
  const { data, dataInfoOffset } = withDataInfo(acting, args, text)
  const plain = callbackTo === undefined ? answer(acting, to, data) : answer(acting, callbackTo, data)
  const located = dataInfoOffset === 0 ? plain : { ...plain, dataInfoOffset }
  return overridden(callbackTo === undefined ? located : { ...located, type: lpc.LPC_REQUEST }, args)
}

function withDataInfo({ own }: Acting, { dataInfo, dataInfoCount }: Fields, text: string) {
  if (!Array.isArray(dataInfo)) return { data: text, dataInfoOffset: 0 }
  const entries = dataInfo.map(({ buffer, length }) => ({
    address: own.buffers.get(String(buffer))?.address ?? 0,
    length: Number(length),
  }))
  const padded = text.padEnd(Math.ceil(text.length / 4) * 4, '\0')
  const count = dataInfoCount === undefined ? entries.length : Number(dataInfoCount)
  return { data: padded + lpc.dataInfoBlock(entries, count), dataInfoOffset: lpc.PORT_HEADER + padded.length }
}

const timeout = ({ timeoutMs }: Fields): number | null =>
  timeoutMs === undefined ? null : lpc.milliseconds(Number(timeoutMs))

const makesHandle = (make: Op['make']): Op => ({
  make,
  tell(value, acting, args) {
    bind(acting, args, Number(value))
    return told(value)
  },
})

/** A message that comes back is bound to a name. */
const tellMessage: NonNullable<Op['tell']> = (value, { messages }, { into }, labels) => {
  const message = value as lpc.PortMessage // what these calls return
  messages.set(String(into), message)
  return { ...told(value), msg: labels.message(message) }
}

const tellReceived: NonNullable<Op['tell']> = (value, acting, args, labels) => {
  if (value === lpc.STATUS_TIMEOUT) return told(value)
  const { message, context } = value as lpc.Received // otherwise it is that
  return { ...tellMessage(message, acting, args, labels), context: contextIn(acting, context) }
}

function contextIn({ own, names }: Acting, context: lpc.PortContext | null): unknown {
  if (typeof context !== 'number') return context
  const found = [own, ...names].find(({ contexts }) => contexts.has(context))
  return { handle: found?.contexts.get(context) }
}

const creating = (call: typeof lpc.NtCreatePort): Op =>
  makesHandle((_, { name = null, attributes, maxConnect, maxMessage }) =>
    call(
      { name: name as string | null, ...(attributes === undefined ? {} : { attributes: Number(attributes) }) },
      Number(maxConnect),
      Number(maxMessage),
    ),
  )

function viewIn(acting: Acting, { section, viewSize, viewOffset, viewLength }: Fields): lpc.PortView | null {
  if (section === undefined) return null
  return {
    section: handle(acting, section),
    size: Number(viewSize ?? 0),
    offset: Number(viewOffset ?? 0),
    ...(viewLength === undefined ? {} : { length: Number(viewLength) }),
  }
}

const remoteView = (wanted: unknown, length: unknown): lpc.RemotePortView | boolean =>
  length === undefined ? wanted === true : { length: Number(length) }

function options(acting: Acting, args: Fields): lpc.ConnectOptions {
  return {
    info: args.info === undefined ? null : String(args.info),
    securityQos: {
      level: Number(args.level ?? lpc.SecurityImpersonation),
      dynamic: args.tracking === 'dynamic',
      effectiveOnly: Boolean(args.effectiveOnly),
    },
    clientView: viewIn(acting, args),
    serverView: remoteView(args.serverView, args.serverViewLength),
  }
}

const connecting = (make: Op['make']): Op => ({
  make,
  tell(value, acting, args) {
    const { port: made, maxMessageLength, info, clientView, serverView } = value as lpc.Connection // what it returns
    bind(acting, args, made)
    if (clientView !== null) acting.views.set(String(args.asView), clientView.base)
    if (serverView !== null) acting.views.set(String(args.asServerView), serverView.base)
    return {
      ...told(value),
      maxMessageLength,
      ...(info === null ? {} : { infoLength: info.length, data: info }),
      ...(clientView === null ? {} : { clientView: clientViewOut(clientView) }),
      ...(serverView === null ? {} : { serverView: { viewSize: serverView.size, mapped: serverView.base !== 0 } }),
    }
  },
  // The client's buffer, with what the server sent along or as it was.
  failed({ code, detail }, args) {
    if (args.info === undefined || code !== 'STATUS_PORT_CONNECTION_REFUSED') return {}
    const { info } = (detail ?? { info: String(args.info) }) as { readonly info: string } // as NtConnectPort says
    return { infoLength: info.length, data: info }
  },
})

const clientViewOut = ({ size, offset, base, remoteBase }: lpc.ClientView): Fields => ({
  viewSize: size,
  viewOffset: offset,
  mapped: base !== 0,
  remoteMapped: remoteBase !== 0,
})

const onPort = (call: (port: number) => Call<unknown>): Op => ({ make: (acting, args) => call(port(acting, args)) })

const table: { readonly [op: string]: Op } = {
  NtCreatePort: creating(lpc.NtCreatePort),
  NtCreateWaitablePort: creating(lpc.NtCreateWaitablePort),
  NtConnectPort: connecting((acting, args) => lpc.NtConnectPort(String(args.name), options(acting, args))),
  NtSecureConnectPort: connecting((acting, args) =>
    lpc.NtSecureConnectPort(String(args.name), args.sid === undefined ? null : String(args.sid), options(acting, args)),
  ),
  NtListenPort: { ...onPort(lpc.NtListenPort), tell: tellMessage },
  NtAcceptConnectPort: {
    make(acting, args) {
      const info = args.info === undefined ? (messageIn(acting, args.msg).data ?? '') : String(args.info)
      const message = overridden(answer(acting, args.msg, info), args)
      const context = args.context === undefined ? null : String(args.context)
      return lpc.NtAcceptConnectPort(context, message, args.accept === true, {
        serverView: viewIn(acting, args),
        clientView: remoteView(args.clientView, args.clientViewLength),
      })
    },
    tell(value, acting, args) {
      const { port: made, clientView, serverView } = value as lpc.Accepted // what it returns
      if (made === 0) return told(value)
      bind(acting, args, made)
      acting.own.contexts.set(made, String(args.as))
      if (clientView !== null) acting.views.set(String(args.asView), clientView.base)
      return {
        ...told(value),
        ...(clientView === null ? {} : { clientView: { viewSize: clientView.size, mapped: clientView.base !== 0 } }),
        ...(serverView === null ? {} : { serverView: { viewSize: serverView.size } }),
      }
    },
  },
  NtCompleteConnectPort: onPort(lpc.NtCompleteConnectPort),
  NtRequestPort: { make: (acting, args) => lpc.NtRequestPort(port(acting, args), outgoing(acting, args)) },
  NtRequestWaitReplyPort: {
    make: (acting, args) => lpc.NtRequestWaitReplyPort(port(acting, args), outgoing(acting, args)),
    tell: tellMessage,
  },
  NtReplyPort: { make: (acting, args) => lpc.NtReplyPort(port(acting, args), outgoing(acting, args)) },
  NtReplyWaitReplyPort: {
    make: (acting, args) => lpc.NtReplyWaitReplyPort(port(acting, args), outgoing(acting, args)),
    tell: tellMessage,
  },
  NtReplyWaitReceivePort: {
    make: (acting, args) => lpc.NtReplyWaitReceivePort(port(acting, args), replyIn(acting, args)),
    tell: tellReceived,
  },
  NtReplyWaitReceivePortEx: {
    make: (acting, args) => lpc.NtReplyWaitReceivePortEx(port(acting, args), replyIn(acting, args), timeout(args)),
    tell: tellReceived,
  },
  NtQueryInformationPort: onPort(lpc.NtQueryInformationPort),
  NtRegisterThreadTerminatePort: onPort(lpc.NtRegisterThreadTerminatePort),
  NtClose: onPort(lpc.NtClose),
  NtWaitForSingleObject: {
    make: (acting, args) => lpc.NtWaitForSingleObject(port(acting, args), false, timeout(args)),
  },

  // The recorder's own.
  DuplicateHandle: {
    make: (acting, args) =>
      lpc.DuplicateHandle(handle(acting, args.handle), acting.pid(Number(args.toProcess ?? acting.process))),
    tell(value, { process, names }, args) {
      names[Number(args.toProcess ?? process)]?.handles.set(String(args.as), Number(value))
      return told(value)
    },
  },
  CreateSection: makesHandle((_, args) => lpc.NtCreateSection(Number(args.size))),
  ViewWrite: {
    make: ({ views }, { view, offset, data }) =>
      lpc.NtWriteVirtualMemory((views.get(String(view)) ?? 0) + Number(offset), String(data)),
  },
  ViewRead: {
    make: ({ views }, { view, offset, length }) =>
      lpc.NtReadVirtualMemory((views.get(String(view)) ?? 0) + Number(offset), Number(length)),
    tell: (data) => ({ ...told(data), data }),
  },
  ExitThread: { make: () => thread_exit() },
  TerminateProcess: { make: ({ pid }, { process }) => lpc.NtTerminateProcess(pid(Number(process))) },
}

const replyIn = (acting: Acting, args: Fields): lpc.OutgoingMessage | null =>
  args.to === undefined && args.data === undefined ? null : outgoing(acting, args)

export const ops: ReadonlyMap<string, Op> = new Map(Object.entries(table))

/** What a call returned that can't wait; or what is to be told of its failure. */
function value(report: Report): { readonly value: unknown } | Fields {
  const { outcome } = report
  if (outcome?.how === 'returned') return { value: outcome.value }
  return { status: outcome?.how === 'failed' ? outcome.error.code : 'it did not return' }
}

/** Operations that are several calls. */
export const local: ReadonlyMap<string, (acting: Acting, args: Fields, labels: Labels) => Fields> = new Map(
  Object.entries({
    SetBuffer(acting: Acting, { data, as }: Fields) {
      const text = String(data)
      const address = allocate(acting, text.length)
      acting.perform(lpc.NtWriteVirtualMemory(address, text))
      acting.own.buffers.set(String(as), { address, length: text.length })
      return told(address)
    },
    GetBuffer(acting: Acting, { buffer }: Fields) {
      const { address, length } = acting.own.buffers.get(String(buffer)) ?? { address: 0, length: 0 }
      return { ...told(address), data: read(acting, address, length) }
    },
    NtReadRequestData(acting: Acting, args: Fields) {
      const length = Number(args.length)
      const address = allocate(acting, length)
      const message = overridden(messageIn(acting, args.msg), args)
      const done = value(
        acting.perform(lpc.NtReadRequestData(port(acting, args), message, Number(args.index), address, length)),
      )
      if (!('value' in done)) return done
      return { ...told(done), returnLength: done.value, data: read(acting, address, Number(done.value)) }
    },
    NtWriteRequestData(acting: Acting, args: Fields) {
      const data = String(args.data)
      const address = allocate(acting, data.length)
      acting.perform(lpc.NtWriteVirtualMemory(address, data))
      const message = overridden(messageIn(acting, args.msg), args)
      const index = Number(args.index)
      const done = value(
        acting.perform(lpc.NtWriteRequestData(port(acting, args), message, index, address, data.length)),
      )
      return 'value' in done ? { ...told(done), returnLength: done.value } : done
    },
    NtImpersonateClientOfPort(acting: Acting, args: Fields, labels: Labels) {
      const message = overridden(messageIn(acting, args.msg), args)
      const done = value(acting.perform(lpc.NtImpersonateClientOfPort(port(acting, args), message)))
      if (!('value' in done)) return done
      const { value: token } = value(acting.perform(lpc.NtOpenThreadToken())) as { readonly value: lpc.Token } // just set
      return { ...told(done), token: { process: labels.processOf(token.process), level: levels[token.level] } }
    },
  }),
)

const levels = ['SecurityAnonymous', 'SecurityIdentification', 'SecurityImpersonation', 'SecurityDelegation']

/** Room for so many bytes; for none, too. */
const allocate = (acting: Acting, length: number): number =>
  Number((value(acting.perform(lpc.NtAllocateVirtualMemory(Math.max(1, length)))) as { readonly value: unknown }).value)

const read = (acting: Acting, address: number, length: number): unknown =>
  (value(acting.perform(lpc.NtReadVirtualMemory(address, length))) as { readonly value: unknown }).value
