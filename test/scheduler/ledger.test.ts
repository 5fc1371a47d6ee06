import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'
import {
  futex_wait,
  futex_wake,
  int32,
  map_anonymous,
  type Program,
  scenario,
  store,
  type WakeOrder,
} from 'ipclab/kernel'
import { mailbox_create, mailbox_receive, mailbox_send, receive, send } from 'ipclab/message'
import {
  O_CREAT,
  pthread_cond_broadcast,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  sem_init,
  sem_open,
  sem_post,
  sem_wait,
} from 'ipclab/posix'
import { describe, expect, test } from 'vitest'
import { type Holding, type Mark, readSchedule, replay } from '../../scheduler/index.ts'
import { record } from '../../trace/index.ts'
import { by, type Given, made, runsOn, type Shared } from '../helpers/standing.ts'

const who = (marks: readonly Mark[]) => marks.map(({ thread, step }) => `${thread}@${step}`)
const spans = (all: readonly Holding[]): string[] => all.map(({ thread, step, given }) => `${thread}@${step}-${given}`)
const mutex = ({ m }: Shared, at = 0): number => m[at] ?? 0
const sem = ({ s }: Shared, at = 0): number => s[at] ?? 0

describe('a mutex', () => {
  const M = 'mutex at table+0'

  function* holds({ shared }: Given): Program {
    yield* pthread_mutex_lock(mutex(shared))
    yield* store(shared.x, 'i32', 1)
    yield* pthread_mutex_unlock(mutex(shared))
  }

  test('is held from the step that locks it to the one that unlocks it', () => {
    expect(who(by(made({ P: holds }, { maxSteps: 2 }), '').ledger.holders(M))).toEqual(['P@1'])
    const { ledger } = by(made({ P: holds }), '')
    expect(ledger.holders(M)).toEqual([])
    expect(who(ledger.takers(M))).toEqual(['P@1'])
    expect(who(ledger.givers(M))).toEqual(['P@3'])
  })

  test('one that is asked for in vain is not', () => {
    function* Q({ shared }: Given): Program {
      try {
        yield* pthread_mutex_trylock(mutex(shared))
      } catch {
        yield* store(shared.x, 'i32', 2)
      }
    }
    const { ledger } = by(made({ P: holds, Q }, { maxSteps: 3 }), 'P Q Q')
    expect(who(ledger.holders(M))).toEqual(['P@1'])
  })

  test('who ends with it holds it for ever', () => {
    function* P({ shared }: Given): Program {
      yield* pthread_mutex_lock(mutex(shared))
    }
    expect(who(by(made({ P, R: runsOn(3) }), 'P').ledger.holders(M))).toEqual(['P@1'])
  })

  test('unlocked by nobody who has it, it is the next one’s all the same', () => {
    function* P({ shared }: Given): Program {
      yield* pthread_mutex_unlock(mutex(shared))
      yield* pthread_mutex_lock(mutex(shared))
    }
    expect(who(by(made({ P, R: runsOn(1) }), 'P P').ledger.holders(M))).toEqual(['P@2'])
  })

  test.each<WakeOrder>(['any', 'fifo', 'lifo'])(
    'is given back while its holder waits on a condition, waking by %s',
    (wakeOrder) => {
      function* P({ shared }: Given): Program {
        yield* pthread_mutex_lock(mutex(shared))
        yield* pthread_cond_wait(shared.c, mutex(shared))
        yield* store(shared.x, 'i32', 1)
        yield* pthread_mutex_unlock(mutex(shared))
      }
      function* Q({ shared }: Given): Program {
        yield* pthread_mutex_lock(mutex(shared))
        yield* pthread_cond_signal(shared.c)
        yield* pthread_mutex_unlock(mutex(shared))
      }
      const at = (maxSteps: number) => by(made({ P, Q }, { maxSteps }), 'P P Q Q Q P P P', { wakeOrder }).ledger
      expect(who(at(1).holders(M))).toEqual(['P@1'])
      expect(who(at(2).holders(M))).toEqual([])
      expect(who(at(3).holders(M))).toEqual(['Q@3'])
      expect(who(at(5).holders(M))).toEqual([])
      expect(who(at(6).holders(M))).toEqual(['P@6'])
      const { ledger } = by(made({ P, Q }), 'P P Q Q Q P P P', { wakeOrder })
      expect(ledger.holders(M)).toEqual([])
      expect(who(ledger.givers(M))).toEqual(['P@2', 'Q@5', 'P@8'])
      expect(spans(ledger.holdings(M))).toEqual(['P@1-2', 'Q@3-5', 'P@6-8'])
    },
  )
})

