import { exit, peekWord, thread_exit } from 'ipclab/kernel'
import * as lpc from 'ipclab/lpc'
import { expect, test } from 'vitest'
import { Hand } from './by-hand.ts'

/** Rules of test/oracles/lpc/README.md that the recordings there do not show, or show together with others. */

const pair = () => new Hand({ s: 0, c: 1 })

/** A server with a connected client. */
function connected(options: lpc.ConnectOptions = {}, maxMessage = 256) {
  const hand = pair()
  const port = hand.get('s', lpc.NtCreatePort('\\P', 100, maxMessage))
  return { hand, port, ...hand.connect('s', port, 'c', '\\P', options) }
}

/** The same, and the client has asked; the server has received that. */
function asked(message: lpc.Outgoing = 'question', options: lpc.ConnectOptions = {}) {
  const it = connected(options)
  expect(it.hand.do('c', lpc.NtRequestWaitReplyPort(it.connection.port, message))).toBe('blocks')
  return { ...it, ...it.hand.get('s', lpc.NtReplyWaitReceivePort(it.port)) }
}

test.each([
  ['P', 'STATUS_OBJECT_PATH_SYNTAX_BAD', 'STATUS_OBJECT_PATH_SYNTAX_BAD'],
  ['\\a\\\\b', 'STATUS_OBJECT_NAME_INVALID', 'STATUS_OBJECT_NAME_INVALID'],
  ['\\P\\', 'STATUS_OBJECT_NAME_INVALID', 'STATUS_OBJECT_NAME_INVALID'],
  ['\\None\\P', 'STATUS_OBJECT_PATH_NOT_FOUND', 'STATUS_OBJECT_PATH_NOT_FOUND'],
  ['\\Q\\P', 'STATUS_OBJECT_PATH_NOT_FOUND', 'STATUS_OBJECT_PATH_NOT_FOUND'],
  ['\\', 'STATUS_OBJECT_NAME_COLLISION', 'STATUS_OBJECT_TYPE_MISMATCH'],
  ['\\Windows', 'STATUS_OBJECT_NAME_COLLISION', 'STATUS_OBJECT_TYPE_MISMATCH'],
  ['\\Dir', 'STATUS_OBJECT_NAME_COLLISION', 'STATUS_OBJECT_TYPE_MISMATCH'],
  ['\\Q', 'STATUS_OBJECT_NAME_COLLISION', 'blocks'],
])('the name %s: to create %s, to connect %s', (name, created, connects) => {
  const hand = pair()
  hand.get('s', lpc.NtCreatePort('\\Q'))
  hand.get('s', lpc.NtCreateDirectoryObject('\\Dir'))
  expect(hand.do('s', lpc.NtCreatePort(name))).toBe(created)
  expect(hand.do('c', lpc.NtConnectPort(name))).toBe(connects)
})

test('ports in directories; a directory is gone with its last handle, and what is in it is not found any more', () => {
  const hand = pair()
  const directory = hand.get('s', lpc.NtCreateDirectoryObject('\\Dir'))
  hand.get('s', lpc.NtCreatePort('\\Dir\\P'))
  hand.get('s', lpc.NtCreatePort('\\RPC Control\\P'))
  expect(hand.do('c', lpc.NtConnectPort('\\Dir\\p'))).toBe('STATUS_OBJECT_NAME_NOT_FOUND')
  hand.do('s', lpc.NtClose(directory))
  expect(hand.do('c', lpc.NtConnectPort('\\Dir\\P'))).toBe('STATUS_OBJECT_PATH_NOT_FOUND')
  expect(hand.do('c', lpc.NtConnectPort('\\RPC Control\\P'))).toBe('blocks')
})

