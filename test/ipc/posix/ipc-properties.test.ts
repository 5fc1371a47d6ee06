import fc from 'fast-check'
import {
  boot,
  CallError,
  type Context,
  exit,
  type KernelObject,
  type KernelState,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  type WakeOrder,
} from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { type Decider, dfs, dpor, random, run } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import type { MessageQueue } from '../../../ipc/posix/mq-queue.ts'
import type { SemSet } from '../../../ipc/posix/sysv-sem-set.ts'
import { unserved, withoutReason } from '../../helpers/in-vain.ts'
import { type Comparison, compareOrders } from '../../helpers/independence.ts'
import { posixCases, posixScenario } from '../../helpers/random-posix.ts'
import { wrongCounts } from '../../helpers/references.ts'
import { randomSchedules } from '../../helpers/schedules.ts'

const runs = (usual: number): number => Number(process.env.RUNS ?? usual)
const wakeOrder = fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo')
const seed = fc.string({ minLength: 1, maxLength: 4 })

const objectsOf = <T extends KernelObject>(state: KernelState, kind: T['kind']): T[] =>
  Object.values(state.objects).filter((object): object is T => object.kind === kind)

const MUTEX = 0
const RWLOCK = 64
const BARRIER = 128
const SEM_UNDO = posix.SEM_UNDO

/** Small programs of one kind of calls each; every object of the kind is the same for all. */
const acts: { readonly [kind: string]: { readonly [name: string]: (at: number, n: number) => unknown } } = {
  queue: {
    send: (_, n) => posix.mq_send(3, 'ab'[n % 2] ?? '', n % 2),
    receive: () => posix.mq_receive(3, 8),
    count: () => posix.mq_getattr(3),
    notify: () => posix.mq_notify(3, { sigev_notify: posix.SIGEV_NONE }),
    close: () => posix.mq_close(3),
    unlink: () => posix.mq_unlink('/q'),
    open: () => posix.mq_open('/q', posix.O_CREAT | posix.O_RDWR, 0o600, { mq_maxmsg: 1, mq_msgsize: 8 }),
  },
  msg: {
    send: (_, n) => posix.msgsnd(0, { mtype: 1 + (n % 2), mtext: 'x'.repeat(8192) }),
    receive: (_, n) => posix.msgrcv(0, n % 3 === 0 ? 5 : 8192, (n % 3) - 1),
    remove: () => posix.msgctl(0, posix.IPC_RMID),
    stat: () => posix.msgctl(0, posix.IPC_STAT),
    get: (_, n) => posix.msgget(1 + (n % 2), posix.IPC_CREAT | 0o600),
  },
  sem: {
    wait: (_, n) => posix.semop(0, [{ sem_num: n % 2, sem_op: -1, sem_flg: n % 3 === 0 ? SEM_UNDO : 0 }]),
    both: () =>
      posix.semop(0, [
        { sem_num: 0, sem_op: -1 },
        { sem_num: 1, sem_op: -1 },
      ]),
    post: (_, n) => posix.semop(0, [{ sem_num: n % 2, sem_op: 1, sem_flg: n % 3 === 0 ? SEM_UNDO : 0 }]),
    zero: (_, n) => posix.semop(0, [{ sem_num: n % 2, sem_op: 0 }]),
    waiting: (_, n) => posix.semctl(0, n % 2, posix.GETNCNT),
    set: (_, n) => posix.semctl(0, n % 2, posix.SETVAL, 1),
    remove: () => posix.semctl(0, 0, posix.IPC_RMID),
  },
  shm: {
    attach: () => posix.shmat(0),
    attached: () => posix.shmctl(0, posix.IPC_STAT),
    remove: () => posix.shmctl(0, posix.IPC_RMID),
    get: () => posix.shmget(1, 4096, posix.IPC_CREAT | 0o600),
    exit: () => exit(1),
  },
  robust: {
    lock: (at) => posix.pthread_mutex_lock(at + MUTEX),
    trylock: (at) => posix.pthread_mutex_trylock(at + MUTEX),
    unlock: (at) => posix.pthread_mutex_unlock(at + MUTEX),
    consistent: (at) => posix.pthread_mutex_consistent(at + MUTEX),
    exit: () => exit(1),
  },
  rwlock: {
    rdlock: (at) => posix.pthread_rwlock_rdlock(at + RWLOCK),
    wrlock: (at) => posix.pthread_rwlock_wrlock(at + RWLOCK),
    tryrdlock: (at) => posix.pthread_rwlock_tryrdlock(at + RWLOCK),
    trywrlock: (at) => posix.pthread_rwlock_trywrlock(at + RWLOCK),
    timedwrlock: (at) => posix.pthread_rwlock_timedwrlock(at + RWLOCK, { tv_sec: 0, tv_nsec: 5 }),
    unlock: (at) => posix.pthread_rwlock_unlock(at + RWLOCK),
  },
  barrier: {
    wait: (at) => posix.pthread_barrier_wait(at + BARRIER),
    destroy: (at) => posix.pthread_barrier_destroy(at + BARRIER),
    init: (at) => posix.pthread_barrier_init(at + BARRIER, 2),
  },
}