describe('a semaphore', () => {
  const S = 'semaphore at table+800'

  function* made1({ shared }: Given): Program {
    yield* sem_init(sem(shared), 1, 1)
  }

  test('that is used as a lock is held, also when another posts it', () => {
    function* P(context: Given): Program {
      yield* made1(context)
      yield* sem_wait(sem(context.shared))
      yield* store(context.shared.x, 'i32', 1)
    }
    function* Q({ shared }: Given): Program {
      yield* sem_post(sem(shared))
    }
    expect(who(by(made({ P, Q }, { maxSteps: 2 }), 'P P').ledger.holders(S))).toEqual(['P@2'])
    const { ledger } = by(made({ P, Q }), 'P P Q P')
    expect(ledger.holders(S)).toEqual([])
    expect(who(ledger.givers(S))).toEqual(['Q@3'])
  })

  test('of which several have a unit is given back by whoever does', () => {
    function* P(context: Given): Program {
      yield* sem_init(sem(context.shared), 1, 2)
      yield* sem_wait(sem(context.shared))
      yield* store(context.shared.x, 'i32', 1)
    }
    function* Q({ shared }: Given): Program {
      yield* sem_wait(sem(shared))
      yield* sem_post(sem(shared))
    }
    const { ledger } = by(made({ P, Q }), 'P P Q Q P')
    expect(who(ledger.holders(S))).toEqual(['P@2'])
    expect(spans(ledger.holdings(S))).toEqual(['P@2-null', 'Q@3-4'])
  })

  test('that counts what there is has no holders, and its givers are those who make it', () => {
    function* P({ shared }: Given): Program {
      for (let i = 0; i < 2; i++) yield* sem_post(sem(shared))
    }
    function* Q({ shared }: Given): Program {
      for (let i = 0; i < 3; i++) yield* sem_wait(sem(shared))
    }
    const { ledger } = by(made({ P, Q }), 'P P Q Q')
    expect([...ledger.holders(S), ...ledger.holdings(S)]).toEqual([])
    expect(who(ledger.givers(S))).toEqual(['P@1', 'P@2'])
    expect(who(ledger.takers(S))).toEqual(['Q@3', 'Q@4'])
  })

  test('goes by its name, whichever process opened it how', () => {
    const opens = (name: string, then: 'wait' | 'post') =>
      function* (): Program {
        const s = yield* sem_open(name, O_CREAT, 0o600, 1)
        yield* then === 'wait' ? sem_wait(s) : sem_post(s)
        yield* sem_wait(s)
      }
    const { ledger } = by(made({ P: opens('/lock', 'wait'), Q: opens('lock', 'post') }, { maxSteps: 4 }), 'P P Q Q')
    expect(ledger.subjects).toEqual(['/lock'])
    expect(who(ledger.givers('/lock'))).toEqual(['Q@4'])
  })
})

describe('signals', () => {
  test('on a condition that nobody waits on are lost; others are not', () => {
    const C = 'condition variable at table+400'
    function* P({ shared }: Given): Program {
      yield* pthread_mutex_lock(mutex(shared))
      yield* pthread_cond_wait(shared.c, mutex(shared))
    }
    function* Q({ shared }: Given): Program {
      yield* pthread_cond_signal(shared.c)
      yield* pthread_cond_broadcast(shared.c)
      yield* pthread_cond_signal(shared.c)
    }
    const { ledger } = by(made({ P, Q, R: runsOn(1) }), 'Q Q P P Q P')
    expect(ledger.lost(C)).toMatchObject([
      { thread: 'Q', step: 1, call: 'pthread_cond_signal' },
      { thread: 'Q', step: 2, call: 'pthread_cond_broadcast' },
    ])
    expect(who(ledger.givers(C))).toEqual(['Q@1', 'Q@2', 'Q@5'])
  })

  test('on a futex, and on an element of an array', () => {
    const given = scenario('signals', {
      *setup() {
        const buffer = yield* shared_array_buffer(64, { name: 'flags' })
        return { word: yield* map_anonymous(4, { name: 'word' }), array: int32Array(buffer) }
      },
      programs: {
        *P({ shared: { word, array } }) {
          yield* futex_wait(word, 0)
          yield* Atomics.wait(array, 2, 0)
        },
        *Q({ shared: { word, array } }) {
          for (let i = 0; i < 2; i++) yield* futex_wake(word, 1)
          for (let i = 0; i < 2; i++) yield* Atomics.notify(array, 2)
        },
      },
      expect: 'proved',
    })
    const { ledger } = by(given, 'Q P Q P P Q Q')
    expect(who(ledger.lost('futex at word+0'))).toEqual(['Q@1'])
    expect(who(ledger.givers('futex at word+0'))).toEqual(['Q@1', 'Q@3'])
    expect(ledger.lost('element at flags+8')).toMatchObject([{ thread: 'Q', step: 7, call: 'Atomics.notify' }])
  })
})

