import * as posix from '../ipc/posix/index.ts'
import { boot, type Call, fork, int32, map_anonymous, type Program, scenario } from '../kernel/index.ts'
import { median, table } from './table.ts'

/** Messages a second by each of POSIX's means, simulated: how they grow with the message, and with how many take part. */

/** A way for messages of one size. Who makes it hands it to those forked from it. */
interface Channel {
  send(message: string): Program<unknown> | Call<unknown>
  receive(): Program<unknown> | Call<unknown>
}

type Mechanism = (bytes: number, name: string) => Program<Channel>

const SLOTS = 16

/** A ring of slots, written and read word by word, and three semaphores. */
function* sharedMemory(bytes: number): Program<Channel> {
  const words = bytes / 4
  const base = yield* map_anonymous(128 + SLOTS * bytes)
  const [mutex, empty, full, places] = [base, base + 32, base + 64, int32(base + 96)]
  const ring = int32(base + 128)
  yield* posix.sem_init(mutex, 1, 1)
  yield* posix.sem_init(empty, 1, SLOTS)
  yield* posix.sem_init(full, 1, 0)
  return {
    *send() {
      yield* posix.sem_wait(empty)
      yield* posix.sem_wait(mutex)
      const at = yield* places.load(0)
      for (let word = 0; word < words; word++) yield* ring.store(at * words + word, word)
      yield* places.store(0, (at + 1) % SLOTS)
      yield* posix.sem_post(mutex)
      yield* posix.sem_post(full)
    },
    *receive() {
      yield* posix.sem_wait(full)
      yield* posix.sem_wait(mutex)
      const at = yield* places.load(1)
      for (let word = 0; word < words; word++) yield* ring.load(at * words + word)
      yield* places.store(1, (at + 1) % SLOTS)
      yield* posix.sem_post(mutex)
      yield* posix.sem_post(empty)
    },
  }
}

function* messageQueue(bytes: number, name: string): Program<Channel> {
  const attributes = { mq_maxmsg: 10, mq_msgsize: bytes }
  const queue = yield* posix.mq_open(`/${name}`, posix.O_CREAT | posix.O_RDWR, 0o600, attributes)
  yield* posix.mq_unlink(`/${name}`)
  return { send: (message) => posix.mq_send(queue, message), receive: () => posix.mq_receive(queue, bytes) }
}

/** Bytes into one descriptor and out of another, which come in pieces where they are many. */
const bytesThrough = (into: number, outOf: number, bytes: number): Channel => ({
  send: (message) => posix.write(into, message),
  *receive() {
    for (let left = bytes; left > 0; ) left -= (yield* posix.read(outOf, left)).length
  },
})

function* pipe(bytes: number): Program<Channel> {
  const [reading, writing] = yield* posix.pipe()
  return bytesThrough(writing, reading, bytes)
}

function* fifo(bytes: number, name: string): Program<Channel> {
  yield* posix.mkfifo(name, 0o600)
  const both = yield* posix.open(name, posix.O_RDWR)
  yield* posix.unlink(name)
  return bytesThrough(both, both, bytes)
}

function* stream(bytes: number): Program<Channel> {
  const [one, other] = yield* posix.socketpair(posix.AF_UNIX, posix.SOCK_STREAM)
  return bytesThrough(one, other, bytes)
}

function* packets(bytes: number): Program<Channel> {
  const [one, other] = yield* posix.socketpair(posix.AF_UNIX, posix.SOCK_SEQPACKET)
  return { send: (message) => posix.send(one, message), receive: () => posix.recv(other, bytes) }
}

/** From anybody, to a name. */
function* datagrams(bytes: number, name: string): Program<Channel> {
  const inbox = yield* posix.socket(posix.AF_UNIX, posix.SOCK_DGRAM)
  yield* posix.bind(inbox, name)
  const sender = yield* posix.socket(posix.AF_UNIX, posix.SOCK_DGRAM)
  return { send: (message) => posix.sendto(sender, message, 0, name), receive: () => posix.recv(inbox, bytes) }
}

function* sysvQueue(bytes: number): Program<Channel> {
  const queue = yield* posix.msgget(posix.IPC_PRIVATE, 0o600)
  return {
    send: (mtext) => posix.msgsnd(queue, { mtype: 1, mtext }),
    receive: () => posix.msgrcv(queue, bytes),
  }
}

