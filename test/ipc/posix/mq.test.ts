import { forkByHand, kill, sigactionByHand } from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { expect, test } from 'vitest'
import { Hand } from './by-hand.ts'

/** What no recording shows of message queues. */

const CREATE = posix.O_CREAT | posix.O_RDWR
const SMALL = { mq_maxmsg: 1, mq_msgsize: 8 }
const SIGNAL = { sigev_notify: posix.SIGEV_SIGNAL, sigev_signo: 'SIGUSR1' } as const

/** Processes with the queue /q open as 3. */
function withQueue(...ids: string[]): Hand {
  const hand = new Hand(Object.fromEntries(ids.map((id) => [id, 1000])))
  for (const id of ids) hand.do(id, posix.mq_open('/q', CREATE, 0o600, SMALL))
  return hand
}

const pidOf = (hand: Hand, id: string): number => hand.driver.state.processes[id]?.pid ?? 0

test('a receiver that SA_RESTART sends back to wait is the last in the line; without it, it fails with EINTR', () => {
  const hand = withQueue('a', 'b', 'c')
  hand.do('a', sigactionByHand('SIGUSR2', 'handler', true))
  hand.do('b', sigactionByHand('SIGUSR1', 'handler'))
  for (const id of ['a', 'b']) expect(hand.do(id, posix.mq_receive(3, 8))).toBe('blocks')
  hand.do('c', kill(pidOf(hand, 'a'), 'SIGUSR2'))
  expect(hand.released).toEqual([])
  hand.do('c', posix.mq_send(3, 'x', 4))
  expect(hand.blocked).toEqual(['a'])
  expect(hand.do('b', posix.mq_receive(3, 8))).toBe('blocks')
  hand.do('c', kill(pidOf(hand, 'b'), 'SIGUSR1'))
  expect(hand.released).toEqual(['b: EINTR'])
})

test('timed calls give up at their time, and not before', () => {
  const hand = withQueue('a')
  const at = posix.fromNs(1e15 + 5e6)
  expect(hand.do('a', posix.mq_timedreceive(3, 8, at))).toBe('blocks')
  expect(hand.wait(4)).toEqual([])
  expect(hand.wait(1)).toEqual(['a: ETIMEDOUT'])
  expect(hand.do('a', posix.mq_timedreceive(3, 8, { tv_sec: -1, tv_nsec: 0 }))).toBe('EINVAL')
})

test('256 queues are all there may be, whoever they belong to', () => {
  const hand = new Hand({ a: 1000, b: 1001, root: 0 })
  for (let n = 0; n < 256; n++) hand.do('a', posix.mq_open(`/${n}`, CREATE, 0o600, { mq_maxmsg: 1, mq_msgsize: 1 }))
  expect(hand.do('b', posix.mq_open('/more', CREATE, 0o600, SMALL))).toBe('ENOSPC')
  expect(hand.do('root', posix.mq_open('/more', CREATE, 0o600, { mq_maxmsg: 100, mq_msgsize: 8 }))).toBe(3)
  hand.do('a', posix.mq_unlink('/7'))
  expect(hand.do('b', posix.mq_open('/other', CREATE, 0o600, SMALL))).toBe('ENOSPC') // it is open still
  hand.do('a', posix.mq_close(10))
  hand.do('root', posix.mq_close(3))
  hand.do('root', posix.mq_unlink('/more'))
  expect(hand.do('b', posix.mq_open('/other', CREATE, 0o600, SMALL))).toBe(3)
})

test('whoever closes any descriptor of a queue gives up its notification; a child’s does not count', () => {
  const hand = withQueue('a', 'b')
  hand.do('a', posix.dup(3))
  hand.do('a', posix.mq_notify(3, SIGNAL))
  const child = hand.driver.processByPid(hand.number('a', forkByHand()))?.id ?? ''
  hand.do(child, posix.mq_close(3))
  expect(hand.do('b', posix.mq_notify(3, SIGNAL))).toBe('EBUSY')
  hand.do('a', posix.mq_close(4))
  expect(hand.do('b', posix.mq_notify(3, SIGNAL))).toBeUndefined()
})

test('who is notified of its own message dies of the signal, if it has no handler', () => {
  const hand = withQueue('a')
  hand.do('a', posix.mq_notify(3, SIGNAL))
  expect(hand.do('a', posix.mq_send(3, 'x'))).toBe('killed SIGUSR1')
})

test('as a file a queue has 80 bytes, whatever is in it, and reading it tells of the queue', () => {
  const hand = withQueue('a', 'b')
  hand.do('a', posix.mq_send(3, 'abc', 0))
  expect(hand.do('a', posix.fstat(3))).toMatchObject({ type: 'reg', mode: 0o600, size: 80 })
  expect(hand.do('a', posix.ioctl(3, posix.FIONREAD))).toBe(80)
  const text = 'QSIZE:3          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n'
  expect(hand.do('a', posix.read(3, 100))).toBe(text)
  expect(hand.do('a', posix.ioctl(3, posix.FIONREAD))).toBe(20)
  expect(hand.do('a', posix.read(3, 100))).toBe('')
  expect(hand.do('a', posix.lseek(3, -70, posix.SEEK_END))).toBe(10)
  expect(hand.do('a', posix.read(3, 8))).toBe(text.slice(10, 18))
  expect(hand.do('a', posix.ftruncate(3, 20))).toBeUndefined()
  expect(hand.do('b', posix.fstat(3))).toMatchObject({ size: 20 })

  hand.do('b', posix.mq_notify(3, SIGNAL))
  const pid = String(pidOf(hand, 'b')).padEnd(6)
  expect(hand.do('b', posix.read(3, 100))).toBe(`QSIZE:3          NOTIFY:0     SIGNO:10    NOTIFY_PID:${pid}\n`)
  hand.do('b', posix.mq_notify(3, null))
  hand.do('b', posix.mq_notify(3, { sigev_notify: posix.SIGEV_NONE }))
  hand.do('b', posix.lseek(3, 0, posix.SEEK_SET))
  expect(hand.do('b', posix.read(3, 100))).toBe(`QSIZE:3          NOTIFY:1     SIGNO:0     NOTIFY_PID:${pid}\n`)
})
