import { Atomics, int32Array, type SharedArray, shared_array_buffer } from 'ipclab/atomics'
import {
  await_,
  boot,
  type Call,
  compareExchange,
  fork,
  futex_wait,
  futex_wake,
  kill,
  load,
  map_anonymous,
  type Program,
  pause,
  rmw,
  type Scenario,
  scenario,
  sigaction,
  sleep,
  store,
  thread_create,
  thread_join,
  wait,
} from 'ipclab/kernel'
import { mailbox_create, mailbox_receive, mailbox_send, receive, send } from 'ipclab/message'
import {
  fromNs,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_timedlock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  sem_getvalue,
  sem_post,
  sem_trywait,
  sem_wait,
} from 'ipclab/posix'
import { DataRaces, dfs, placeInWords, run } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'

/** What orders accesses, and what does not: each case in every schedule. */

interface Places {
  readonly x: number
  readonly flag: number
  readonly mutex: number
  readonly sem: number
  readonly cond: number
  readonly box: string
  readonly array: SharedArray<'i32'>
}

type Body = (places: Places) => Program<unknown>

/** The words on which two accesses race in some schedule, the byte in them where it is not the first. */
function racyIn(programs: Readonly<Record<string, Body>>, capacity = Infinity): string[] {
  const made: Scenario = scenario('case', {
    *setup() {
      return {
        x: yield* map_anonymous(64, { name: 'x' }),
        flag: yield* map_anonymous(64, { name: 'flag' }),
        mutex: yield* map_anonymous(40, { name: 'mutex' }),
        sem: yield* map_anonymous(32, { name: 'sem' }),
        cond: yield* map_anonymous(48, { name: 'cond' }),
        box: yield* mailbox_create('box', { capacity }),
        array: int32Array(yield* shared_array_buffer(8)),
      }
    },
    programs: Object.fromEntries(
      Object.entries(programs).map(([name, body]) => [name, ({ shared }: { shared: Places }) => body(shared)]),
    ) as never,
    expect: 'holds',
  })
  const decider = dfs()
  const simulation = boot(made, { door: decider })
  const found = new Set<string>()
  const races = new DataRaces(simulation.machine, (page, byte) => found.add(placeInWords(simulation.state, page, byte)))
  let runs = 0
  for (; ; runs++) {
    simulation.start()
    if (!decider.begin(simulation, runs)) break
    races.clear()
    run(simulation, decider, { maxSteps: 200, observers: [() => races.observe()] })
  }
  expect(runs).toBeGreaterThan(0)
  return [...found].sort()
}

const write = (places: Places) => store(places.x, 'i32', 1)
const read = (places: Places) => load(places.x, 'i32')

/** Whether it succeeds. */
function* attempt(call: Call<unknown>): Program<boolean> {
  try {
    yield* call
    return true
  } catch {
    return false
  }
}

/** A word of the case is written by one and then read by the other, who comes to it by what is between. */
const handing = (first: Body, second: Body): Readonly<Record<string, Body>> => ({
  *P(places) {
    yield* write(places)
    yield* first(places)
  },
  *Q(places) {
    if ((yield* second(places)) !== false) yield* read(places)
  },
})

