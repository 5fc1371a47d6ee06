import { expect, test } from 'vitest'
import type { Fields } from '../fields.ts'
import type { Issue } from '../posix.ts'
import { Game } from './game.ts'
import { forbidden, unpromised } from './rules.ts'
import { inCommon } from './ways-memory.ts'

/** What is not played, as it may come to one thing or the other. */

const step = (p: number, op: string, args: Fields = {}): Issue => ({ p, op, args })
const mutex = { map: 0, off: 0 }
const cond = { map: 0, off: 128 }
const make = (type: string): Issue => step(0, 'mutex_init', { ...mutex, type, robust: 0 })
const wait = (p: number): Issue => step(p, 'cond_wait', { ...cond, mutex_off: 0 })

function after(...steps: readonly Issue[]): Game {
  const game = new Game([1000, 1000, 1000])
  for (const one of [...inCommon(3), ...steps]) game.perform(one)
  return game
}

const waiting = [
  make('errorcheck'),
  step(0, 'cond_init', cond),
  ...[0, 1].flatMap((p) => [step(p, 'mutex_lock', mutex), wait(p)]),
]

test.each<[why: string, before: readonly Issue[], no: Issue, yes: Issue | null]>([
  ['a mutex that there is not', [], step(0, 'mutex_lock', mutex), make('normal')],
  ['a second one in its place', [make('normal')], make('normal'), step(0, 'mutex_lock', mutex)],
  [
    "another's normal mutex",
    [make('normal'), step(0, 'mutex_lock', mutex)],
    step(1, 'mutex_unlock', mutex),
    step(0, 'mutex_unlock', mutex),
  ],
  ['who of several has the mutex first', waiting, step(2, 'cond_broadcast', cond), step(2, 'cond_signal', cond)],
  [
    'a condition on which somebody died',
    [...waiting, step(2, 'kill', { to: 0, sig: 'SIGKILL' })],
    step(2, 'cond_signal', cond),
    step(2, 'mutex_lock', mutex),
  ],
  ['who waits', waiting, step(0, 'exit', { code: 0 }), step(2, 'exit', { code: 0 })],
  [
    'a socket within itself',
    [step(0, 'socketpair', { type: 'SOCK_STREAM' })],
    step(0, 'sendfd', { fd: 4, which: 5, data: 'A' }),
    step(0, 'sendfd', { fd: 4, which: 3, data: 'A' }),
  ],
  ['nobody', [], step(0, 'kill', { to: 5, sig: 'SIGUSR1' }), step(0, 'kill', { to: 1, sig: 'SIGUSR1' })],
])('%s: not played', (_why, before, no, yes) => {
  const game = after(...before)
  expect(forbidden(game, no)).not.toBeNull()
  if (yes !== null) expect(forbidden(game, yes)).toBeNull()
})

test('two in recv on a stream socket, two in msgsnd: from there on nothing is promised', () => {
  const queue = step(0, 'msgget', { key: '1', flags: 'IPC_CREAT|0600' })
  const send = (p: number): Issue => step(p, 'msgsnd', { id: 0, type: 1, data: 'A*8192', flags: '0' })
  expect(unpromised(after(queue, send(0), send(0), send(0)))).toBeNull()
  expect(unpromised(after(queue, send(0), send(0), send(0), send(1)))).toBe('of several in msgsnd any may be first')

  const pair = step(0, 'socketpair', { type: 'SOCK_STREAM' })
  const receive = (p: number): Issue => step(p, 'recv', { fd: 4, len: 1, flags: '0' })
  const fork = step(0, 'fork', { child: 3 })
  expect(unpromised(after(pair, fork, receive(0)))).toBeNull()
  expect(unpromised(after(pair, fork, receive(0), receive(3)))).toMatch(/^of several in recv/)
  const packets = step(0, 'socketpair', { type: 'SOCK_SEQPACKET' })
  expect(unpromised(after(packets, fork, receive(0), receive(3)))).toBeNull()
})
