import {
  await_,
  choose,
  exit,
  fork,
  futex_wait,
  futex_wake,
  getpid,
  getppid,
  kill,
  load,
  map_anonymous,
  type Program,
  pause,
  sigaction,
  sleep,
  store,
  thread_create,
  thread_exit,
  thread_join,
  wait,
} from 'ipclab/kernel'
import { mailbox_create } from 'ipclab/message'
import { close, dup, ftruncate, MAP_SHARED, mmap, munmap, O_CREAT, O_RDWR, shm_open } from 'ipclab/posix'
import { expect, test } from 'vitest'
import { dupBox, makeShelf, openBox } from '../helpers/objects.ts'
import { attempt, outcomes, type Told } from '../helpers/schedules.ts'

/** One program, under every schedule. */
const only = (program: (context: Told) => Program<unknown>, setup?: () => Program<unknown>): string[] =>
  outcomes({ P: program }, { ...(setup && { setup }) })

function* words(count: number, shared = true): Program<number> {
  return yield* map_anonymous(4 * count, { shared })
}

test('a private page is copied when the parent writes and when the child does; a shared one is seen by both', () => {
  const said = only(function* ({ ghost }) {
    const own = yield* words(2, false)
    const common = yield* words(3)
    yield* store(own, 'i32', 1)
    yield* fork(function* child() {
      const first = yield* load(own, 'i32')
      yield* store(own + 4, 'i32', 20)
      yield* store(common, 'i32', 1)
      yield* await_(common + 4, 'i32', (go) => go === 1)
      ghost.push(`child ${first} ${yield* load(own, 'i32')} ${yield* load(own + 4, 'i32')}`)
    })
    yield* await_(common, 'i32', (go) => go === 1)
    yield* store(own, 'i32', 2)
    ghost.push(`parent ${yield* load(own, 'i32')} ${yield* load(own + 4, 'i32')}`)
    yield* store(common + 4, 'i32', 1)
    yield* wait()
  })
  expect(said).toEqual(['parent 2 0 child 1 1 20'])
})

test('a child has its parent’s descriptors, and closing one of them leaves the other process’s open', () => {
  const said = only(function* ({ ghost }) {
    const fd = yield* shm_open('/m', O_RDWR | O_CREAT, 0o600)
    yield* ftruncate(fd, 8)
    yield* fork(function* child() {
      yield* close(fd)
      yield* attempt(ghost, close(fd))
    })
    yield* wait()
    yield* attempt(ghost, dup(fd))
  })
  expect(said).toEqual(['EBADF 4'])
})

test('the lowest free descriptor is the next one, in every process for itself', () => {
  const said = only(
    function* ({ ghost }) {
      for (let i = 0; i < 3; i++) yield* dupBox(0)
      yield* close(1)
      yield* attempt(ghost, dupBox(0))
      yield* attempt(ghost, dupBox(0))
      yield* attempt(ghost, dupBox(0, 10))
      yield* close(0)
      yield* attempt(ghost, dupBox(1))
      yield* fork(function* child() {
        yield* close(2)
        yield* attempt(ghost, dupBox(1))
      })
      yield* wait()
      yield* attempt(ghost, dupBox(1))
    },
    function* () {
      yield* makeShelf()
      yield* openBox()
    },
  )
  expect(said).toEqual(['1 4 10 0 2 5'])
})

test('wait reports each child once, with its code or the signal it died of, and then ECHILD', () => {
  const said = only(function* ({ ghost }) {
    yield* attempt(ghost, wait())
    const one = yield* fork(function* child() {
      yield* exit(256 + 7)
    })
    const two = yield* fork(function* child() {
      yield* pause()
    })
    yield* kill(two, 'SIGTERM')
    ghost.push(JSON.stringify(yield* wait(two)))
    ghost.push(JSON.stringify(yield* wait(one)))
    yield* attempt(ghost, wait(one))
    yield* attempt(ghost, kill(one, '0'))
  })
  expect(said).toEqual([
    'ECHILD {"pid":4,"code":null,"signal":"SIGTERM"} {"pid":3,"code":7,"signal":null} ECHILD ESRCH',
  ])
})