interface Small {
  readonly kind: string
  readonly programs: readonly (readonly (readonly [name: string, n: number])[])[]
  readonly wakeOrder: WakeOrder
}

const small = (most: number): fc.Arbitrary<Small> =>
  fc.constantFrom(...Object.keys(acts)).chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      programs: fc.array(
        fc.array(fc.tuple(fc.constantFrom(...Object.keys(acts[kind] ?? {})), fc.nat(5)), {
          minLength: 1,
          maxLength: most,
        }),
        { minLength: 2, maxLength: 3 },
      ),
      wakeOrder,
    }),
  )

/** Each program notes on its own line what it has seen: not in the ghost, which would make all steps hang together. */
function smallScenario({ kind, programs, wakeOrder }: Small, lines: string[][] = []): Scenario {
  return scenario('small', {
    wakeOrder,
    *setup() {
      const at = yield* map_anonymous(4096)
      // Nobody waits for itself: a run ends where such a circle is seen, whatever others could have done yet.
      const [type, robust] = [posix.PTHREAD_MUTEX_ERRORCHECK, posix.PTHREAD_MUTEX_ROBUST]
      yield* posix.pthread_mutex_init(at + MUTEX, { type, robust })
      yield* posix.pthread_barrier_init(at + BARRIER, 2)
      yield* posix.mq_open('/q', posix.O_CREAT | posix.O_RDWR, 0o600, { mq_maxmsg: 1, mq_msgsize: 8 })
      yield* posix.msgget(1, posix.IPC_CREAT | 0o600)
      yield* posix.semget(1, 2, posix.IPC_CREAT | 0o600)
      yield* posix.shmget(1, 4096, posix.IPC_CREAT | 0o600)
      return at
    },
    programs: Object.fromEntries(
      programs.map((ops, p) => [
        `p${p}`,
        function* (context: Context): Program {
          const said: string[] = []
          lines[p] = said
          for (const [name, n] of ops) {
            const make = acts[kind]?.[name]
            try {
              const value = yield* make?.(context.shared as number, n) as Program<unknown> // a call is as good
              said.push(JSON.stringify(value) ?? 'ok')
            } catch (error) {
              if (!(error instanceof CallError)) throw error
              said.push(error.code)
            }
          }
        },
      ]),
    ),
    expect: 'holds',
  })
}

test('steps on queues, sets, segments and locks whose footprints do not meet come to the same in either order', () => {
  let compared = 0
  fc.assert(
    fc.property(small(4), fc.array(fc.nat(5), { maxLength: 8 }), (one, numbers) => {
      const result: Comparison = { compared: 0, differing: [] }
      compareOrders(smallScenario(one), numbers, result)
      expect(result.differing).toEqual([])
      compared += result.compared
    }),
    { numRuns: runs(300) },
  )
  expect(compared).toBeGreaterThan(15)
})

const RUNS_MAX = 3_000

