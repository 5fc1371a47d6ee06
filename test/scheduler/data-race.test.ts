import { Atomics } from 'ipclab/atomics'
import {
  await_,
  fork,
  futex_wait,
  futex_wake,
  kill,
  load,
  type Program,
  pause,
  rmw,
  sigaction,
  sleep,
  store,
  wait,
} from 'ipclab/kernel'
import { mailbox_receive, mailbox_send, receive, send } from 'ipclab/message'
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
import { describe, expect, test } from 'vitest'

import {
  attempt,
  type Body,
  handing,
  locked,
  none,
  one,
  type Places,
  racyIn,
  read,
  set,
  swapped,
  threads,
  write,
} from '../helpers/racing.ts'

/** What orders accesses, and what does not: each case in every schedule. */

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
      handing(released, function* ({ mutex, flag }) {
        yield* await_(flag, 'i32', Boolean, 'relaxed')
        return !(yield* attempt(pthread_mutex_trylock(mutex)))
      }),
    ],
    [
      'to run out of time at a mutex',
      handing(released, function* ({ mutex, flag }) {
        yield* await_(flag, 'i32', Boolean, 'relaxed')
        return !(yield* attempt(pthread_mutex_timedlock(mutex, fromNs(10))))
      }),
    ],
    [
      'to find no unit',
      handing(
        function* ({ sem, flag }) {
          yield* sem_post(sem)
          yield* sem_wait(sem)
          yield* store(flag, 'i32', 1, 'relaxed')
        },
        function* ({ sem, flag }) {
          yield* await_(flag, 'i32', Boolean, 'relaxed')
          return !(yield* attempt(sem_trywait(sem)))
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
        function* ({ flag }) {
          yield* sleep(1)
          yield* store(flag, 'i32', 1, 'relaxed')
        },
        function* ({ flag }) {
          yield* await_(flag, 'i32', Boolean, 'relaxed')
          yield* sleep(100)
        },
      ),
    ],
    ['to join another thread', threads((places) => [null, read(places)], write, false)],
  ]
  test.each(cases)('%s', (_name, programs) => {
    expect(racyIn(programs)).toEqual(['x+0'])
  })
})

/** Locks, unlocks, says so by a flag that orders nothing, and locks again. */
function* released({ mutex, flag }: Places): Program {
  yield* locked(mutex)
  yield* store(flag, 'i32', 1, 'relaxed')
  yield* locked(mutex)
}