test.each([
  [{ attributes: 0 }, 260, 328, 4],
  [{ attributes: 0x40 }, 0, 0, 4],
  [{ attributes: 0x10 }, 261, 329, 'STATUS_INVALID_PARAMETER'],
  [{ name: 'bad' }, 261, 329, 'STATUS_INVALID_PARAMETER_3'],
  [{ name: 'bad' }, 260, 329, 'STATUS_INVALID_PARAMETER_4'],
  [{ name: 'bad' }, 260, 328, 'STATUS_OBJECT_PATH_SYNTAX_BAD'],
  [{ name: '\\P' }, -1, 0, 'STATUS_INVALID_PARAMETER_3'],
])('creating %j with %d and %d: %s', (attributes, connect, message, status) => {
  expect(pair().do('s', lpc.NtCreatePort(attributes, connect, message))).toBe(status)
})

test('handles are the lowest free multiples of four, and nobody else has them', () => {
  const hand = pair()
  const three = [1, 2, 3].map(() => hand.get('s', lpc.NtCreateSection(1)))
  expect(three).toEqual([4, 8, 12])
  hand.do('s', lpc.NtClose(4))
  hand.do('s', lpc.NtClose(8))
  expect(hand.do('s', lpc.NtClose(8))).toBe('STATUS_INVALID_HANDLE')
  expect(hand.do('c', lpc.NtClose(12))).toBe('STATUS_INVALID_HANDLE')
  expect(hand.get('s', lpc.NtCreateSection(1))).toBe(4)
  expect(hand.get('s', lpc.DuplicateHandle(12, hand.pid('c')))).toBe(4)
  expect(hand.count('nt section')).toBe(2)
  hand.do('s', exit())
  expect(hand.count('nt section')).toBe(1)
  expect(hand.do('c', lpc.DuplicateHandle(4, hand.pid('s')))).toBe('STATUS_PROCESS_IS_TERMINATING')
  expect(hand.do('c', lpc.DuplicateHandle(8, hand.pid('s')))).toBe('STATUS_INVALID_HANDLE')
})

test('on an unconnected port what is sent comes back to it, requests too', () => {
  const hand = new Hand({ s: 0, c: 1, d: 2 })
  const port = hand.get('s', lpc.NtCreatePort(null))
  const other = hand.get('s', lpc.DuplicateHandle(port, hand.pid('c')))
  expect(hand.do('s', lpc.NtRequestWaitReplyPort(port, 'me'))).toBe('blocks')
  const { message, context } = hand.get('c', lpc.NtReplyWaitReceivePort(other))
  expect([message.data, context]).toEqual(['me', null])
  expect(hand.do('c', lpc.NtReplyPort(other, lpc.replyTo(message, 'you')))).toBe('ok')
  expect(hand.released).toEqual(['s: [object Object]'])
  expect(hand.do('c', lpc.NtCompleteConnectPort(other))).toBe('STATUS_INVALID_PORT_HANDLE')
})

test('the handle comes after the header, the length after the handle, and then whether anybody is there', () => {
  const { hand, connection, accepted } = connected()
  hand.do('s', lpc.NtClose(accepted.port))
  const send = (port: number, message: lpc.Outgoing) => [
    hand.do('c', lpc.NtRequestPort(port, message)),
    hand.do('c', lpc.NtRequestWaitReplyPort(port, message)),
  ]
  const twice = (status: string) => [status, status]
  expect(send(0, { data: 'abcd', totalLength: 27 })).toEqual(twice('STATUS_INVALID_PARAMETER'))
  expect(send(0, { data: 'x'.repeat(300) })).toEqual(twice('STATUS_INVALID_HANDLE'))
  expect(send(connection.port, { data: 'x'.repeat(300) })).toEqual(twice('STATUS_PORT_MESSAGE_TOO_LONG'))
  expect(send(connection.port, { data: '', totalLength: -1 })).toEqual(twice('STATUS_PORT_MESSAGE_TOO_LONG'))
  expect(send(connection.port, { data: '', dataLength: -1 })).toEqual(twice('STATUS_INVALID_PARAMETER'))
  expect(send(connection.port, 'x')).toEqual(twice('STATUS_PORT_DISCONNECTED'))
  expect(send(connection.port, { data: 'x'.repeat(100_000) })).toEqual(twice('STATUS_PORT_MESSAGE_TOO_LONG'))
})