test('a zombie can be signalled until it is waited for', () => {
  const said = only(function* ({ ghost }) {
    const child = yield* fork(function* child() {
      yield* exit()
    })
    yield* attempt(ghost, kill(child, '0'))
    yield* wait()
    yield* attempt(ghost, kill(child, '0'))
  })
  expect(said).toEqual(['ok ESRCH'])
})

test('an orphan’s parent is 1, and nobody waits for it: it leaves no zombie', () => {
  const last: string[] = []
  outcomes(
    {
      *P() {
        yield* fork(function* child() {
          yield* fork(function* grandchild() {
            yield* sleep(1)
            last.push(String(yield* getppid()))
          })
          yield* sleep(1)
        })
      },
    },
    { after: ({ state }) => last.push(...Object.values(state.processes).map(({ status }) => status)) },
  )
  expect(new Set(last)).toEqual(new Set(['3', '1', 'alive', 'reaped']))
})

test('getpid and getppid fit together across fork', () => {
  const said = only(function* ({ ghost, pids }) {
    const child = yield* fork(function* child() {
      ghost.push(`child ${yield* getpid()} of ${yield* getppid()}`)
    })
    yield* wait()
    ghost.push(`${child} ${(yield* getpid()) === pids.P}`)
  })
  expect(said).toEqual(['child 3 of 2 3 true'])
})

test('threads share all memory; thread_join waits for the end, and refuses oneself, strangers and nobody', () => {
  const said = outcomes({
    *P({ ghost }) {
      const own = yield* words(1, false)
      const id = yield* thread_create(function* () {
        yield* store(own, 'i32', 5)
      })
      yield* thread_join(id)
      ghost.push(String(yield* load(own, 'i32')))
      yield* attempt(ghost, thread_join(id))
      yield* attempt(ghost, thread_join('P'))
      yield* attempt(ghost, thread_join('Q'))
      yield* attempt(ghost, thread_join('nobody'))
    },
    *Q() {
      yield* pause()
    },
  })
  expect(said).toEqual(['5 ok EDEADLK ESRCH ESRCH / deadlock'])
})

test('exit ends every thread of the process, also those that wait', () => {
  const said = only(function* ({ ghost }) {
    const common = yield* words(1)
    yield* fork(function* child() {
      yield* thread_create(function* () {
        yield* futex_wait(common, 0)
      })
      yield* thread_create(function* () {
        yield* sleep(1_000_000)
        yield* choose(1)
        yield* exit(9)
      })
      yield* exit(4)
    })
    const { code } = yield* wait()
    ghost.push(`${code} ${yield* futex_wake(common, 10)}`)
  })
  // A thread may be created and run before the main one exits; nobody is left on the futex either way.
  expect(said).toEqual(['4 0', '9 0'])
})

test('the main thread can end before the others; the process ends with the last', () => {
  const said = only(function* ({ ghost }) {
    yield* fork(function* child() {
      yield* thread_create(function* () {
        ghost.push('other')
        yield* choose(1)
      })
      yield* thread_exit()
    })
    ghost.push(JSON.stringify(yield* wait()))
  })
  expect(said).toEqual(['other {"pid":3,"code":0,"signal":null}'])
})

test('a process that is killed at any point lets go of its memory and its mappings', () => {
  const frames = new Set<string>()
  outcomes(
    {
      *P() {
        const own = yield* map_anonymous(8192, { shared: false })
        yield* store(own, 'i32', 1)
        yield* fork(function* child() {
          yield* store(own + 4096, 'i32', 1)
          yield* munmap(own, 4096)
        })
        yield* store(own, 'i32', 2)
        yield* wait()
      },
      *Q({ pids }) {
        try {
          yield* kill(pids.P ?? 0, 'SIGKILL')
        } catch {}
      },
    },
    { after: ({ state }) => frames.add(JSON.stringify([state.frames, state.queues, state.timers])) },
  )
  expect([...frames]).toEqual(['[{},{},[]]'])
})

