import { kill, sigaction, sigactionByHand } from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { describe, expect, test } from 'vitest'
import { Hand } from './by-hand.ts'

/** What goes through descriptors, where no recording shows it. */

const { AF_UNIX, MSG_DONTWAIT, O_DIRECT, O_NONBLOCK, POLLHUP, POLLIN, POLLNVAL, POLLOUT, SOCK_DGRAM, SOCK_STREAM } =
  posix

describe.each(['fifo', 'any'] as const)(
  'another thread closes the descriptor of a call that waits (%s)',
  (wakeOrder) => {
    function threads(): Hand {
      const hand = new Hand({ a: 1000 }, { wakeOrder })
      hand.driver.thread('a', 'a2')
      return hand
    }

    test('a read goes on, and the pipe has a reader until it is over', () => {
      const hand = threads()
      hand.do('a', posix.pipe())
      hand.do('a', sigaction('SIGPIPE', 'ignore'))
      expect(hand.do('a2', posix.read(3, 10))).toBe('blocks')
      expect(hand.do('a', posix.close(3))).toBeUndefined()
      expect(hand.do('a', posix.write(4, 'x'))).toBe(1)
      expect(hand.released).toEqual(['a2: x'])
      expect(hand.do('a', posix.write(4, 'y'))).toBe('EPIPE')
    })

    test('a write that has begun goes on, and the pipe has a writer until it is over', () => {
      const hand = threads()
      hand.do('a', posix.pipe())
      expect(hand.do('a2', posix.write(4, 'x'.repeat(70_000)))).toBe('blocks')
      expect(hand.do('a', posix.close(4))).toBeUndefined()
      expect(String(hand.do('a', posix.read(3, 65_536))).length).toBe(65_536)
      expect(hand.released).toEqual(['a2: 70000'])
      expect(String(hand.do('a', posix.read(3, 65_536))).length).toBe(70_000 - 65_536)
      expect(hand.do('a', posix.read(3, 1))).toBe('')
    })

    test('an accept goes on, and then nobody listens any more', () => {
      const hand = threads()
      hand.driver.process({ id: 'b' })
      hand.do('a', posix.socket(AF_UNIX, SOCK_STREAM))
      hand.do('a', posix.bind(3, 'u'))
      hand.do('a', posix.listen(3, 1))
      expect(hand.do('a2', posix.accept(3))).toBe('blocks')
      hand.do('a', posix.close(3))
      hand.do('b', posix.socket(AF_UNIX, SOCK_STREAM))
      expect(hand.do('b', posix.connect(3, 'u'))).toBeUndefined()
      expect(hand.released).toEqual(['a2: 3'])
      hand.do('b', posix.socket(AF_UNIX, SOCK_STREAM))
      expect(hand.do('b', posix.connect(4, 'u'))).toBe('ECONNREFUSED')
    })
  },
)

test('a write that waits goes on as far as there is room', () => {
  const hand = new Hand({ a: 1000 })
  hand.driver.thread('a', 'a2')
  hand.do('a', posix.pipe())
  hand.do('a', posix.write(4, 'x'.repeat(65_536)))
  expect(hand.do('a2', posix.write(4, 'y'.repeat(100_000)))).toBe('blocks')
  hand.do('a', posix.read(3, 65_536))
  expect(hand.do('a', posix.ioctl(3, posix.FIONREAD))).toBe(65_536)
})

test('packets: each write is read by itself, and what is not asked for of it is lost', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', posix.pipe(O_DIRECT | O_NONBLOCK))
  hand.do('a', posix.write(4, 'abc'))
  hand.do('a', posix.write(4, 'de'))
  expect(hand.do('a', posix.read(3, 2))).toBe('ab')
  expect(hand.do('a', posix.read(3, 9))).toBe('de')
  expect(hand.do('a', posix.read(3, 9))).toBe('EAGAIN')
})

