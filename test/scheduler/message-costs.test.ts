import { boot, compute, kill, type Program, type Scenario, scenario, sigaction } from 'ipclab/kernel'
import {
  NtAcceptConnectPort,
  NtCompleteConnectPort,
  NtConnectPort,
  NtCreatePort,
  NtListenPort,
  NtReplyWaitReceivePort,
  NtRequestPort,
} from 'ipclab/lpc'
import {
  MACH_MSG_TYPE_MAKE_SEND,
  MACH_MSGH_BITS,
  MACH_PORT_RIGHT_RECEIVE,
  mach_msg_receive,
  mach_msg_send,
  mach_port_allocate,
  mach_task_self,
} from 'ipclab/mach'
import {
  AF_UNIX,
  IPC_CREAT,
  mq_open,
  mq_receive,
  mq_send,
  msgget,
  msgrcv,
  msgsnd,
  O_CREAT,
  O_RDWR,
  pipe,
  read,
  recv,
  recvfrom,
  SOCK_DGRAM,
  send,
  socketpair,
  write,
} from 'ipclab/posix'
import { type Costs, Dispatcher, PUBLISHED, policyNamed, Recorder, run, x86, zero } from 'ipclab/scheduler'
import { expect, test } from 'vitest'

/** Nothing costs anything but each byte that is copied. */
const COPIES: Costs = { ...zero, copy: 1 }

/** The ns that each process has computed. */
function spent(one: Scenario, costs: Costs, cpus = 1): Record<string, number> {
  const recorder = new Recorder()
  const dispatcher = new Dispatcher({ policy: policyNamed('fifo'), costs, cpus, recorder })
  const simulation = boot(one, { door: dispatcher, once: true, wakeOrder: 'fifo' })
  simulation.start()
  dispatcher.begin(simulation, 0)
  expect(run(simulation, dispatcher, { maxSteps: 10_000 }).failure).toBe(null)
  dispatcher.settleAccounts()
  return Object.fromEntries(dispatcher.entities.map(({ process, cpuNs }) => [process, cpuNs]))
}

/** A queue is a number, or has two ends. */
type Act = (queue: number & readonly number[]) => Program<unknown>
const TEXT = 'x'.repeat(100)

const systems: readonly (readonly [string, () => Program<unknown>, Act, Act])[] = [
  [
    'pipe',
    () => pipe() as never,
    ([, fd = 0]) => write(fd, TEXT) as never,
    ([fd = 0]) => read(fd, TEXT.length) as never,
  ],
  [
    'socket',
    () => socketpair(AF_UNIX, SOCK_DGRAM) as never,
    ([, fd = 0]) => send(fd, TEXT, 0) as never,
    ([fd = 0]) => recv(fd, 1000) as never,
  ],
  [
    'socket that tells whom it is from',
    () => socketpair(AF_UNIX, SOCK_DGRAM) as never,
    ([, fd = 0]) => send(fd, TEXT, 0) as never,
    ([fd = 0]) => recvfrom(fd, 1000) as never,
  ],
  [
    'message queue',
    () => mq_open('/q', O_CREAT | O_RDWR, 0o600, { mq_maxmsg: 1, mq_msgsize: 128 }) as never,
    (queue) => mq_send(queue, TEXT) as never,
    (queue) => mq_receive(queue, 128) as never,
  ],
  [
    'System V queue',
    () => msgget(1, IPC_CREAT | 0o600) as never,
    (queue) => msgsnd(queue, { mtype: 1, mtext: TEXT }) as never,
    (queue) => msgrcv(queue, 128) as never,
  ],
]