test('what is no message at all is an access violation', () => {
  const { hand, port, accepted } = connected()
  const nothing = null as unknown as lpc.Outgoing
  const greek = 'λ' // no byte
  for (const call of [
    lpc.NtRequestPort(port, nothing),
    lpc.NtRequestWaitReplyPort(port, greek),
    lpc.NtReplyPort(port, greek),
    lpc.NtReplyWaitReceivePort(port, greek),
    lpc.NtReplyWaitReplyPort(port, nothing),
    lpc.NtAcceptConnectPort(null, nothing, true),
    lpc.NtImpersonateClientOfPort(accepted.port, nothing),
    lpc.NtReadRequestData(port, nothing, 0, 0, 0),
  ])
    expect(hand.do<unknown>('s', call)).toBe('STATUS_ACCESS_VIOLATION')
})

test('a port that allows no 32 bytes is never told of its clients', () => {
  for (const [maxMessage, expected] of [
    [31, lpc.STATUS_TIMEOUT],
    [32, lpc.LPC_CLIENT_DIED],
  ] as const) {
    const { hand, port, connection } = connected({}, maxMessage)
    hand.do('c', lpc.NtRegisterThreadTerminatePort(connection.port))
    hand.do('c', thread_exit())
    const came = hand.do('s', lpc.NtReplyWaitReceivePortEx(port, null, 0))
    expect(typeof came === 'string' ? came : came.message.type).toBe(expected)
  }
})

test('a thread tells the ports that it has registered, newest first, and before its handles are closed', () => {
  const hand = pair()
  const port = hand.get('s', lpc.NtCreatePort('\\P'))
  const ends = ['one', 'two'].map((context) => {
    hand.do('c', lpc.NtConnectPort('\\P'))
    const { port: end } = hand.get('s', lpc.NtAcceptConnectPort(context, hand.get('s', lpc.NtListenPort(port)), true))
    hand.do('s', lpc.NtCompleteConnectPort(end))
    return end
  })
  for (const handle of [4, 8]) hand.do('c', lpc.NtRegisterThreadTerminatePort(handle))
  hand.do('c', lpc.NtClose(4))
  hand.do('c', thread_exit())
  const came = [1, 2, 3, 4].map(() => {
    const { message, context } = hand.get('s', lpc.NtReplyWaitReceivePort(port))
    return [message.type, context]
  })
  // The first connection is kept by the registration alone, the second also by its handle.
  expect(came).toEqual([
    [lpc.LPC_CLIENT_DIED, 'two'],
    [lpc.LPC_CLIENT_DIED, 'one'],
    [lpc.LPC_PORT_CLOSED, 'one'],
    [lpc.LPC_PORT_CLOSED, 'two'],
  ])
  for (const end of ends) expect(hand.do('s', lpc.NtRequestPort(end, 'x'))).toBe('STATUS_PORT_DISCONNECTED')
})

test('a client thread that died between accept and complete is still somebody: a mismatch, and completing is no error', () => {
  const hand = pair()
  const port = hand.get('s', lpc.NtCreatePort('\\P'))
  hand.do('c', lpc.NtConnectPort('\\P'))
  const request = hand.get('s', lpc.NtListenPort(port))
  const { port: end } = hand.get('s', lpc.NtAcceptConnectPort(null, request, true))
  hand.do('s', lpc.NtTerminateProcess(hand.pid('c')))
  expect(hand.do('s', lpc.NtAcceptConnectPort(null, request, true))).toBe('STATUS_REPLY_MESSAGE_MISMATCH')
  expect(hand.do('s', lpc.NtCompleteConnectPort(end))).toBe('ok')
  expect(hand.do('s', lpc.NtCompleteConnectPort(end))).toBe('ok')
  hand.do('s', lpc.NtClose(end))
  expect(hand.do('s', lpc.NtAcceptConnectPort(null, request, true))).toBe('STATUS_INVALID_CID')
  expect(hand.count('lpc thread')).toBe(0)
})

