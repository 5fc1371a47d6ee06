import { compute, int32, map_anonymous, scenario, sleep } from 'ipclab'
import {
  pthread_cond_broadcast,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
} from 'ipclab/posix'

const us = (n: number): number => n * 1_000

/**
 * Servers wait for requests, and each request wakes them all. One has it. The others have been switched to for nothing:
 * what one request costs grows with the number of servers, and so does the time until the one that has it can answer.
 * Waking one (`wakes=one`) costs the same however many there are.
 */
export default scenario('a thundering herd of servers', {
  source:
    'W. R. Stevens, B. Fenner and A. Rudoff: UNIX Network Programming, volume 1 (3rd edition, 2004), section 30.6',
  about:
    'Run it with --policy eevdf --cost x86-64, and with --set wakes=one or more servers: compare what all have computed, the switches, and how long pthread_cond_wait takes.',
  params: {
    servers: { default: 6, min: 1, max: 100, about: 'how many processes wait for requests' },
    requests: { default: 4, min: 1, max: 1000, about: 'how many come' },
    wakes: { default: 'all', oneOf: ['all', 'one'], about: 'whom a request wakes' },
  },
  ghost: () => ({ served: 0, forNothing: 0 }),
  *setup({ params }) {
    const left = int32(yield* map_anonymous(8, { name: 'requests' }))
    yield* left.store(1, params.requests)
    return {
      queue: left,
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      cond: yield* map_anonymous(48, { name: 'arrival' }),
    }
  },
  programs: {
    server: {
      copies: ({ servers }) => servers,
      *program({ shared: { queue, mutex, cond }, ghost }) {
        for (;;) {
          yield* pthread_mutex_lock(mutex)
          for (let looks = 0; (yield* queue.load(0)) === 0 && (yield* queue.load(1)) > 0; looks++) {
            if (looks > 0) ghost.forNothing += 1
            yield* pthread_cond_wait(cond, mutex)
          }
          if ((yield* queue.load(0)) === 0) break // there are none to come
          yield* queue.store(0, (yield* queue.load(0)) - 1)
          yield* queue.store(1, (yield* queue.load(1)) - 1)
          if ((yield* queue.load(1)) === 0) yield* pthread_cond_broadcast(cond) // so that all go home
          yield* pthread_mutex_unlock(mutex)
          yield* compute(us(20))
          ghost.served += 1
        }
        yield* pthread_mutex_unlock(mutex)
      },
    },
    *client({ params, shared: { queue, mutex, cond } }) {
      for (let request = 0; request < params.requests; request++) {
        yield* sleep(us(500))
        yield* pthread_mutex_lock(mutex)
        yield* queue.store(0, (yield* queue.load(0)) + 1)
        if (params.wakes === 'all') yield* pthread_cond_broadcast(cond)
        else yield* pthread_cond_signal(cond)
        yield* pthread_mutex_unlock(mutex)
      }
    },
  },
  atEnd: {
    'every request is served': ({ params, ghost }) => ghost.served === params.requests,
  },
  expect: 'holds',
})
