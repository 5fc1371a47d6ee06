import { exit, kill, log, sigaction, thread_exit } from 'ipclab/kernel'
import { describe, expect, test } from 'vitest'
import { bothWays, outcomesBothWays } from '../helpers/both.ts'
import { made, orders, tell } from '../helpers/core.ts'
import * as test_ from '../helpers/objects.ts'

describe.each(orders)('wake order %s', (wakeOrder) => {
  test('a signal handler makes calls of its own, and then the interrupted call fails with EINTR', () => {
    const one = made({
      *P({ ghost }) {
        yield* sigaction('SIGUSR1', function* () {
          yield* tell(ghost, test_.openGate(), 'handler ')
        })
        yield* tell(ghost, test_.enter())
      },
      *Q({ pids }) {
        yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
      },
    })
    const said = outcomesBothWays(one, { wakeOrder })
    // Between the two stages it finds the caller waiting only where the guard says so.
    const between = wakeOrder === 'any' ? [] : ['handler 1 ok']
    expect(said).toEqual(['', 'handler 0 EINTR', 'handler 0 ok', ...between])
  })

  test('with SA_RESTART the call goes on after the handler', () => {
    const one = made({
      *P({ ghost }) {
        yield* sigaction(
          'SIGUSR1',
          function* () {
            yield* tell(ghost, test_.openGate(), 'handler ')
          },
          { restart: true },
        )
        yield* tell(ghost, test_.enter())
      },
      *Q({ pids }) {
        yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
      },
    })
    expect(outcomesBothWays(one, { wakeOrder })).toEqual(['', 'handler 0 ok', 'handler 1 ok'])
  })

  test('a handler is interrupted by another signal, and not by its own', () => {
    const one = made({
      *P({ ghost, pids }) {
        yield* sigaction('SIGUSR1', function* () {
          ghost.push('<1')
          yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
          yield* kill(pids.P ?? 0, 'SIGUSR2')
          ghost.push('1>')
        })
        yield* sigaction('SIGUSR2', function* () {
          ghost.push('<2')
          yield* test_.put()
          ghost.push('2>')
          if (ghost.filter((word) => word === '<1').length === 2) yield* exit()
        })
        yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
      },
    })
    expect(outcomesBothWays(one, { wakeOrder })).toEqual(['<1 <2 2> 1> <1 <2 2>'])
  })

  test('a handler that ends its thread ends the process with it, and one that throws does', () => {
    const ends = made({
      *P({ pids }) {
        yield* sigaction('SIGUSR1', function* () {
          yield* thread_exit()
        })
        yield* kill(pids.P ?? 0, 'SIGUSR1')
        yield* log('never')
      },
    })
    bothWays(ends, { wakeOrder, after: ({ state }) => expect(state.processes.P?.exit?.code).toBe(0) })
    const throws = made({
      *P({ pids }) {
        yield* sigaction('SIGUSR1', function* () {
          yield* test_.twoStages()
        })
        yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
      },
    })
    expect(outcomesBothWays(throws, { wakeOrder })).toEqual([' / P did not catch test_two_stages: ESECOND'])
  })
})