test('closing the communication port before it is completed leaves the client waiting until the connection port goes', () => {
  const hand = pair()
  const port = hand.get('s', lpc.NtCreatePort('\\P'))
  hand.do('c', lpc.NtConnectPort('\\P'))
  const { port: end } = hand.get('s', lpc.NtAcceptConnectPort(null, hand.get('s', lpc.NtListenPort(port)), true))
  hand.do('s', lpc.NtClose(end))
  expect(hand.released).toEqual([])
  hand.do('s', lpc.NtClose(port))
  expect(hand.released).toEqual(['c: STATUS_PORT_CONNECTION_REFUSED'])
  expect(hand.count('lpc port')).toBe(0)
})

test('an old communication port completes no later connection of the same thread', () => {
  const hand = pair()
  const first = hand.get('s', lpc.NtCreatePort('\\P'))
  const second = hand.get('s', lpc.NtCreatePort('\\Q'))
  hand.do('c', lpc.NtConnectPort('\\P'))
  const { port: old } = hand.get('s', lpc.NtAcceptConnectPort(null, hand.get('s', lpc.NtListenPort(first)), true))
  hand.do('s', lpc.NtClose(first))
  expect(hand.released).toEqual(['c: STATUS_PORT_CONNECTION_REFUSED'])
  hand.do('c', lpc.NtConnectPort('\\Q'))
  hand.get('s', lpc.NtAcceptConnectPort(null, hand.get('s', lpc.NtListenPort(second)), true))
  expect(hand.do('s', lpc.NtCompleteConnectPort(old))).toBe('ok')
  expect(hand.released).toEqual([])
})

test.each<[view: Partial<lpc.PortView>, expected: number | string]>([
  [{ offset: 4096, size: 0 }, 4096],
  [{ size: 100 }, 4096],
  [{ size: 0 }, 8192],
  [{ offset: 4096, size: 8192 }, 'STATUS_INVALID_VIEW_SIZE'],
  [{ offset: 8192, size: 0 }, 'STATUS_INVALID_VIEW_SIZE'],
  [{ offset: 100 }, 'STATUS_MAPPED_ALIGNMENT'],
  [{ length: 20 }, 'STATUS_INVALID_PARAMETER'],
])('of a section of 8,000 bytes the view %j has %s', (view, expected) => {
  const hand = pair()
  const port = hand.get('s', lpc.NtCreatePort('\\P'))
  const section = hand.get('c', lpc.NtCreateSection(8000))
  const clientView = { section, ...view }
  if (typeof expected === 'string') {
    expect(hand.do('c', lpc.NtConnectPort('\\P', { clientView }))).toBe(expected)
    expect([hand.count('lpc port'), hand.driver.state.processes.c?.mappings]).toEqual([1, []])
    return
  }
  const { connection, accepted, request } = hand.connect('s', port, 'c', '\\P', { clientView })
  expect(connection.clientView).toMatchObject({
    size: expected,
    offset: view.offset ?? 0,
    remoteBase: accepted.clientView?.base,
  })
  expect(request.clientViewSize).toBe(expected)
  hand.do('c', lpc.NtClose(section)) // the views keep it
  hand.do('c', lpc.NtWriteVirtualMemory(connection.clientView?.base ?? 0, 'bulk'))
  expect(hand.do('s', lpc.NtReadVirtualMemory(accepted.clientView?.base ?? 0, 4))).toBe('bulk')
  hand.do('c', lpc.NtClose(connection.port))
  hand.do('s', lpc.NtClose(accepted.port))
  expect(hand.driver.state.processes).toMatchObject({ c: { mappings: [] }, s: { mappings: [] } })
  expect(hand.count('memory')).toBe(0)
})