/** All that can come of it; `null`: too much. */
function allThatComes(one: Small, decider: Decider): string[] | null {
  const lines: string[][] = []
  const simulation = boot(smallScenario(one, lines), { door: decider })
  const seen = new Set<string>()
  for (let index = 0; index < RUNS_MAX; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return [...seen].sort()
    if (run(simulation, decider, { maxSteps: 200 }).ending === 'redundant') continue
    const sleeping = Object.values(simulation.state.threads).filter(({ status }) => status === 'sleeping').length
    seen.add(JSON.stringify([lines, sleeping]))
  }
  return null
}

test('partial-order reduction finds all that depth first finds, with fewer runs', () => {
  let found = 0
  fc.assert(
    fc.property(small(3), (one) => {
      const all = allThatComes(one, dfs())
      if (all === null) return
      found += all.length
      expect(allThatComes(one, dpor())).toEqual(all)
    }),
    { numRuns: runs(60) },
  )
  expect(found).toBeGreaterThan(runs(60))
}, 600_000)

const messages = fc.record({
  senders: fc.array(fc.array(fc.nat(2), { maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  receivers: fc.array(fc.nat(4), { minLength: 1, maxLength: 2 }),
  maxmsg: fc.integer({ min: 1, max: 3 }),
  wakeOrder,
  seed,
})

test('a message is received once, the highest priority first, and of equals the oldest', () => {
  let received = 0
  fc.assert(
    fc.property(messages, ({ senders, receivers, maxmsg, wakeOrder, seed }) => {
      let before: MessageQueue['messages'] = []
      const sent: string[] = []
      const got: string[] = []
      const made = scenario('messages', {
        *setup() {
          return yield* posix.mq_open('/q', posix.O_CREAT | posix.O_RDWR, 0o600, { mq_maxmsg: maxmsg, mq_msgsize: 8 })
        },
        programs: {
          ...Object.fromEntries(
            senders.map((prios, s) => [
              `s${s}`,
              function* ({ shared: q }: Context): Program {
                for (const [n, prio] of prios.entries()) {
                  yield* posix.mq_send(q as number, `${s}${n}`, prio)
                  sent.push(`${s}${n}`)
                }
              },
            ]),
          ),
          ...Object.fromEntries(
            receivers.map((count, r) => [
              `r${r}`,
              function* ({ shared: q }: Context): Program {
                for (let n = 0; n < count; n++) got.push((yield* posix.mq_receive(q as number, 8)).data)
              },
            ]),
          ),
        },
        expect: 'holds',
      })
      randomSchedules(made, seed, 1, {
        wakeOrder,
        observers: [
          (simulation) => {
            const { state } = simulation
            const [queue] = objectsOf<MessageQueue>(state, 'message queue')
            const now = queue?.messages ?? []
            expect(now.length).toBeLessThanOrEqual(maxmsg)
            expect([...unserved(state), ...withoutReason(simulation)]).toEqual([])
            // What has gone was the first of what was there, and none there was of higher priority.
            const gone = before.filter(({ data }) => !now.some((one) => one.data === data))
            expect(gone).toEqual(gone.length === 0 ? [] : before.slice(0, 1))
            expect(gone.every(({ prio }) => before.every((one) => one.prio <= prio))).toBe(true)
            before = now.map((one) => ({ ...one }))
          },
        ],
        after({ state }, ending) {
          const isStuck = Object.values(state.threads).some(({ status }) => status !== 'exited')
          expect(ending).toBe(isStuck ? 'deadlock' : 'done')
          const left = objectsOf<MessageQueue>(state, 'message queue').flatMap((queue) => queue.messages)
          const all = [...got, ...left.map(({ data }) => data)]
          expect(all.sort()).toEqual(sent.sort())
          // Of one sender's messages of one priority the earlier came first.
          for (const [s, prios] of senders.entries())
            for (const prio of [0, 1, 2]) {
              const own = got.filter((data) => data.startsWith(`${s}`) && prios[Number(data.slice(1))] === prio)
              expect(own).toEqual([...own].sort())
            }
          received += got.length
        },
      })
    }),
    { numRuns: runs(300) },
  )
  expect(received).toBeGreaterThan(runs(300) / 2)
})

const undoing = fc.record({
  programs: fc.array(fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 2 }), fc.boolean()), { maxLength: 4 }), {
    minLength: 2,
    maxLength: 3,
  }),
  begun: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  wakeOrder,
  seed,
})

