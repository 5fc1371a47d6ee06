import {
  type Args,
  type Call,
  call,
  type Data,
  defineCall,
  done,
  fail,
  peek,
  reads,
  threadOf,
  writes,
} from '../../kernel/index.ts'
import { type Handle, handleGiven, isStatus } from './handles.ts'
import { asData, captured, messageIn, type Outgoing } from './message.ts'
import { LINKS, portAt } from './port.ts'
import { ntError } from './status.ts'
import { lpcThread, stateIfAny, threadByClientId, waiterFor } from './thread.ts'
import { clientToken, type Token } from './token.ts'

/** Acting for a client: only for one that is blocked in a request, never for the sender of a datagram. */

interface ImpersonateArgs extends Args {
  readonly port: Handle
  readonly message: Data
}

const impersonateDef = defineCall<ImpersonateArgs, void>({
  name: 'NtImpersonateClientOfPort',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, args) {
        const message = messageIn(args.message)
        if (message === null) return fail(kernel, 'STATUS_ACCESS_VIOLATION')
        const port = portAt(kernel, thread, args.port)
        if (isStatus(port)) return fail(kernel, port)
        const { type, connectedPort } = reads(kernel, port, LINKS)
        if (type !== 'communication') return fail(kernel, 'STATUS_INVALID_PORT_HANDLE')
        const client = threadByClientId(kernel, message.clientId)
        if (client === null) return fail(kernel, 'STATUS_INVALID_CID')
        const clientPort = connectedPort === null ? null : peek(kernel, connectedPort)
        if (clientPort === null || clientPort.qos === null) return fail(kernel, 'STATUS_PORT_DISCONNECTED')
        const waiter = waiterFor(kernel, client, message.messageId, port)
        if (waiter === null) return fail(kernel, 'STATUS_REPLY_MESSAGE_MISMATCH')
        const { token, qos } = clientPort
        const current = () => clientToken(kernel, threadOf(kernel, client), reads(kernel, waiter).token, qos)
        writes(kernel, lpcThread(kernel, thread)).token = { ...(token ?? current()) }
        return done(kernel)
      },
    },
  ],
})

/**
 * The calling thread acts for the client that waits for the reply to this message, on the terms of its connection.
 * @param PortHandle the server's communication port
 * @throws NtError STATUS_INVALID_HANDLE, _OBJECT_TYPE_MISMATCH, STATUS_INVALID_PORT_HANDLE (no communication port),
 *   STATUS_INVALID_CID, STATUS_PORT_DISCONNECTED, STATUS_REPLY_MESSAGE_MISMATCH (the client does not wait for that)
 */
export const NtImpersonateClientOfPort = (PortHandle: Handle, ClientMessage: Outgoing): Call<void> =>
  call(impersonateDef, { port: handleGiven(PortHandle), message: asData(captured(ClientMessage)) })

const openTokenDef = defineCall<Record<string, never>, Token>({
  name: 'NtOpenThreadToken',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread) {
        const state = stateIfAny(kernel, thread.id)
        const token = state === null ? null : reads(kernel, state).token
        return token === null ? fail(kernel, 'STATUS_NO_TOKEN') : done(kernel, { ...token })
      },
    },
  ],
})

/** Whom the calling thread impersonates: the token itself, where NT gives a handle on it. @throws NtError STATUS_NO_TOKEN */
export const NtOpenThreadToken = (): Call<Token> => call(openTokenDef, {})

const revertDef = defineCall<Record<string, never>, void>({
  name: 'RevertToSelf',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread) {
        const state = stateIfAny(kernel, thread.id)
        if (state !== null) writes(kernel, state).token = null
        return done(kernel)
      },
    },
  ],
})

/** The calling thread acts for itself again. */
export const RevertToSelf = (): Call<void> => call(revertDef, {})
