import { compute, scenario } from 'ipclab'
import { mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'

const us = (n: number): number => n * 1_000

/**
 * Transactions work for a while on their own, and need the log's lock for an eighth of their time: a mailbox with one token,
 * which whoever has it may write. It is mostly free, and nobody need wait; until one is taken off its CPU while it has the
 * lock. Everybody else comes to the lock and waits; and as it is handed to who waits first, whoever gives it back finds it
 * taken when it comes again, however short that was. From then on each of them waits for it each time, and there is a
 * switch of CPUs for each: the line does not dissolve when its cause is long gone.
 *
 * A policy that takes nobody off its CPU in the midst of such work, as `fifo` or one with long slices, has no convoy to
 * begin with. Locks that are not handed over, as POSIX's mutexes, let it dissolve: whoever runs takes the lock again.
 */
export default scenario('a convoy behind a lock', {
  source:
    'M. Blasgen, J. Gray, M. Mitoma and T. Price: The convoy phenomenon. Operating Systems Review 13 (2), 1979, pages 20-25',
  about:
    'Run it with --policy rr:quantum=1ms --cost x86-64, and then with fifo: the same work takes longer and the switches are many more, as all wait for a lock that is seldom needed.',
  params: {
    workers: { default: 4, min: 2, max: 20, about: 'how many processes there are' },
    rounds: { default: 8, min: 1, max: 1000, about: 'how many transactions each of them makes' },
  },
  ghost: () => ({ inside: 0, done: 0 }),
  *setup() {
    const lock = yield* mailbox_create('lock', { capacity: 1 })
    yield* mailbox_send(lock, 'token')
    return lock
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params, shared: lock, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          yield* compute(us(350))
          const token = yield* mailbox_receive(lock)
          ghost.inside += 1
          yield* compute(us(50))
          ghost.inside -= 1
          yield* mailbox_send(lock, token)
          ghost.done += 1
        }
      },
    },
  },
  invariants: {
    'one at a time has the lock': ({ ghost }) => ghost.inside <= 1,
  },
  atEnd: {
    'all is done': ({ params, ghost }) => ghost.done === params.workers * params.rounds,
  },
  expect: 'holds',
})