test('what was taken with SEM_UNDO is there again when all have ended, killed or not; no value ever is below 0', () => {
  let ended = 0
  fc.assert(
    fc.property(undoing, ({ programs, begun, wakeOrder, seed }) => {
      const made = scenario('undo', {
        faults: { kill: ['p0'] },
        *setup() {
          const set = yield* posix.semget(1, 2, posix.IPC_CREAT | 0o600)
          for (const [num, value] of begun.entries()) yield* posix.semctl(set, num, posix.SETVAL, value)
          return set
        },
        programs: Object.fromEntries(
          programs.map((ops, p) => [
            `p${p}`,
            function* ({ shared: set }: Context): Program {
              for (const [sem_num, units, back] of ops) {
                yield* posix.semop(set as number, [{ sem_num, sem_op: -units, sem_flg: SEM_UNDO }])
                if (back) yield* posix.semop(set as number, [{ sem_num, sem_op: units, sem_flg: SEM_UNDO }])
              }
            },
          ]),
        ),
        expect: 'holds',
      })
      randomSchedules(made, seed, 2, {
        wakeOrder,
        observers: [
          ({ state }) => {
            expect(unserved(state)).toEqual([])
            const [set] = objectsOf<SemSet>(state, 'sem set')
            for (const value of set?.values ?? []) expect(value).toBeGreaterThanOrEqual(0)
            // What there is, and what is owed, is what there was.
            const owed = Object.values(set?.undo ?? {})
            for (const [num, value] of begun.entries())
              expect(owed.reduce((sum, undo) => sum + (undo[num] ?? 0), set?.values[num] ?? 0)).toBe(value)
          },
        ],
        after({ state }) {
          if (Object.values(state.threads).some(({ status }) => status !== 'exited')) return
          ended += 1
          expect(objectsOf<SemSet>(state, 'sem set').map(({ values }) => values)).toEqual([[...begun]])
        },
      })
    }),
    { numRuns: runs(300) },
  )
  expect(ended).toBeGreaterThan(runs(300) / 4)
})

interface Linked extends KernelObject {
  readonly nlink: number
  readonly removed: boolean
  readonly refs: number
}

test('who waits has a reason that can be told, nothing outlives its last reference or goes before it, and when all have ended nothing is left that has no name', () => {
  let [waited, ended] = [0, 0]
  fc.assert(
    fc.property(posixCases, (one) => {
      const decider = random(one.seed)
      const simulation = boot(posixScenario(one), { door: decider })
      simulation.start()
      decider.begin(simulation, 0)
      const tells = (): void => {
        waited += Object.values(simulation.state.threads).filter(({ status }) => status === 'sleeping').length
        expect(withoutReason(simulation)).toEqual([])
      }
      const counts = (): void => {
        expect(wrongCounts(simulation.state)).toEqual([])
        expect(unserved(simulation.state)).toEqual([])
      }
      run(simulation, decider, { maxSteps: 200, observers: [tells, counts] })
      const { state } = simulation
      if (Object.values(state.threads).some(({ status }) => status !== 'exited')) return
      ended += 1
      for (const object of Object.values(state.objects) as Linked[]) {
        expect(['open file', 'open queue', 'robust list', 'sem undo']).not.toContain(object.kind)
        if (object.kind === 'file' || object.kind === 'message queue') expect(object.nlink, object.id).toBe(1)
        if (object.kind === 'shm segment') expect([object.removed, object.refs], object.id).toEqual([false, 1])
      }
    }),
    { numRuns: runs(300) },
  )
  expect([waited > runs(300) / 4, ended > runs(300) / 20]).toEqual([true, true])
})
