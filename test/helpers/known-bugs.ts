import {
  assert,
  type Context,
  compareExchange,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  type ScenarioBody,
  scenario,
} from 'ipclab/kernel'
import {
  pthread_cond_init,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from 'ipclab/posix'

/**
 * Bugs of which the least number of preemptions is known, by an exact search over all schedules:
 * test/oracles/explorer/bugs.json describes each by its id. None has parameters: they are shrunk as they stand.
 */

type Given = Context<Record<never, never>, number>
/** As many as there are philosophers at most. */
const FORKS = 5

type Body = (context: Given) => Program<unknown>

function made(
  title: string,
  programs: Record<string, Body>,
  expect: Scenario['expect'],
  rest: Pick<ScenarioBody<Record<never, never>, number, undefined>, 'atEnd'> = {},
  words: readonly number[] = [],
): Scenario {
  return scenario(title, {
    *setup() {
      const base = yield* map_anonymous(4096)
      for (let n = 0; n < 6; n++) yield* pthread_mutex_init(base + 1024 + n * 64)
      yield* pthread_cond_init(base + 2048)
      for (let n = 0; n < FORKS; n++) yield* sem_init(base + 3072 + n * 64, 1, 1)
      for (const [at, word] of words.entries()) yield* int32(base).store(at, word)
      return base
    },
    programs,
    expect,
    ...rest,
  })
}

const mutex = (base: number, n: number): number => base + 1024 + n * 64
const cond = (base: number): number => base + 2048
const fork = (base: number, n: number): number => base + 3072 + n * 64

const several = (name: string, count: number, body: Body): Record<string, Body> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i + 1}`, body]))

export const counter = (threads: number, times: number, least: number): Scenario =>
  made(
    `counter_${threads}_${times}`,
    several('T', threads, function* ({ shared }) {
      const x = int32(shared)
      for (let i = 0; i < times; i++) yield* x.store(0, (yield* x.load(0)) + 1)
    }),
    'violates: enough was counted',
    { atEnd: { 'enough was counted': ({ shared, load }) => load(shared, 'i32') >= least } },
  )

export const philosophers = (n: number): Scenario =>
  made(
    `din_phil_${n}`,
    Object.fromEntries(
      Array.from({ length: n }, (_, i) => [
        `T${i + 1}`,
        function* ({ shared }: Given) {
          yield* sem_wait(fork(shared, i))
          yield* sem_wait(fork(shared, (i + 1) % n))
          yield* sem_post(fork(shared, (i + 1) % n))
          yield* sem_post(fork(shared, i))
        },
      ]),
    ),
    'deadlock',
  )

export const reorder = (n: number): Scenario =>
  made(
    `reorder_${n}`,
    {
      ...several('setter', n - 1, function* ({ shared }) {
        const x = int32(shared)
        yield* x.store(0, 1)
        yield* x.store(1, -1)
      }),
      *checker({ shared }) {
        const x = int32(shared)
        if ((yield* x.load(0)) === 0 && (yield* x.load(1)) === 0) return
        const whole = (yield* x.load(0)) === 1 && (yield* x.load(1)) === -1
        yield* assert(whole, 'both are set')
      },
    },
    'violates: both are set',
  )

export const twostage = (writers: number, readers: number): Scenario =>
  made(
    `twostage_${writers}_${readers}`,
    {
      ...several('writer', writers, function* ({ shared }) {
        const x = int32(shared)
        yield* pthread_mutex_lock(mutex(shared, 0))
        yield* x.store(0, 1)
        yield* pthread_mutex_unlock(mutex(shared, 0))
        yield* pthread_mutex_lock(mutex(shared, 1))
        yield* x.store(1, (yield* x.load(0)) + 1)
        yield* pthread_mutex_unlock(mutex(shared, 1))
      }),
      ...several('reader', readers, function* ({ shared }) {
        const x = int32(shared)
        yield* pthread_mutex_lock(mutex(shared, 0))
        if ((yield* x.load(0)) === 0) return yield* pthread_mutex_unlock(mutex(shared, 0))
        const first = yield* x.load(0)
        yield* pthread_mutex_unlock(mutex(shared, 0))
        yield* pthread_mutex_lock(mutex(shared, 1))
        const second = yield* x.load(1)
        yield* pthread_mutex_unlock(mutex(shared, 1))
        yield* assert(second === first + 1, 'second is first + 1')
      }),
    },
    'violates: second is first + 1',
  )

export const treiberAba: Scenario = made(
  'treiber_aba',
  {
    *T0({ shared }) {
      yield* pop(shared)
    },
    *T1({ shared }) {
      const a = yield* pop(shared)
      const b = yield* pop(shared)
      if (a > 0) yield* push(shared, a)
      if (b > 0) yield* assert((yield* int32(shared).load(0)) !== b, 'a node is owned by one')
    },
  },
  'violates: a node is owned by one',
  {},
  [1, 2, 0],
)

function* pop(shared: number): Program<number> {
  const x = int32(shared)
  for (let i = 0; i < 3; i++) {
    const head = yield* x.load(0)
    if (head === 0) return 0
    const next = yield* x.load(head)
    if ((yield* compareExchange(shared, 'i32', head, next)) === head) return head
  }
  return 0
}

function* push(shared: number, node: number): Program {
  const x = int32(shared)
  for (let i = 0; i < 3; i++) {
    const head = yield* x.load(0)
    yield* x.store(node, head)
    if ((yield* compareExchange(shared, 'i32', head, node)) === head) return
  }
}

export const wrongLock = (others: number): Scenario =>
  made(
    `wronglock_1_${others}`,
    {
      *T0({ shared }) {
        const v = int32(shared)
        yield* pthread_mutex_lock(mutex(shared, 0))
        const x = yield* v.load(0)
        yield* v.store(0, (yield* v.load(0)) + 1)
        yield* assert((yield* v.load(0)) === x + 1, 'nobody else has written')
        yield* pthread_mutex_unlock(mutex(shared, 0))
      },
      ...several('T', others, function* ({ shared }) {
        const v = int32(shared)
        yield* pthread_mutex_lock(mutex(shared, 1))
        yield* v.store(0, (yield* v.load(0)) + 1)
        yield* pthread_mutex_unlock(mutex(shared, 1))
      }),
    },
    'violates: nobody else has written',
  )

export const oneCondition = (producers: number, consumers: number, times: number): Scenario =>
  made(
    `bb_single_cv_${producers}p${consumers}c_${times}`,
    {
      ...several('producer', producers, turns(times, 0)),
      ...several('consumer', consumers, turns(times, 1)),
    },
    'deadlock',
  )

/** Waits until the buffer has so many, and makes it the other. */
const turns = (times: number, wanted: number): Body =>
  function* ({ shared }) {
    const count = int32(shared)
    for (let i = 0; i < times; i++) {
      yield* pthread_mutex_lock(mutex(shared, 0))
      while ((yield* count.load(0)) !== wanted) yield* pthread_cond_wait(cond(shared), mutex(shared, 0))
      yield* count.store(0, 1 - wanted)
      yield* pthread_cond_signal(cond(shared))
      yield* pthread_mutex_unlock(mutex(shared, 0))
    }
  }

/** Each with the least number of preemptions with which it fails. */
export const knownBugs: readonly (readonly [made: Scenario, preemptions: number])[] = [
  [counter(2, 1, 2), 1],
  [counter(3, 1, 3), 1],
  [counter(2, 3, 3), 4],
  [philosophers(2), 1],
  [philosophers(4), 1],
  [philosophers(5), 1],
  [reorder(3), 1],
  [reorder(5), 1],
  [reorder(10), 1],
  [twostage(1, 1), 1],
  [twostage(2, 1), 1],
  [twostage(12, 8), 1],
  [wrongLock(1), 1],
  [wrongLock(7), 1],
  [treiberAba, 2],
]