describe('what orders two accesses', () => {
  const cases: [string, Readonly<Record<string, Body>>][] = [
    [
      'a mutex',
      Object.fromEntries(
        ['P', 'Q'].map((name): [string, Body] => [
          name,
          function* (places) {
            yield* pthread_mutex_lock(places.mutex)
            yield* write(places)
            yield* pthread_mutex_unlock(places.mutex)
          },
        ]),
      ),
    ],
    [
      'a semaphore',
      handing(
        ({ sem }) => one(sem_post(sem)),
        ({ sem }) => one(sem_wait(sem)),
      ),
    ],
    [
      'a semaphore that is tried',
      handing(
        ({ sem }) => one(sem_post(sem)),
        ({ sem }) => attempt(sem_trywait(sem)),
      ),
    ],
    [
      'a message',
      handing(
        ({ box }) => one(mailbox_send(box, 1)),
        ({ box }) => one(mailbox_receive(box)),
      ),
    ],
    [
      'a rendezvous, from sender to receiver',
      handing(
        () => one(send('Q', 1)),
        () => one(receive('P')),
      ),
    ],
    [
      'a rendezvous, from receiver to sender',
      handing(
        () => one(receive('Q')),
        () => one(send('P', 1)),
      ),
    ],
    [
      'a release and an acquire',
      handing(
        ({ flag }) => one(store(flag, 'i32', 1, 'release')),
        ({ flag }) => set(flag, 'acquire'),
      ),
    ],
    [
      'waiting for a flag',
      handing(
        ({ flag }) => one(store(flag, 'i32', 1, 'release')),
        ({ flag }) => one(await_(flag, 'i32', Boolean, 'acquire')),
      ),
    ],
    [
      'a release sequence: the same thread stores again, relaxed',
      handing(
        function* ({ flag }) {
          yield* store(flag, 'i32', 0, 'release')
          yield* store(flag, 'i32', 1, 'relaxed')
        },
        ({ flag }) => set(flag, 'acquire'),
      ),
    ],
    [
      'a release sequence: somebody adds, relaxed',
      {
        ...handing(
          ({ flag }) => one(store(flag, 'i32', 1, 'release')),
          ({ flag }) => one(await_(flag, 'i32', (now) => now === 2, 'acquire')),
        ),
        *R({ flag }) {
          yield* await_(flag, 'i32', (now) => now === 1, 'relaxed')
          yield* rmw('add', flag, 'i32', 1, 'relaxed')
        },
      },
    ],
    [
      'a read-modify-write',
      handing(
        ({ flag }) => one(rmw('add', flag, 'i32', 1)),
        ({ flag }) => swapped(flag, 'seq_cst'),
      ),
    ],
    [
      'being woken from a futex',
      handing(
        ({ flag }) => one(futex_wake(flag, 1)),
        ({ flag }) => attempt(futex_wait(flag, 0)),
      ),
    ],
    [
      'Atomics.notify',
      handing(
        ({ array }) => one(Atomics.notify(array, 0)),
        function* ({ array }) {
          return (yield* Atomics.wait(array, 0, 0)) === 'ok'
        },
      ),
    ],
    ['a thread that is made', threads((places) => [write(places), null], read)],
    ['a thread that is joined', threads((places) => [null, read(places)], write)],
    [
      'a child that is made and waited for',
      {
        *P(places) {
          yield* write(places)
          yield* fork(function* child() {
            yield* write(places)
          })
          yield* wait()
          yield* write(places)
        },
        *Q({ flag }) {
          yield* store(flag, 'i32', 1)
        },
      },
    ],
    [
      'a signal and its handler',
      {
        *P(places) {
          yield* sigaction('SIGUSR1', function* () {
            yield* read(places)
          })
          yield* attempt(pause())
        },
        *Q(places) {
          yield* write(places)
          yield* attempt(kill(2, 'SIGUSR1'))
        },
      },
    ],
    [
      'the end of a process, for whoever finds it ended',
      {
        *P(places) {
          yield* write(places)
        },
        *Q(places) {
          if (!(yield* attempt(kill(2, '0')))) yield* read(places)
        },
      },
    ],
    [
      'a condition variable and its mutex',
      handing(
        function* ({ mutex, cond, flag }) {
          yield* pthread_mutex_lock(mutex)
          yield* store(flag, 'i32', 1)
          yield* pthread_cond_signal(cond)
          yield* pthread_mutex_unlock(mutex)
        },
        function* ({ mutex, cond, flag }) {
          yield* pthread_mutex_lock(mutex)
          while ((yield* load(flag, 'i32')) === 0) yield* pthread_cond_wait(cond, mutex)
          yield* pthread_mutex_unlock(mutex)
        },
      ),
    ],
  ]
  test.each(cases)('%s', (_name, programs) => {
    expect(racyIn(programs)).toEqual([])
  })

  test('room in a mailbox: the slot may be used again', () => {
    const box: Readonly<Record<string, Body>> = {
      *P(places) {
        yield* mailbox_send(places.box, 1)
        yield* mailbox_send(places.box, 2) // when the first has been taken
        yield* write(places)
      },
      *Q(places) {
        yield* read(places)
        yield* mailbox_receive(places.box)
      },
    }
    expect(racyIn(box, 1)).toEqual([])
    expect(racyIn(box, 2)).toEqual(['x+0'])
  })
})

