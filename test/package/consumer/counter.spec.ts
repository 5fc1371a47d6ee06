import fc from 'fast-check'
import { follow, kernelCommands, outcomeInWord, programs, schedules } from 'ipclab/fast-check'
import { sem_init, sem_post, sem_trywait, sem_wait } from 'ipclab/posix'
import 'ipclab/vitest'
import { map_anonymous } from 'ipclab'
import { expect, test } from 'vitest'
import counter from './counter.ts'

// What a user's tests look like, in a project that has the peers: checked and run by scripts/check-package.mjs.

test('a lost update is found', async () => {
  await expect(counter).toViolate('every count counts', { executions: 1000 })
  await expect(counter).not.toHold()
  await expect(counter).toHold({ strategy: 'fifo' })
})

test('one preemption is enough', () => {
  const { counterexample } = fc.check(fc.property(schedules(counter), (one) => follow(counter, one).failure === null))
  expect(counterexample?.[0]).toMatchObject({ preemptions: 1, failure: 'violates: every count counts' })
})

const setup = function* () {
  const at = yield* map_anonymous(64)
  yield* sem_init(at, 1, 1)
  return at
}

test('what is taken in turn never deadlocks', async () => {
  const takers = programs(
    {
      wait: { make: (_, { shared }) => sem_wait(shared), opens: () => 'unit' },
      post: { make: (_, { shared }) => sem_post(shared), closes: 'wait' },
    },
    { setup },
  )
  await fc.assert(
    fc.asyncProperty(takers, (one) => expect(one.scenario()).toHold({ executions: 20 })),
    { numRuns: 5 },
  )
})

test('a semaphore counts', () => {
  const lab = kernelCommands(
    {
      trywait: {
        make: (_, { shared }) => sem_trywait(shared),
        after(model, { outcome }) {
          expect(outcomeInWord(outcome)).toBe(model.value > 0 ? undefined : 'EAGAIN')
          model.value = Math.max(0, model.value - 1)
        },
      },
      post: {
        make: (_, { shared }) => sem_post(shared),
        after(model) {
          model.value += 1
        },
      },
    },
    { threads: ['a', 'b'], model: () => ({ value: 1 }), setup },
  )
  fc.assert(fc.property(lab.commands, (commands) => fc.modelRun(lab.setup, commands)))
})