test.each(systems)(
  'what goes through a %s is copied twice, also where it is handed over',
  (_name, make, give, take) => {
    for (const late of ['giver', 'taker']) {
      const one = scenario('copied', {
        setup: make as () => Program<never>,
        programs: {
          *taker({ shared }) {
            if (late === 'taker') yield* compute(10_000)
            for (let i = 0; i < 3; i++) yield* take(shared)
            yield* compute(0)
          },
          *giver({ shared }) {
            if (late === 'giver') yield* compute(10_000)
            for (let i = 0; i < 3; i++) yield* give(shared)
            yield* compute(0)
          },
        },
        expect: 'holds',
      })
      const { taker = 0, giver = 0 } = spent(one, COPIES)
      expect([giver % 10_000, taker % 10_000]).toEqual([300, 300])
    }
  },
)

/** So many bytes there and back over two pipes. */
const pingPong = (rounds: number): Scenario =>
  scenario('ping-pong', {
    *setup() {
      return { there: yield* pipe(), back: yield* pipe() }
    },
    programs: {
      *ping({ shared: { there, back } }) {
        for (let i = 0; i < rounds; i++) {
          yield* write(there[1], 'x')
          yield* read(back[0], 1)
        }
      },
      *pong({ shared: { there, back } }) {
        for (let i = 0; i < rounds; i++) {
          yield* read(there[0], 1)
          yield* write(back[1], 'x')
        }
      },
    },
    expect: 'holds',
  })

test('a round trip over pipes on one core takes what was measured on x86-64', () => {
  const time = (rounds: number): number => {
    const dispatcher = new Dispatcher({ policy: policyNamed('fifo'), costs: x86 })
    const simulation = boot(pingPong(rounds), { door: dispatcher, once: true, wakeOrder: 'fifo' })
    simulation.start()
    dispatcher.begin(simulation, 0)
    run(simulation, dispatcher, { maxSteps: 10_000 })
    return simulation.state.clock
  }
  const [between] = PUBLISHED
  const round = (time(110) - time(10)) / 100
  expect(Math.abs(round - (between?.ns ?? 0))).toBeLessThan(25)
})

test('a message of Mach is copied in and out, header and all', () => {
  const one = scenario('copied', {
    programs: {
      *task() {
        const port = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
        const bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0)
        yield* mach_msg_send({ msgh_bits: bits, msgh_remote_port: port, body: [{ string: 'x'.repeat(99) }] })
        yield* mach_msg_receive(port)
        yield* compute(0)
      },
    },
    expect: 'holds',
  })
  // A header of 24 bytes, a descriptor of 4, and 100 with the zero behind the string: once in, and once out.
  expect(spent(one, COPIES)).toMatchObject({ task: 2 * 128 })
})

test('a message of LPC is copied in and out, header and all', () => {
  const one = scenario('copied', {
    programs: {
      *server() {
        const port = yield* NtCreatePort('\\Port')
        const request = yield* NtListenPort(port)
        const accepted = yield* NtAcceptConnectPort(null, request, true)
        yield* NtCompleteConnectPort(accepted.port)
        yield* NtReplyWaitReceivePort(port)
        yield* compute(0)
      },
      *client() {
        const { port } = yield* NtConnectPort('\\Port')
        yield* NtRequestPort(port, { data: 'x'.repeat(100) })
        yield* compute(0)
      },
    },
    expect: 'holds',
  })
  // A header of 24 bytes each time: the datagram, and before it the request for a connection, which the server receives.
  expect(spent(one, COPIES)).toEqual({ client: 124, server: 24 + 124 })
})

test('a signal that comes while a message is sent is none', () => {
  const one = scenario('signalled', {
    setup: () => pipe() as never as Program<never>,
    programs: {
      *writer({ shared }) {
        yield* sigaction('SIGUSR1', function* () {})
        yield* write(shared[1], TEXT)
        yield* compute(0)
      },
      *killer({ pids }) {
        yield* compute(5)
        yield* kill(pids.writer ?? 0, 'SIGUSR1')
      },
    },
    expect: 'holds',
  })
  // At 15 the writer is in the midst of its call; the end of each is one, too.
  expect(spent(one, { ...COPIES, call: 10 }, 2)).toEqual({ writer: 130, killer: 25 })
})