describe('what does not', () => {
  const cases: [string, Readonly<Record<string, Body>>][] = [
    [
      'nothing at all',
      handing(
        () => none(),
        () => none(),
      ),
    ],
    [
      'a mutex that one of them does not take',
      handing(
        ({ mutex }) => locked(mutex),
        () => none(),
      ),
    ],
    [
      'to find a mutex taken',
      handing(
        ({ mutex }) => locked(mutex),
        function* ({ mutex }) {
          return !(yield* attempt(pthread_mutex_trylock(mutex)))
        },
      ),
    ],
    [
      'to run out of time at a mutex',
      handing(
        ({ mutex }) => one(pthread_mutex_lock(mutex)),
        function* ({ mutex }) {
          return !(yield* attempt(pthread_mutex_timedlock(mutex, fromNs(10))))
        },
      ),
    ],
    [
      'to post, both',
      handing(
        ({ sem }) => one(sem_post(sem)),
        ({ sem }) => one(sem_post(sem)),
      ),
    ],
    [
      'to look how many units there are',
      handing(
        ({ sem }) => one(sem_post(sem)),
        function* ({ sem }) {
          return (yield* sem_getvalue(sem)) > 0
        },
      ),
    ],
    [
      'a relaxed flag',
      handing(
        ({ flag }) => one(store(flag, 'i32', 1, 'relaxed')),
        ({ flag }) => set(flag, 'acquire'),
      ),
    ],
    [
      'a flag that is read relaxed',
      handing(
        ({ flag }) => one(store(flag, 'i32', 1, 'release')),
        ({ flag }) => set(flag, 'relaxed'),
      ),
    ],
    [
      'a release that somebody has stored over',
      {
        ...handing(
          ({ flag }) => one(store(flag, 'i32', 1, 'release')),
          ({ flag }) => one(await_(flag, 'i32', (now) => now === 2, 'acquire')),
        ),
        *R({ flag }) {
          yield* store(flag, 'i32', 2, 'relaxed')
        },
      },
    ],
    [
      'a swap that failed, for what comes after',
      handing(
        ({ flag }) => swapped(flag, 'release'),
        ({ flag }) => one(load(flag, 'i32', 'acquire')),
      ),
    ],
    [
      'to send, both',
      handing(
        ({ box }) => one(mailbox_send(box, 1)),
        () => none(),
      ),
    ],
    [
      'to sleep',
      handing(
        () => one(sleep(1)),
        () => one(sleep(100)),
      ),
    ],
    ['to join another thread', threads((places) => [null, read(places)], write, false)],
  ]
  test.each(cases)('%s', (_name, programs) => {
    expect(racyIn(programs)).toEqual(['x+0'])
  })
})

