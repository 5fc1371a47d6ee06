import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { boot, CallError, compute, DONE, type Program, type Scenario, scenario, type WakeOrder } from 'ipclab/kernel'
import { mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'
import {
  AF_UNIX,
  F_SETFL,
  fcntl,
  IPC_CREAT,
  IPC_NOWAIT,
  MSG_DONTWAIT,
  mq_open,
  mq_receive,
  mq_send,
  msgget,
  msgrcv,
  msgsnd,
  O_CREAT,
  O_NONBLOCK,
  O_RDWR,
  pipe,
  read,
  recv,
  SOCK_DGRAM,
  SOCK_STREAM,
  send,
  socketpair,
  write,
} from 'ipclab/posix'
import { Dispatcher, Histogram, policyNamed, Recorder, run, unit } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'

const runs = Number(process.env.RUNS ?? 1)

/** A kind of queue: what is sent is one character, and a receive returns one or more, or fails when there is none. */
interface Kind {
  make(): Program<unknown>
  send(queue: never, text: string, weight: number): Program<unknown>
  receive(queue: never, weight: number): Program<string>
}

const kinds: Record<string, Kind> = {
  mailbox: {
    *make() {
      return yield* mailbox_create('box', { capacity: 2 })
    },
    *send(box, text) {
      yield* mailbox_send(box, text)
    },
    *receive(box) {
      return yield* mailbox_receive<string>(box)
    },
  },
  'message queue with priorities': {
    *make() {
      const into = yield* mq_open('/queue', O_CREAT | O_RDWR, 0o600, { mq_maxmsg: 3, mq_msgsize: 8 })
      return [yield* mq_open('/queue', O_RDWR | O_NONBLOCK), into]
    },
    *send([, queue]: readonly number[], text, weight) {
      yield* mq_send(queue as number, text, weight)
    },
    *receive([queue]: readonly number[]) {
      return (yield* mq_receive(queue as number, 8)).data
    },
  },
  'System V queue with types': {
    *make() {
      return yield* msgget(1, IPC_CREAT | 0o600)
    },
    *send(queue, mtext, weight) {
      yield* msgsnd(queue, { mtype: weight + 1, mtext })
    },
    *receive(queue, weight) {
      return (yield* msgrcv(queue, 8, [0, 1, -2][weight], IPC_NOWAIT)).mtext
    },
  },
  pipe: {
    *make() {
      const ends = yield* pipe()
      yield* fcntl(ends[0], F_SETFL, O_NONBLOCK)
      return ends
    },
    *send([, fd]: readonly number[], text) {
      yield* write(fd as number, text) // a pipe has two ends
    },
    *receive([fd]: readonly number[], weight) {
      return yield* read(fd as number, weight + 1)
    },
  },
  'datagram socket': {
    *make() {
      return yield* socketpair(AF_UNIX, SOCK_DGRAM)
    },
    *send([, fd]: readonly number[], text) {
      yield* send(fd as number, text, 0)
    },
    *receive([fd]: readonly number[]) {
      return yield* recv(fd as number, 8, MSG_DONTWAIT)
    },
  },
  'stream socket': {
    *make() {
      return yield* socketpair(AF_UNIX, SOCK_STREAM)
    },
    *send([, fd]: readonly number[], text) {
      yield* write(fd as number, text)
    },
    *receive([fd]: readonly number[], weight) {
      return yield* recv(fd as number, weight + 1, MSG_DONTWAIT)
    },
  },
}

/** One run in units of time, with what was kept of it. */
function timed(one: Scenario, wakeOrder: WakeOrder, policy = 'rr:quantum=3', cpus = 1) {
  const recorder = new Recorder()
  const dispatcher = new Dispatcher({ policy: policyNamed(policy), cpus, costs: unit, recorder })
  const simulation = boot(one, { door: dispatcher, once: true, wakeOrder })
  return {
    recorder,
    simulation,
    run() {
      simulation.start()
      dispatcher.begin(simulation, 0)
      run(simulation, dispatcher, { maxSteps: 1000 })
      dispatcher.settleAccounts()
    },
  }
}

function* orNothing(receive: Program<string>): Program<string> {
  try {
    return yield* receive
  } catch (error) {
    if (error instanceof CallError) return ''
    throw error
  }
}

const weights = fc.array(fc.tuple(fc.nat(4), fc.nat(2)), { maxLength: 6 })

describe.each(Object.entries(kinds))('a message through a %s', (_name, kind) => {
  test('takes from its send to its receive, whichever way they go', () => {
    fc.assert(
      fc.property(fc.array(weights, { minLength: 2, maxLength: 4 }), fc.integer({ min: 1, max: 3 }), (plan, cpus) => {
        const now = (): number => watched.simulation.state.clock
        const sent = new Map<string, number>()
        const took = new Histogram()
        let number = 0
        const sender = (sends: (typeof plan)[number]) =>
          function* ({ shared }: { readonly shared: { readonly queue: never } }): Program {
            for (const [pause, weight] of sends) {
              yield* compute(pause)
              const text = String.fromCharCode(65 + number++)
              sent.set(text, now())
              yield* kind.send(shared.queue, text, weight)
            }
          }
        const receiver = (receives: (typeof plan)[number]) =>
          function* ({ shared }: { readonly shared: { readonly queue: never } }): Program {
            for (const [pause, weight] of receives) {
              yield* compute(pause)
              const texts = yield* orNothing(kind.receive(shared.queue, weight))
              for (const text of texts) took.add(now() - (sent.get(text) ?? 0))
            }
          }
        const one = scenario('sent and received', {
          *setup() {
            return { queue: (yield* kind.make()) as never }
          },
          programs: Object.fromEntries(
            plan.map((steps, at) => [`p${at}`, at % 2 === 0 ? sender(steps) : receiver(steps)]),
          ),
          expect: 'holds',
        })
        // Nobody waits to be handed anything, so that everybody notes himself when he has it.
        const watched = timed(one, 'any', 'rr:quantum=3', cpus)
        watched.run()
        const [line] = watched.recorder.messages.queues
        expect(line?.latency.buckets ?? []).toEqual(took.buckets)
        expect((line?.left ?? 0) + took.count).toBeLessThanOrEqual(sent.size)
      }),
      { numRuns: 15 * runs },
    )
  })
})

/** Of each kind: made, sent, received by who waits; and what the end of a process that has it takes. */
const handing: readonly (readonly [string, () => Program<never>, Act, Act, number])[] = [
  [
    'mailbox',
    function* () {
      return (yield* mailbox_create('box', { capacity: 1 })) as never
    },
    (box) => mailbox_send(box, 'a') as never,
    (box) => mailbox_receive(box) as never,
    0,
  ],
  [
    'message queue',
    function* () {
      return (yield* mq_open('/queue', O_CREAT | O_RDWR, 0o600, { mq_maxmsg: 1, mq_msgsize: 8 })) as never
    },
    (queue) => mq_send(queue, 'a') as never,
    (queue) => mq_receive(queue, 8) as never,
    1,
  ],
  [
    'System V queue',
    function* () {
      return (yield* msgget(1, IPC_CREAT | 0o600)) as never
    },
    (queue) => msgsnd(queue, { mtype: 1, mtext: 'a' }) as never,
    (queue) => msgrcv(queue, 8) as never,
    0,
  ],
]
type Act = (queue: never) => Program<unknown>

describe('a message that is handed over', () => {
  test.each(handing)('through a %s', (_name, make, send, receive, exit) => {
    const one = scenario('handed over', {
      *setup() {
        return { queue: yield* make() }
      },
      programs: {
        *receiver({ shared: { queue } }) {
          for (let i = 0; i < 2; i++) yield* receive(queue)
        },
        *sender({ shared: { queue } }) {
          yield* compute(9)
          yield* send(queue)
          yield* compute(10)
          yield* send(queue)
        },
      },
      expect: 'holds',
    })
    const watched = timed(one, 'fifo', 'fifo')
    watched.run()
    // Sent from 10 to 11 and from 21 to 22; the receiver has a CPU again when the sender has ended, and `b` waits from 22.
    const [line] = watched.recorder.messages.queues
    expect(line?.latency.buckets).toEqual([
      [2 + exit, 2 + exit, 1],
      [12 + exit, 12 + exit, 1],
    ])
    expect(line).toMatchObject({ lengthMax: 1, left: 0 })
    expect(line?.lengthMean).toBe((1 + exit) / (23 + exit * 2))
  })
})

test.each(handing.slice(0, 2))(
  'who waits for room has sent when it made its call: %s',
  (_name, make, send, receive) => {
    const one = scenario('let in', {
      *setup() {
        return { queue: yield* make() }
      },
      programs: {
        *sender({ shared: { queue } }) {
          yield* send(queue)
          yield* send(queue)
        },
        *receiver({ shared: { queue } }) {
          yield* compute(50)
          yield* receive(queue)
          yield* receive(queue)
        },
      },
      expect: 'holds',
    })
    const watched = timed(one, 'fifo', 'fifo')
    watched.run()
    // Sent from 0 and from 1, and received at 53 and 54.
    expect(watched.recorder.messages.queues[0]?.latency.buckets).toEqual([[53, 53, 2]])
  },
)

test('how much is in a queue adds up over time, as its object says it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 8 }),
      fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
      (plan, order) => {
        let [sum, most, since, length] = [0, 0, 0, 0]
        const one = scenario('filling and emptying', {
          *setup() {
            return { box: yield* mailbox_create('box', { capacity: 3 }) }
          },
          programs: {
            *sender({ shared: { box } }) {
              for (const [pause] of plan) {
                yield* compute(pause)
                yield* mailbox_send(box, pause)
              }
            },
            *receiver({ shared: { box } }) {
              for (const [, pause] of plan) {
                yield* compute(pause)
                yield* mailbox_receive(box)
              }
            },
          },
          expect: 'holds',
        })
        const recorder = new Recorder()
        const dispatcher = new Dispatcher({ policy: policyNamed('rr:quantum=2'), recorder })
        const simulation = boot(one, { door: dispatcher, once: true, wakeOrder: order })
        simulation.start()
        dispatcher.begin(simulation, 0)
        const box = Object.values(simulation.state.objects).find(({ kind }) => kind === 'mailbox') as unknown as {
          readonly messages: readonly unknown[]
        }
        const observe = (): void => {
          const { clock } = simulation.state
          if (clock > since) most = Math.max(most, length)
          sum += length * (clock - since)
          since = clock
          length = box.messages.length
        }
        run(simulation, dispatcher, { maxSteps: 1000, observers: [observe] })
        dispatcher.settleAccounts()
        const [line] = recorder.messages.queues
        expect(line?.lengthMean).toBeCloseTo(sum / since, 9)
        expect(line).toMatchObject({ lengthMax: most, left: 0, dropped: 0 })
      },
    ),
    { numRuns: 40 * runs },
  )
})