// Counted on a Linux 6.18 with net.core.wmem_default 212992: messages of a size until EAGAIN.
test.each([
  [SOCK_STREAM, 1, 278, 278],
  [SOCK_STREAM, 705, 93, 65_565],
  [SOCK_STREAM, 4000, 44, 176_000],
  [SOCK_STREAM, 8000, 24, 192_000],
  [SOCK_STREAM, 20_000, 11, 220_000],
  [SOCK_STREAM, 40_000, 6, 236_544],
  [SOCK_STREAM, 200_000, 2, 236_544],
  [SOCK_DGRAM, 1, 278, 278],
  [SOCK_DGRAM, 1728, 93, 160_704],
  [SOCK_DGRAM, 4000, 26, 104_000],
  [SOCK_DGRAM, 20_000, 11, 220_000],
  [SOCK_DGRAM, 100_000, 3, 300_000],
])('a socket of type %i takes messages of %i bytes %i times', (type, bytes, times, total) => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', posix.socketpair(AF_UNIX, type))
  let count = 0
  let sum = 0
  for (;;) {
    const sent = hand.do('a', posix.send(3, 'x'.repeat(bytes), MSG_DONTWAIT))
    if (typeof sent !== 'number') break
    count += 1
    sum += sent
  }
  expect([count, sum]).toEqual([times, total])
})

test('poll waits for any, for so long, and a handler ends it also with SA_RESTART', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('a', posix.pipe())
  hand.do('a', posix.pipe())
  const both = [
    { fd: 3, events: POLLIN },
    { fd: 5, events: POLLIN },
    { fd: -1, events: POLLIN },
  ]
  hand.driver.thread('a', 'a2')
  expect(hand.do('a2', posix.poll(both))).toBe('blocks')
  hand.do('a', posix.write(6, 'x'))
  expect(hand.released).toEqual(['a2: 0,1,0'])
  hand.do('a', posix.read(5, 1))
  expect(hand.do('a2', posix.poll(both, 20))).toBe('blocks')
  expect(hand.wait(19)).toEqual([])
  expect(hand.wait(1)).toEqual(['a2: 0,0,0'])
  expect(
    hand.do(
      'a',
      posix.poll([
        { fd: 9, events: 0 },
        { fd: 4, events: POLLOUT },
      ]),
    ),
  ).toEqual([POLLNVAL, POLLOUT])
  hand.do('a', posix.close(4))
  expect(hand.do('a', posix.poll([{ fd: 3, events: 0 }]))).toEqual([POLLHUP])
  hand.do('b', posix.pipe())
  hand.do('b', sigactionByHand('SIGUSR2', 'handler', true))
  expect(hand.do('b', posix.poll([{ fd: 3, events: POLLIN }]))).toBe('blocks')
  hand.do('a', kill(hand.driver.state.processes.b?.pid ?? 0, 'SIGUSR2'))
  expect(hand.released).toEqual(['b: EINTR'])
})

test('descriptors on their way are closed with the socket that has them, or when there is no room for them', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', posix.socketpair(AF_UNIX, SOCK_STREAM))
  hand.do('a', posix.pipe())
  hand.do('a', posix.sendmsg(3, { data: 'x', fds: [6, 6] }))
  hand.do('a', posix.close(6))
  expect(hand.do('a', posix.recvmsg(4, 10, 0, 1))).toEqual({
    data: 'x',
    length: 1,
    from: null,
    fds: [6],
    flags: posix.MSG_CTRUNC,
  })
  hand.do('a', posix.sendmsg(3, { data: 'x', fds: [6] }))
  hand.do('a', posix.close(6))
  hand.do('a', posix.close(4))
  expect(hand.do('a', posix.read(5, 1))).toBe('')
})

test('paths lead through the directories that there are', () => {
  const hand = new Hand({ a: 1000, root: 0 })
  expect(hand.do('a', posix.mkfifo('/tmp/../tmp//./f', 0o600))).toBeUndefined()
  expect(hand.do('a', posix.open('f', posix.O_RDWR))).toBe(3)
  const refused = (path: string): unknown => hand.do('a', posix.mkfifo(path, 0o600))
  expect(['f', '', '.', '/x', '/tmp/f/x', '/no/x', 'x'.repeat(256)].map(refused)).toEqual([
    'EEXIST',
    'ENOENT',
    'EEXIST',
    'EACCES',
    'ENOTDIR',
    'ENOENT',
    'ENAMETOOLONG',
  ])
  expect(hand.do('root', posix.mkfifo('/x', 0o600))).toBeUndefined()
  expect(hand.do('a', posix.open('/tmp', posix.O_RDWR))).toBe('EISDIR')
  expect(hand.do('a', posix.bind(hand.number('a', posix.socket(AF_UNIX, SOCK_DGRAM)), 'u'))).toBeUndefined()
  expect(hand.do('a', posix.open('u', posix.O_RDWR))).toBe('ENXIO')
  expect(hand.do('a', posix.unlink('/tmp/u'))).toBeUndefined()
})