test('a thread killed while it sleeps with a timer leaves no timer that fires', () => {
  const said = outcomes(
    {
      *P() {
        yield* sleep(100)
      },
      *Q({ pids, ghost }) {
        yield* kill(pids.P ?? 0, 'SIGKILL')
        ghost.push('Q')
      },
    },
    { after: ({ state }) => expect(state.timers).toEqual([]) },
  )
  expect(said).toEqual([' / error: ESRCH', 'Q'])
})

test('who makes a child in a signal handler gets its SIGCHLD and its status like any other', () => {
  const said = only(function* ({ ghost }) {
    yield* sigaction('SIGCHLD', function* (signal) {
      ghost.push(signal)
      yield* choose(1)
    })
    yield* sigaction('SIGUSR1', function* () {
      yield* fork(function* child() {
        yield* exit(6)
      })
      for (;;) {
        try {
          ghost.push(String((yield* wait()).code))
          return
        } catch {}
      }
    })
    yield* kill(yield* getpid(), 'SIGUSR1')
  })
  expect(said).toEqual(['SIGCHLD 6'])
})

test('signals of one kind that wait to be delivered are one', () => {
  const said = only(function* ({ ghost }) {
    let children = 0
    yield* sigaction(
      'SIGCHLD',
      function* () {
        children += 1
        yield* choose(1)
      },
      { restart: true },
    )
    yield* fork(function* child() {})
    yield* fork(function* child() {})
    yield* wait()
    yield* wait()
    ghost.push(String(children))
  })
  expect(said).toEqual(['1', '2'])
})

test('a signal whose action has become the default while it waited to be delivered kills', () => {
  const said = outcomes(
    {
      *P({ ghost }) {
        yield* sigaction('SIGUSR1', function* () {
          ghost.push('handled')
        })
        yield* thread_create(function* () {
          yield* sigaction('SIGUSR1', 'default')
        })
        yield* sleep(1)
        ghost.push('P')
      },
      *Q({ pids }) {
        yield* sleep(1)
        yield* kill(pids.P ?? 0, 'SIGUSR1')
      },
    },
    { after: ({ state }, ending) => ending === 'done' && state.processes.P?.exit?.signal },
  )
  expect(said).toContain('')
  expect(said).toContain('handled P')
})

test('a signal that is ignored by the time it comes does not end a sleep', () => {
  const clocks = new Set<number>()
  outcomes(
    {
      *P() {
        yield* sigaction('SIGUSR1', function* () {
          yield* choose(1)
        })
        yield* thread_create(function* () {
          yield* sigaction('SIGUSR1', 'ignore')
          yield* kill(yield* getpid(), 'SIGUSR1')
        })
        yield* kill(yield* getpid(), 'SIGUSR1')
        yield* sigaction('SIGUSR1', 'ignore')
        yield* sleep(50)
      },
    },
    { after: ({ state }) => clocks.add(state.clock) },
  )
  expect([...clocks]).toEqual([50])
})

test('a process’s mailbox or memory object of a name outlives none of its users by accident', () => {
  const left = new Set<string>()
  outcomes(
    {
      *P() {
        const fd = yield* shm_open('/gone', O_RDWR | O_CREAT, 0o600)
        yield* ftruncate(fd, 4096)
        const at = yield* mmap(null, 4096, 3, MAP_SHARED, fd, 0)
        yield* store(at, 'i32', 1)
        yield* mailbox_create('box')
      },
    },
    {
      after: ({ state }) =>
        left.add(
          Object.values(state.objects)
            .map(({ kind }) => kind)
            .sort()
            .join(),
        ),
    },
  )
  expect(left.size).toBe(1)
  expect([...left][0]).toContain('memory') // it still has its name
})
