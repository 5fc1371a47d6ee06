import { explore } from 'ipclab/explore'
import { type Faults, int32, type Program, sigaction } from 'ipclab/kernel'
import {
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_post,
  sem_wait,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { type Body, type Given, made } from '../helpers/explored.ts'

/** Searches of scenarios in which things may go wrong: found where they do harm, proved where they do none. */

const MUTEX = 1024
const COND = 512

function* locks({ shared: { base } }: Given): Program {
  yield* pthread_mutex_lock(base + MUTEX)
  yield* int32(base).load()
  yield* pthread_mutex_unlock(base + MUTEX)
}

const waits = (how: 'while' | 'if') =>
  function* ({ shared: { base }, ghost }: Given): Program {
    const x = int32(base)
    yield* pthread_mutex_lock(base + MUTEX)
    if (how === 'if' && (yield* x.load()) === 0) yield* pthread_cond_wait(base + COND, base + MUTEX)
    while (how === 'while' && (yield* x.load()) === 0) yield* pthread_cond_wait(base + COND, base + MUTEX)
    ghost.noted.push(String(yield* x.load()))
    yield* pthread_mutex_unlock(base + MUTEX)
  }

function* signals({ shared: { base } }: Given): Program {
  yield* pthread_mutex_lock(base + MUTEX)
  yield* int32(base).store(0, 1)
  yield* pthread_cond_signal(base + COND)
  yield* pthread_mutex_unlock(base + MUTEX)
}

const seen: Partial<Body> = { atEnd: { seen: ({ ghost }) => ghost.noted.join() === '1' } }

/** What a search finds with these faults allowed, and the choices that lead there. */
async function found(programs: Body['programs'], faults: Faults, rest: Partial<Body> = {}): Promise<string> {
  const { verdict, failure } = await explore(made(programs as never, { ...rest, faults }))
  return failure === null ? verdict : `${failure.name}: ${failure.schedule.choices.join(' ')}`
}

test.each(['kill', 'signal', 'spuriousWakeup', 'timeout'] as const)(
  'where %s can do no harm it is proved to do none',
  async (fault) => {
    const { verdict, met } = await explore(
      made({ P: waits('while'), Q: signals }, { ...seen, faults: { [fault]: true } }),
    )
    if (fault === 'kill')
      expect(verdict).toBe('failed') // who dies says nothing, and holds the mutex
    else expect([verdict, met]).toEqual(['proved', 'as expected'])
  },
)

test('who is killed with the mutex locked is found, with as few steps as there can be', async () => {
  expect(await found({ P: locks, Q: locks }, {})).toBe('proved')
  expect(await found({ P: locks, Q: locks }, { kill: true })).toMatch(/^deadlock: ([PQ]) -\1$/)
})

test('who looks but once after a wait is found by a wake-up by nothing', async () => {
  expect(await found({ P: waits('if'), Q: signals }, {}, seen)).toBe('proved')
  expect(await found({ P: waits('if'), Q: signals }, { spuriousWakeup: true }, seen)).toMatch(/^seen: .*~P/)
})

test('who has not reckoned with EINTR is found by a signal, and who has is proved', async () => {
  const P = (again: boolean) =>
    function* ({ shared: { base } }: Given): Program {
      yield* sigaction('SIGUSR1', function* () {}, { restart: again })
      yield* sem_wait(base)
    }
  const Q = function* ({ shared: { base } }: Given): Program {
    yield* sem_post(base)
  }
  expect(await found({ P: P(false), Q }, {})).toBe('proved')
  expect(await found({ P: P(false), Q }, { signal: true })).toBe('EINTR: P ^P:SIGUSR1 P')
  expect(await found({ P: P(true), Q }, { signal: true })).toBe('proved')
})