test('who has shut down receiving before connecting gets nothing: the peer is told when it sends', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('b', sigactionByHand('SIGPIPE', 'handler'))
  hand.do('b', posix.socket(AF_UNIX, SOCK_STREAM))
  hand.do('b', posix.bind(3, 'u'))
  hand.do('b', posix.listen(3, 1))
  hand.do('a', posix.socket(AF_UNIX, SOCK_STREAM))
  expect(hand.do('a', posix.shutdown(3, posix.SHUT_RD))).toBeUndefined()
  expect(hand.do('a', posix.connect(3, 'u'))).toBeUndefined()
  expect(hand.do('b', posix.accept(3))).toBe(4)
  expect(hand.do('b', posix.send(4, 'x', posix.MSG_NOSIGNAL))).toBe('EPIPE')
  expect(hand.driver.state.processes.b?.dispositions.SIGPIPE?.count).toBe(0)
  expect(hand.do('b', posix.send(4, 'x', 0))).toBe('EPIPE')
  expect(hand.driver.state.processes.b?.dispositions.SIGPIPE?.count).toBe(1)
  expect(hand.do('a', posix.recv(3, 1, 0))).toBe('')
  expect(hand.do('a', posix.send(3, 'y', 0))).toBe(1)
  expect(hand.do('b', posix.recv(4, 1, 0))).toBe('y')
})

test('who is in open(2) of a FIFO looks the name up again when SA_RESTART begins the call anew', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  const pid = hand.driver.state.processes.a?.pid ?? 0
  hand.do('a', sigactionByHand('SIGUSR2', 'handler', true))
  hand.do('a', posix.mkfifo('f', 0o600))
  expect(hand.do('a', posix.open('f', posix.O_RDONLY))).toBe('blocks')
  hand.do('b', kill(pid, 'SIGUSR2'))
  expect(hand.released).toEqual([])
  hand.do('b', posix.unlink('f'))
  hand.do('b', posix.mkfifo('f', 0o600))
  expect(hand.do('b', posix.open('f', posix.O_WRONLY | O_NONBLOCK))).toBe('ENXIO')
  hand.do('b', kill(pid, 'SIGUSR2'))
  expect(hand.do('b', posix.open('f', posix.O_WRONLY | O_NONBLOCK))).toBe(3)
  expect(hand.released).toEqual(['a: 3'])

  expect(hand.do('a', posix.open('f', posix.O_WRONLY))).toBe(4)
  hand.do('b', posix.mkfifo('g', 0o600))
  expect(hand.do('a', posix.open('g', posix.O_WRONLY))).toBe('blocks')
  hand.do('b', posix.unlink('g'))
  hand.do('b', kill(pid, 'SIGUSR2'))
  expect(hand.released).toEqual(['a: ENOENT'])
})

test('a signal finds a writer that may wait no longer: EAGAIN; a reader that may not: EINTR', () => {
  const hand = new Hand({ a: 1000 })
  const pid = hand.driver.state.processes.a?.pid ?? 0
  hand.do('a', sigactionByHand('SIGUSR1', 'handler'))
  hand.do('a', posix.pipe())
  hand.driver.thread('a', 'a2')
  hand.driver.process({ id: 'b' })
  expect(hand.do('a', posix.read(3, 1))).toBe('blocks')
  hand.do('a2', posix.fcntl(3, posix.F_SETFL, O_NONBLOCK))
  hand.do('b', kill(pid, 'SIGUSR1'))
  expect(hand.released).toEqual(['a: EINTR'])
  expect(hand.do('a', posix.write(4, 'x'.repeat(65_536)))).toBe(65_536)
  expect(hand.do('a', posix.write(4, 'y'))).toBe('blocks')
  hand.do('a2', posix.fcntl(4, posix.F_SETFL, O_NONBLOCK))
  hand.do('b', kill(pid, 'SIGUSR1'))
  expect(hand.released).toEqual(['a: EAGAIN'])
})

