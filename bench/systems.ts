import * as lpc from '../ipc/lpc/index.ts'
import * as mach from '../ipc/mach/index.ts'
import * as posix from '../ipc/posix/index.ts'
import { boot, int32, map_anonymous, type Scenario, scenario } from '../kernel/index.ts'
import { median, ratio, table } from './table.ts'

/** One server and many clients that ask and are answered: round trips a second, simulated, by each system's own means. */

interface Size {
  readonly clients: number
  /** Of each client. */
  readonly trips: number
}

type Exchange = (size: Size) => Scenario

const HEADER = mach.MACH_MSGH_BITS(mach.MACH_MSG_TYPE_COPY_SEND, mach.MACH_MSG_TYPE_MAKE_SEND_ONCE)
const ANSWER = mach.MACH_MSGH_BITS(mach.MACH_MSG_TYPE_MOVE_SEND_ONCE, 0)

const byMach: Exchange = ({ clients, trips }) =>
  scenario('by Mach ports', {
    *setup() {
      yield* mach.bootstrap_create_service('server')
    },
    programs: {
      *server() {
        const port = yield* mach.bootstrap_check_in('server')
        for (let i = 0; i < clients * trips; i++) {
          const { msgh_remote_port } = yield* mach.mach_msg_receive(port)
          yield* mach.mach_msg_send({ msgh_bits: ANSWER, msgh_remote_port })
        }
      },
      client: {
        copies: clients,
        *program() {
          const reply = yield* mach.mach_port_allocate(mach.mach_task_self(), mach.MACH_PORT_RIGHT_RECEIVE)
          const server = yield* mach.bootstrap_look_up('server')
          const message = { msgh_bits: HEADER, msgh_remote_port: server, msgh_local_port: reply }
          for (let i = 0; i < trips; i++) yield* mach.mach_msg_rpc(message, reply)
        },
      },
    },
    expect: 'holds',
  })

const byLpc: Exchange = ({ clients, trips }) =>
  scenario('by LPC', {
    *setup() {
      const ready = yield* map_anonymous(32)
      yield* posix.sem_init(ready, 1, 0)
      return ready
    },
    programs: {
      *server({ shared: ready }) {
        const port = yield* lpc.NtCreatePort('\\Server')
        for (let i = 0; i < clients; i++) yield* posix.sem_post(ready)
        let reply: lpc.OutgoingMessage | null = null
        for (let served = 0; served < clients * trips; ) {
          const { message } = yield* lpc.NtReplyWaitReceivePort(port, reply)
          reply = null
          if (message.type === lpc.LPC_CONNECTION_REQUEST) {
            const accepted = yield* lpc.NtAcceptConnectPort(null, message, true)
            yield* lpc.NtCompleteConnectPort(accepted.port)
          } else if (message.type === lpc.LPC_REQUEST) {
            reply = lpc.replyTo(message)
            served += 1
          }
        }
        if (reply !== null) yield* lpc.NtReplyPort(port, reply)
      },
      client: {
        copies: clients,
        *program({ shared: ready }) {
          yield* posix.sem_wait(ready)
          const { port } = yield* lpc.NtConnectPort('\\Server')
          for (let i = 0; i < trips; i++) yield* lpc.NtRequestWaitReplyPort(port, {})
        },
      },
    },
    expect: 'holds',
  })

/** A ring of the askers' numbers in shared memory, and a semaphore for each to be answered by. */
const bySharedMemory: Exchange = ({ clients, trips }) =>
  scenario('by shared memory and semaphores', {
    *setup() {
      const base = yield* map_anonymous(64 + 32 * (clients + 1) + 4 * clients)
      for (let i = 0; i <= clients; i++) yield* posix.sem_init(base + 64 + 32 * i, 1, 0)
      return { lock: base, tail: int32(base + 48), asked: base + 64, ring: int32(base + 64 + 32 * (clients + 1)) }
    },
    programs: {
      *server({ shared: { asked, ring } }) {
        for (let i = 0; i < clients * trips; i++) {
          yield* posix.sem_wait(asked)
          yield* posix.sem_post(asked + 32 * (yield* ring.load(i % clients)))
        }
      },
      client: {
        copies: clients,
        *program({ index, shared: { lock, tail, asked, ring } }) {
          for (let i = 0; i < trips; i++) {
            yield* posix.pthread_mutex_lock(lock)
            const at = yield* tail.load()
            yield* ring.store(at, index)
            yield* tail.store(0, (at + 1) % clients)
            yield* posix.pthread_mutex_unlock(lock)
            yield* posix.sem_post(asked)
            yield* posix.sem_wait(asked + 32 * index)
          }
        },
      },
    },
    expect: 'holds',
  })

/** One pipe for the questions, and one for each client's answers. */
const byPipes: Exchange = ({ clients, trips }) =>
  scenario('by pipes', {
    *setup() {
      const asking = yield* posix.pipe()
      const answers: number[][] = []
      for (let i = 0; i < clients; i++) answers.push([...(yield* posix.pipe())])
      return { asking, answers }
    },
    programs: {
      *server({ shared: { asking, answers } }) {
        for (let i = 0; i < clients * trips; i++) {
          const who = (yield* posix.read(asking[0], 1)).charCodeAt(0)
          yield* posix.write(answers[who]?.[1] ?? -1, 'y')
        }
      },
      client: {
        copies: clients,
        *program({ index, shared: { asking, answers } }) {
          const question = String.fromCharCode(index - 1)
          for (let i = 0; i < trips; i++) {
            yield* posix.write(asking[1], question)
            yield* posix.read(answers[index - 1]?.[0] ?? -1, 1)
          }
        },
      },
    },
    expect: 'holds',
  })

const exchanges: readonly (readonly [name: string, exchange: Exchange, clientsMost: number])[] = [
  ['shared memory', bySharedMemory, 10_000],
  ['pipes', byPipes, 100],
  ['Mach ports', byMach, 10_000],
  ['LPC', byLpc, 10_000],
]

/** Round trips a second. */
function measured(exchange: Exchange, size: Size): number {
  const simulation = boot(exchange(size), { door: { pick: () => 0 }, once: true, wakeOrder: 'fifo' })
  simulation.start()
  const { machine } = simulation
  const from = performance.now()
  while (machine.ready.size > 0) machine.step(0)
  const seconds = (performance.now() - from) / 1000
  if (machine.alive > 0 || machine.trouble !== null)
    throw new Error(`${simulation.scenario.title}: did not come to its end`)
  return (size.clients * size.trips) / seconds
}

const REPEATS = 5

export function bench(): void {
  const rows = [['clients', ...exchanges.map(([name]) => name), 'LPC to shared memory']]
  for (const clients of [1, 10, 100, 1_000, 10_000]) {
    const size = { clients, trips: Math.max(2, 20_000 / clients) }
    const rates = exchanges.map(([, exchange, most]) =>
      clients > most ? null : median(Array.from({ length: REPEATS }, () => measured(exchange, size))),
    )
    const [shared, , , local] = rates
    const cells = rates.map((rate) => (rate === null ? '' : `${Math.round(rate / 1000)}k/s`))
    rows.push([String(clients), ...cells, ratio(local ?? Number.NaN, shared ?? Number.NaN)])
  }
  table('round trips a second of one server and so many clients, one core', rows)
}