test("a server's section is seen by both; asked for, and not given, it is of size 0", () => {
  const hand = pair()
  const port = hand.get('s', lpc.NtCreatePort('\\P'))
  const section = hand.get('s', lpc.NtCreateSection(4096))
  for (const size of [4096, 0]) {
    hand.do('c', lpc.NtConnectPort('\\P', { serverView: true }))
    const request = hand.get('s', lpc.NtListenPort(port))
    const own = size === 0 ? {} : { serverView: { section } }
    const accepted = hand.get('s', lpc.NtAcceptConnectPort(null, request, true, own))
    const { completed } = hand.driver.perform('s', lpc.NtCompleteConnectPort(accepted.port))
    const { serverView } = hand.result<lpc.Connection>('c', completed)
    expect(serverView).toEqual({ size, base: accepted.serverView?.remoteBase ?? 0 })
    if (size === 0) continue
    hand.do('s', lpc.NtWriteVirtualMemory(accepted.serverView?.base ?? 0, '\x01'))
    expect(peekWord(hand.driver.machine.kernel, 'c', serverView?.base ?? 0)).toBe(1)
  }
})

test('data info: read and written while the sender waits, kept by the connection port until the reply', () => {
  const hand = pair()
  const port = hand.get('s', lpc.NtCreatePort('\\P'))
  const { connection, accepted } = hand.connect('s', port, 'c', '\\P')
  const theirs = hand.get('c', lpc.NtAllocateVirtualMemory(16))
  const ours = hand.get('s', lpc.NtAllocateVirtualMemory(16))
  hand.do('c', lpc.NtWriteVirtualMemory(theirs, 'in and out'))
  const dataInfo = [
    { address: theirs, length: 2 },
    { address: theirs + 7, length: 3 },
    { address: 0x10, length: 4 },
  ]
  hand.do('c', lpc.NtRequestWaitReplyPort(connection.port, { data: 'see', dataInfo }))
  const { message } = hand.get('s', lpc.NtReplyWaitReceivePort(port))
  expect([message.dataInfoOffset, message.dataLength, lpc.dataInfoOf(message)]).toEqual([28, 4 + 4 + 24, dataInfo])
  for (const by of [port, accepted.port]) expect(hand.do('s', lpc.NtReadRequestData(by, message, 0, ours, 2))).toBe(2)
  expect(hand.do('s', lpc.NtReadVirtualMemory(ours, 2))).toBe('in')
  expect(hand.do('s', lpc.NtReadRequestData(port, message, 0, ours, 3))).toBe('STATUS_INVALID_PARAMETER')
  expect(hand.do('s', lpc.NtReadRequestData(port, message, 3, ours, 0))).toBe('STATUS_INVALID_PARAMETER')
  expect(hand.do('s', lpc.NtReadRequestData(port, message, 2, ours, 4))).toBe('STATUS_ACCESS_VIOLATION')
  expect(hand.do('s', lpc.NtReadRequestData(port, message, 1, 0x10, 3))).toBe('STATUS_ACCESS_VIOLATION')
  hand.do('s', lpc.NtWriteVirtualMemory(ours, 'IN!'))
  expect(hand.do('s', lpc.NtWriteRequestData(port, message, 1, ours, 3))).toBe(3)
  const { completed } = hand.driver.perform('s', lpc.NtReplyPort(port, lpc.replyTo(message)))
  expect(hand.result<lpc.PortMessage>('c', completed).dataInfoOffset).toBe(0)
  for (const object of Object.values(hand.driver.state.objects)) expect(object).not.toMatchObject({ dataInfo: [{}] })
  expect(hand.do('s', lpc.NtReadRequestData(port, message, 0, ours, 2))).toBe('STATUS_REPLY_MESSAGE_MISMATCH')
  expect(hand.do('c', lpc.NtReadVirtualMemory(theirs, 10))).toBe('in and IN!')
})