const mechanisms: readonly (readonly [name: string, mechanism: Mechanism, bytesMost: number])[] = [
  ['shared memory, semaphores', sharedMemory, 65_536],
  ['POSIX message queue', messageQueue, 8_192],
  ['anonymous pipe', pipe, 65_536],
  ['FIFO', fifo, 65_536],
  ['Unix stream', stream, 65_536],
  ['Unix datagrams', datagrams, 65_536],
  ['Unix packets', packets, 65_536],
  ['System V message queue', sysvQueue, 8_192],
]

interface Load {
  readonly bytes: number
  /** Half of them send, half of them receive. */
  readonly processes: number
  /** Each two have a channel of their own; else all have one together. */
  readonly paired: boolean
  /** In all. */
  readonly messages: number
}

function traffic(mechanism: Mechanism, { bytes, processes, paired, messages }: Load) {
  const message = 'x'.repeat(bytes)
  const copies = processes / 2
  const each = messages / copies
  function* sending(channel: Channel): Program {
    for (let i = 0; i < each; i++) yield* channel.send(message)
  }
  function* receiving(channel: Channel): Program {
    for (let i = 0; i < each; i++) yield* channel.receive()
  }
  if (paired)
    return scenario('pairs', {
      programs: {
        pair: {
          copies,
          *program({ index }) {
            const channel = yield* mechanism(bytes, `channel${index}`)
            yield* fork(function* child() {
              yield* sending(channel)
            })
            yield* receiving(channel)
          },
        },
      },
      expect: 'holds',
    })
  return scenario('all at one', {
    *setup() {
      return { channel: yield* mechanism(bytes, 'channel') }
    },
    programs: {
      sender: { copies, program: ({ shared: { channel } }) => sending(channel) },
      receiver: { copies, program: ({ shared: { channel } }) => receiving(channel) },
    },
    expect: 'holds',
  })
}

/** Messages a second. */
function measured(mechanism: Mechanism, load: Load): number {
  const simulation = boot(traffic(mechanism, load), { door: { pick: () => 0 }, once: true, wakeOrder: 'fifo' })
  simulation.start()
  const { machine } = simulation
  const from = performance.now()
  while (machine.ready.size > 0) machine.step(0)
  const seconds = (performance.now() - from) / 1000
  if (machine.alive > 0 || machine.trouble !== null)
    throw new Error(machine.trouble?.message ?? `${load.processes} processes do not come to their end`)
  return load.messages / seconds
}

const REPEATS = 3

/** Each mechanism under each load, by turns, so that what else the machine does falls on all alike. */
function rows(loads: readonly Load[]): string[][] {
  const taken = mechanisms.map(() => loads.map((): number[] => []))
  for (let i = 0; i < REPEATS; i++)
    mechanisms.forEach(([, mechanism, most], at) => {
      loads.forEach((load, column) => {
        if (load.bytes <= most) taken[at]?.[column]?.push(measured(mechanism, load))
      })
    })
  return mechanisms.map(([name], at) => [name, ...(taken[at] ?? []).map(rate)])
}

function rate(values: readonly number[]): string {
  if (values.length === 0) return 'too long'
  const perSecond = median(values)
  return perSecond < 10_000 ? `${(perSecond / 1000).toFixed(1)}k/s` : `${Math.round(perSecond / 1000)}k/s`
}

const SIZES = [8, 1_024, 65_536]
const PROCESSES = [2, 20, 200, 2_000]
const MESSAGES = 20_000

export function bench(): void {
  table('messages a second from one process to another, one core', [
    ['', '8 B', '1 KiB', '64 KiB'],
    ...rows(
      SIZES.map((bytes) => ({ bytes, processes: 2, paired: false, messages: Math.min(MESSAGES, 2 ** 23 / bytes) })),
    ),
  ])
  // Through one Unix stream 2,000 are slow by rule: each message wakes all who wait to receive, as on Linux.
  for (const paired of [false, true])
    table(`of 8 B, half of so many processes sending ${paired ? 'each to its own receiver' : 'through one for all'}`, [
      ['', ...PROCESSES.map((count) => count.toLocaleString('en'))],
      ...rows(PROCESSES.map((processes) => ({ bytes: 8, processes, paired, messages: MESSAGES }))),
    ])
}