test('who waits at a socket does so whatever becomes of O_NONBLOCK, until SA_RESTART begins the call anew', () => {
  const hand = new Hand({ a: 1000 })
  const pid = hand.driver.state.processes.a?.pid ?? 0
  hand.driver.thread('a', 'a2')
  hand.driver.process({ id: 'b' })
  hand.do('a', sigactionByHand('SIGUSR2', 'handler', true))
  hand.do('a', posix.socket(AF_UNIX, SOCK_DGRAM))
  const waits = (): unknown => hand.do('a', posix.recv(3, 9, 0))
  expect(waits()).toBe('blocks')
  hand.do('a2', posix.fcntl(3, posix.F_SETFL, O_NONBLOCK))
  hand.do('a2', posix.shutdown(3, posix.SHUT_RDWR))
  expect(hand.released).toEqual(['a: '])

  hand.do('a2', posix.socket(AF_UNIX, SOCK_DGRAM))
  hand.do('a2', posix.dup2(4, 3))
  expect(waits()).toBe('blocks')
  hand.do('a2', posix.fcntl(3, posix.F_SETFL, O_NONBLOCK))
  hand.do('b', kill(pid, 'SIGUSR2'))
  expect(hand.released).toEqual(['a: EAGAIN'])

  hand.do('a2', posix.fcntl(3, posix.F_SETFL, 0))
  expect(waits()).toBe('blocks')
  hand.do('a2', posix.close(3))
  hand.do('b', kill(pid, 'SIGUSR2'))
  expect(hand.released).toEqual(['a: EBADF'])
})

test('an abstract name is no file, is open to all, belongs to a type of socket, and goes with the socket', () => {
  const hand = new Hand({ a: 1000, b: 2000 })
  const name = '\0name'
  for (const type of [SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM]) hand.do('a', posix.socket(AF_UNIX, type))
  for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM]) hand.do('b', posix.socket(AF_UNIX, type))
  expect(hand.do('b', posix.connect(3, name))).toBe('ECONNREFUSED')
  expect(hand.do('a', posix.bind(3, name))).toBeUndefined()
  expect(hand.do('a', posix.bind(3, '\0other'))).toBe('EINVAL')
  expect(hand.do('a', posix.bind(4, name))).toBe('EADDRINUSE')
  expect(hand.do('a', posix.bind(5, name))).toBeUndefined()
  expect(hand.do('b', posix.connect(3, name))).toBe('ECONNREFUSED') // it does not listen
  hand.do('a', posix.listen(3, 0))
  expect(hand.do('b', posix.connect(3, name))).toBeUndefined()
  hand.driver.process({ id: 'c' })
  hand.do('c', posix.socket(AF_UNIX, SOCK_STREAM))
  expect(hand.do('c', posix.connect(3, name))).toBe('blocks')
  expect(hand.do('a', posix.accept(3))).toBe(6)
  expect(hand.released).toEqual(['c: undefined'])
  expect(hand.do('b', posix.bind(4, '\0from\0b'))).toBeUndefined() // of any bytes
  expect(hand.do('b', posix.sendto(4, 'x', 0, name))).toBe(1)
  expect(hand.do('a', posix.recvfrom(5, 9))).toMatchObject({ data: 'x', from: '\0from\0b' })
  hand.do('a', posix.close(3))
  expect(hand.do('b', posix.connect(5, name))).toBe('ECONNREFUSED')
  expect(hand.do('b', posix.bind(5, name))).toBeUndefined() // what was accepted there keeps no name
  expect(hand.do('b', posix.send(3, 'y'))).toBe(1)
  expect(hand.do('a', posix.bind(4, `\0${'x'.repeat(108)}`))).toBe('EINVAL')
})