test.each([
  [{ dataInfoOffset: 23 }, 'STATUS_INVALID_PARAMETER'],
  [{ dataInfoOffset: -8 }, 'STATUS_INVALID_PARAMETER'],
  [{ dataInfoOffset: 45 }, 'STATUS_INVALID_PARAMETER'],
  [{ data: lpc.dataInfoBlock([{ address: 0, length: 0 }], 2).padEnd(16, '\0') }, 'STATUS_INVALID_PARAMETER'],
  [{ data: lpc.dataInfoBlock([{ address: 0, length: 0 }], 1).padEnd(16, '\0') }, 'blocks'],
])('data info that says %j: %s', (message, status) => {
  const { hand, connection } = connected()
  const given = { data: '\0'.repeat(16), dataInfoOffset: 24, ...message }
  expect(hand.do('c', lpc.NtRequestWaitReplyPort(connection.port, given))).toBe(status)
})

test('tracking: static is whom the client was when it connected, dynamic whom it is now', () => {
  for (const dynamic of [false, true]) {
    const { hand, accepted, message } = asked('q', { securityQos: { level: lpc.SecurityIdentification, dynamic } })
    const process = hand.driver.state.processes.c
    if (process !== undefined) process.uid = 7
    expect(hand.do('s', lpc.NtOpenThreadToken())).toBe('STATUS_NO_TOKEN')
    expect(hand.do('s', lpc.NtImpersonateClientOfPort(accepted.port, message))).toBe('ok')
    const token = { process: hand.pid('c'), sid: dynamic ? 'S-1-5-21-7' : 'S-1-5-21-1', level: 1, effectiveOnly: false }
    expect(hand.do('s', lpc.NtOpenThreadToken())).toEqual(token)
    hand.do('s', lpc.RevertToSelf())
    expect(hand.do('s', lpc.NtOpenThreadToken())).toBe('STATUS_NO_TOKEN')
  }
})

test('impersonation asks for the communication port, then for the client, then for what it waits for', () => {
  const { hand, port, connection, accepted, message } = asked()
  const by = (handle: number, given: lpc.Outgoing) => hand.do('s', lpc.NtImpersonateClientOfPort(handle, given))
  expect(by(0, message)).toBe('STATUS_INVALID_HANDLE')
  expect(by(port, message)).toBe('STATUS_INVALID_PORT_HANDLE')
  expect(by(accepted.port, { ...message, clientId: { process: 99, thread: 99 } })).toBe('STATUS_INVALID_CID')
  expect(by(accepted.port, { ...message, messageId: 0 })).toBe('STATUS_REPLY_MESSAGE_MISMATCH')
  hand.do('s', lpc.NtReplyPort(port, lpc.replyTo(message)))
  hand.do('c', lpc.NtClose(connection.port))
  expect(by(accepted.port, message)).toBe('STATUS_PORT_DISCONNECTED')
})

test('who impersonates and connects is, to its server, whom it impersonates', () => {
  const { hand, accepted, message } = asked()
  hand.driver.process({ id: 'd', uid: 9 })
  const port = hand.get('d', lpc.NtCreatePort('\\Further'))
  hand.do('s', lpc.NtImpersonateClientOfPort(accepted.port, message))
  const further = hand.connect('d', port, 's', '\\Further')
  hand.do('s', lpc.NtRequestWaitReplyPort(further.connection.port, 'q'))
  const asking = hand.get('d', lpc.NtReplyWaitReceivePort(port)).message
  hand.do('d', lpc.NtImpersonateClientOfPort(further.accepted.port, asking))
  expect(hand.do('d', lpc.NtOpenThreadToken())).toMatchObject({ process: hand.pid('c'), sid: 'S-1-5-21-1' })
})