describe('messages', () => {
  test.each([0, 1])('nobody holds what it received, from a mailbox of capacity %i', (capacity) => {
    const given = scenario('mailbox', {
      *setup() {
        return { jobs: yield* mailbox_create('jobs', { capacity }) }
      },
      programs: {
        *P({ shared }) {
          for (let i = 0; i < 3; i++) yield* mailbox_send(shared.jobs, i)
        },
        *Q({ shared }) {
          for (let i = 0; i < 3; i++) yield* mailbox_receive(shared.jobs)
        },
      },
      expect: 'proved',
    })
    for (const schedule of ['', 'Q P', 'P Q']) {
      const { ledger, ending } = by(given, schedule, { wakeOrder: 'fifo' })
      expect(ending).toBe('done')
      expect(ledger.holders('mailbox jobs')).toEqual([])
      expect(ledger.givers('mailbox jobs')).toHaveLength(3)
      expect(ledger.takers('mailbox jobs')).toHaveLength(3)
    }
  })

  test('a link’s sender gives', () => {
    function* P(): Program {
      yield* send('Q', 1)
    }
    function* Q(): Program {
      yield* receive('P')
    }
    for (const schedule of ['P Q', 'Q P']) {
      const { ledger } = by(made({ P, Q }), schedule)
      expect(ledger.givers('link P → Q').map(({ thread }) => thread)).toEqual(['P'])
      expect(ledger.holders('link P → Q')).toEqual([])
    }
  })
})

describe('at the step limit', () => {
  /** As a bounded buffer whose producer sleeps with the lock: no call knows who alone could end such a wait. */
  function* producer({ shared }: Given): Program {
    yield* sem_init(sem(shared, 0), 1, 1)
    yield* sem_init(sem(shared, 1), 1, 1)
    for (;;) {
      yield* sem_wait(sem(shared, 0))
      yield* sem_wait(sem(shared, 1))
      yield* sem_post(sem(shared, 0))
      yield* sem_post(sem(shared, 2))
    }
  }
  function* consumer({ shared }: Given): Program {
    for (;;) {
      yield* sem_wait(sem(shared, 2))
      yield* sem_wait(sem(shared, 0))
      yield* sem_post(sem(shared, 0))
      yield* sem_post(sem(shared, 1))
    }
  }
  const given = made({ producer, consumer, R: runsOn() })
  const schedule = 'producer*6 consumer*4 producer*5 consumer*1 R'

  test('who is stuck as far as the run shows is told, where there is a ledger', () => {
    expect(by(given, schedule).ending).toBe('step limit')
    const { failure, ending } = by(given, schedule, { ledger: true })
    expect(ending).toBe('deadlock')
    expect(failure).toMatchObject({ kind: 'deadlock', stuck: ['producer', 'consumer'] })
    expect(failure?.message).toBe(
      'producer and consumer wait for each other: ' +
        'producer in sem_wait(semaphore at table+832) (held by itself, given so far by consumer), ' +
        'consumer in sem_wait(semaphore at table+800) (held by producer, given so far by producer and itself); R can go on',
    )
  })

  test('and recording says so', () => {
    const { verdict } = record(given, { decider: replay(readSchedule(schedule)) })
    expect(verdict.failure).toMatchObject({ kind: 'deadlock', threads: ['producer', 'consumer'] })
  })

  test('not who went on a short while ago', () => {
    expect(by(given, `R*150 ${schedule}`, { ledger: true }).ending).toBe('step limit')
  })

  test('not who waits for something that one gives who goes on', () => {
    function* R({ shared }: Given): Program {
      yield* sem_post(sem(shared, 1))
      yield* sem_wait(sem(shared, 1))
      for (;;) yield* int32(shared.x).store(0, 1)
    }
    const { ending } = by(
      made({ producer, consumer, R }),
      'producer*2 R*2 producer*4 consumer*4 producer*5 consumer*1 R',
      { ledger: true },
    )
    expect(ending).toBe('step limit')
  })

  test('not who waits for something that nobody has ever given', () => {
    function* P({ shared }: Given): Program {
      yield* sem_wait(sem(shared, 2))
    }
    expect(by(made({ P, R: runsOn() }), 'R', { ledger: true }).ending).toBe('step limit')
  })

  test('nor anybody where only total deadlocks count', () => {
    const total = made({ producer, consumer, R: runsOn() }, { deadlocks: 'total' })
    expect(by(total, schedule, { ledger: true }).ending).toBe('step limit')
  })
})