test('what is in a queue that is destroyed is lost, and no message tells of it', () => {
  const one = scenario('lost', {
    *setup() {
      return { ends: yield* socketpair(AF_UNIX, SOCK_DGRAM), fds: yield* pipe() }
    },
    programs: {
      *sender({ shared: { ends, fds } }) {
        yield* send(ends[1], 'a', 0)
        yield* write(fds[1], 'bc')
      },
    },
    expect: 'holds',
  })
  const watched = timed(one, 'fifo')
  watched.run()
  const lines = watched.recorder.messages.queues
  expect(lines).toMatchObject([
    { unit: 'messages', dropped: 1, left: 0 },
    { unit: 'bytes', dropped: 1, left: 0 },
  ])
  expect(lines.map(({ latency }) => latency.count)).toEqual([0, 0])
})

const library = join(import.meta.dirname, '../../scenarios')
const filesOf = (...systems: string[]): string[] =>
  systems.flatMap((system) => readdirSync(join(library, system)).map((file) => join(library, system, file)))

/** Whether that is how a call returns that has received a message. */
const brings = (call: string, result: unknown): boolean =>
  /^(mach_msg|NtRe(ply|quest)Wait.*|NtListenPort)$/.test(call) && typeof result === 'object' && result !== null

test.each(filesOf('mach', 'lpc'))('each message that is received is told of, once: %s', async (file) => {
  const { default: one } = (await import(file)) as { default: Scenario }
  for (const order of ['any', 'fifo'] as const) {
    const recorder = new Recorder()
    const dispatcher = new Dispatcher({ policy: policyNamed('rr:quantum=2'), recorder })
    const simulation = boot(one, { door: dispatcher, once: true, wakeOrder: order })
    simulation.start()
    dispatcher.begin(simulation, 0)
    const { machine } = simulation
    let received = 0
    const observe = (): void => {
      const { call, kind, outcome, result, finished } = machine
      if (call !== null && kind === 'call' && outcome === DONE && brings(call.def.name, result)) received += 1
      for (const one of finished) if (one.outcome === DONE && brings(one.call, one.result)) received += 1
    }
    run(simulation, dispatcher, { maxSteps: 1000, observers: [observe] })
    dispatcher.settleAccounts()
    const { queues } = recorder.messages
    expect(queues.reduce((sum, { latency }) => sum + latency.count, 0)).toBe(received)
  }
})

test('who watches changes nothing', async () => {
  for (const file of filesOf('posix', 'mach', 'lpc', 'textbook')) {
    const { default: one } = (await import(file)) as { default: Scenario }
    const [alone, watched] = [null, new Recorder()].map((recorder) => {
      const dispatcher = new Dispatcher({ policy: policyNamed('rr:quantum=2'), recorder })
      const simulation = boot(one, { door: dispatcher, once: true })
      simulation.start()
      dispatcher.begin(simulation, 0)
      run(simulation, dispatcher, { maxSteps: 1000 })
      return JSON.stringify([simulation.machine.steps, simulation.state])
    })
    expect(watched === alone, file).toBe(true)
  }
})