test('secure connections: the SID is that of the process that made the port', () => {
  const hand = pair()
  hand.get('s', lpc.NtCreatePort('\\P'))
  expect(hand.do('c', lpc.NtSecureConnectPort('\\P', 'S-1-5-21-1'))).toBe('STATUS_SERVER_SID_MISMATCH')
  expect(hand.do('c', lpc.NtSecureConnectPort('\\Q', 'S-1-5-18'))).toBe('STATUS_OBJECT_NAME_NOT_FOUND')
  expect(hand.do('c', lpc.NtSecureConnectPort('\\P', 'S-1-5-18'))).toBe('blocks')
})

test('connect info: 260 bytes go there, and no more than the client offered comes back', () => {
  const hand = pair()
  const port = hand.get('s', lpc.NtCreatePort('\\P', 4))
  for (const [offered, sent, back] of [
    [300, 300, 260],
    [300, 5, 5],
    [2, 5, 2],
  ] as const) {
    hand.do('c', lpc.NtConnectPort('\\P', { info: 'i'.repeat(offered) }))
    const request = hand.get('s', lpc.NtListenPort(port))
    expect(request.dataLength).toBe(Math.min(offered, 260))
    const answer = lpc.replyTo(request, 'a'.repeat(sent))
    const { completed } = hand.driver.perform('s', lpc.NtAcceptConnectPort(null, answer, false))
    const [one] = completed
    expect(one?.outcome).toMatchObject({ error: { detail: { info: 'a'.repeat(back) } } })
  }
})

test('timeouts: so long, until then, not at all', () => {
  const hand = new Hand({ s: 0, c: 1 })
  const port = hand.get('s', lpc.NtCreateWaitablePort('\\P'))
  expect(hand.do('s', lpc.NtWaitForSingleObject(port, false, 0))).toBe(lpc.STATUS_TIMEOUT)
  expect(hand.do('s', lpc.NtWaitForSingleObject(port, false, lpc.milliseconds(5)))).toBe('blocks')
  expect([...hand.wait(4), ...hand.wait(1)]).toEqual(['s: STATUS_TIMEOUT'])
  expect(hand.do('s', lpc.NtReplyWaitReceivePortEx(port, null, 80_000))).toBe('blocks') // at 8 ms
  expect([...hand.wait(2), 'now', ...hand.wait(1)]).toEqual(['now', 's: STATUS_TIMEOUT'])
  expect(hand.do('s', lpc.NtReplyWaitReceivePortEx(port, null, 10))).toBe(lpc.STATUS_TIMEOUT) // long past
  expect(hand.do('s', lpc.NtWaitForSingleObject(hand.get('s', lpc.NtCreateSection(1))))).toBe(lpc.STATUS_SUCCESS)
})

test('the event of a waitable port lets all go who wait, and is cleared by who leaves the queue empty or finds it so', () => {
  const hand = new Hand({ s: 0, c: 1, d: 2 })
  const port = hand.get('s', lpc.NtCreateWaitablePort('\\P'))
  const other = hand.get('s', lpc.DuplicateHandle(port, hand.pid('d')))
  for (const [id, handle] of [
    ['s', port],
    ['d', other],
  ] as const)
    expect(hand.do(id, lpc.NtWaitForSingleObject(handle))).toBe('blocks')
  hand.do('c', lpc.NtConnectPort('\\P'))
  expect(hand.released).toEqual(['s: STATUS_SUCCESS', 'd: STATUS_SUCCESS'])
  hand.do('s', lpc.NtTerminateProcess(hand.pid('c')))
  expect(hand.do('s', lpc.NtWaitForSingleObject(port, false, 0))).toBe(lpc.STATUS_SUCCESS) // though nothing is there
  expect(hand.do('s', lpc.NtReplyWaitReceivePort(port))).toBe('STATUS_UNSUCCESSFUL')
  expect(hand.do('s', lpc.NtWaitForSingleObject(port, false, 0))).toBe(lpc.STATUS_TIMEOUT)
})