describe('which accesses conflict', () => {
  const pair = (one: Body, other: Body): string[] => racyIn({ P: one, Q: other })

  test('two reads do not, two atomic accesses do not, an atomic and a plain one do', () => {
    expect(
      pair(
        (places) => one(read(places)),
        (places) => one(read(places)),
      ),
    ).toEqual([])
    expect(
      pair(
        ({ x }) => one(store(x, 'i32', 1, 'relaxed')),
        ({ x }) => one(load(x, 'i32', 'relaxed')),
      ),
    ).toEqual([])
    expect(
      pair(
        ({ x }) => one(store(x, 'i32', 1)),
        ({ x }) => one(load(x, 'i32', 'seq_cst')),
      ),
    ).toEqual(['x+0'])
    expect(
      pair(
        ({ x }) => one(rmw('add', x, 'i32', 1)),
        ({ x }) => one(load(x, 'i32')),
      ),
    ).toEqual(['x+0'])
  })

  test('bytes of a word are apart, and a word is all its bytes', () => {
    const bytes = (first: number, second: number): string[] =>
      pair(
        ({ x }) => one(store(x + first, 'u8', 1)),
        ({ x }) => one(store(x + second, 'u8', 1)),
      )
    expect(bytes(0, 1)).toEqual([])
    expect(bytes(2, 2)).toEqual(['x+2'])
    expect(
      pair(
        ({ x }) => one(store(x, 'u16', 1)),
        ({ x }) => one(store(x + 2, 'u16', 1)),
      ),
    ).toEqual([])
    expect(
      pair(
        ({ x }) => one(store(x, 'i32', 1)),
        ({ x }) => one(store(x + 3, 'u8', 1)),
      ),
    ).toEqual(['x+3'])
    expect(
      pair(
        ({ x }) => one(store(x, 'i64', 1n)),
        ({ x }) => one(store(x + 4, 'i32', 1)),
      ),
    ).toEqual(['x+4'])
  })

  test('an atomic byte beside another does not end what was released there', () => {
    const found = racyIn({
      ...handing(
        ({ flag }) => one(store(flag, 'u8', 1, 'release')),
        ({ flag }) => one(await_(flag, 'u8', Boolean, 'acquire')),
      ),
      *R({ flag }) {
        yield* store(flag + 1, 'u8', 1, 'relaxed')
      },
    })
    expect(found).toEqual([])
  })

  test('a plain store to the word of a semaphore does, with who posts', () => {
    expect(
      pair(
        ({ sem }) => one(store(sem, 'i32', 0)),
        ({ sem }) => one(sem_post(sem)),
      ),
    ).toEqual(['sem+0'])
  })

  test("a process's own memory is its own, before it is copied and after", () => {
    function* own(): Program {
      const at = yield* map_anonymous(8, { shared: false, name: 'own' })
      yield* store(at, 'i32', 1)
      yield* fork(function* child() {
        yield* load(at, 'i32')
        yield* store(at, 'i32', 2)
      })
      yield* store(at, 'i32', 3)
    }
    expect(racyIn({ P: own, Q: () => none() })).toEqual([])
  })

  test('a race hides no other', () => {
    const found = racyIn({
      *P({ x }) {
        yield* store(x, 'i32', 1)
        yield* store(x + 4, 'i32', 1)
      },
      *Q({ x }) {
        yield* load(x, 'i32')
        yield* load(x + 4, 'i32')
      },
    })
    expect(found).toEqual(['x+0', 'x+4'])
  })
})

function* one(call: Call<unknown>): Program {
  yield* call
}

function* none(): Program {}

function* locked(mutex: number): Program {
  yield* pthread_mutex_lock(mutex)
  yield* pthread_mutex_unlock(mutex)
}

/** Whether the flag is set. */
function* set(flag: number, order: 'acquire' | 'relaxed'): Program<boolean> {
  return (yield* load(flag, 'i32', order)) === 1
}

/** Whether it was 1, and is 2 now. */
function* swapped(flag: number, order: 'seq_cst' | 'release'): Program<boolean> {
  return (yield* compareExchange(flag, 'i32', 1, 2, order)) === 1
}

/** A thread makes two others, and does something before and after; both do something, or only the second does. */
function threads(
  beside: (places: Places) => [Call<unknown> | null, Call<unknown> | null],
  child: (places: Places) => Call<unknown>,
  joinsIt = true,
): Readonly<Record<string, Body>> {
  return {
    *P(places) {
      const [before, after] = beside(places)
      if (before !== null) yield* before
      const idle = yield* thread_create(none)
      const made = yield* thread_create(function* () {
        yield* child(places)
      })
      yield* thread_join(joinsIt ? made : idle)
      if (after !== null) yield* after
    },
    *Q({ flag }) {
      yield* load(flag, 'i32')
    },
  }
}
