import { boot, int32, map_anonymous, type Scenario, scenario } from 'ipclab/kernel'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'
import { decider } from 'ipclab/scheduler'
import { expect, test } from 'vitest'

const PAIRS = 10_000
const BYTES = 64

/** Two of a pair hand a turn to and fro; `asked` counts how often anybody's condition is looked at. */
function pingPong(asked: { conditions: number }): Scenario {
  return scenario('ping-pong', {
    *setup() {
      return yield* map_anonymous(PAIRS * 4 + 4096)
    },
    programs: {
      P: {
        copies: PAIRS * 2,
        *program({ shared, index }) {
          const turn = int32(shared)
          const pair = (index - 1) >> 1
          const me = (index - 1) & 1
          const mine = (value: number): boolean => {
            asked.conditions += 1
            return value === me
          }
          for (;;) {
            yield* turn.await_(pair, mine)
            yield* turn.store(pair, 1 - me)
          }
        },
      },
    },
    expect: 'step limit',
  })
}

test('with 20,000 processes waiting behind guards a step looks at a few of them, however many there are', () => {
  const asked = { conditions: 0 }
  const by = decider('random', '1')
  const simulation = boot(pingPong(asked), { door: by, once: true })
  simulation.start()
  expect(simulation.machine.alive).toBe(2 * PAIRS)
  expect(simulation.machine.ready.size).toBe(PAIRS)
  asked.conditions = 0
  const steps = 20_000
  const { machine } = simulation
  for (let i = 0; i < steps; i++) machine.step(by.next(machine))
  expect(asked.conditions / steps).toBeLessThan(4)
})

test.each(['fifo', 'rr'])(
  '20,000 processes ping-pong over semaphores under %s, and every queue is as long as it should be',
  (policy) => {
    const one = scenario('semaphores', {
      *setup() {
        const base = yield* map_anonymous(PAIRS * 2 * BYTES)
        for (let i = 0; i < PAIRS; i++) {
          yield* sem_init(base + 2 * i * BYTES, 1, 1)
          yield* sem_init(base + (2 * i + 1) * BYTES, 1, 0)
        }
        return base
      },
      programs: {
        P: {
          copies: PAIRS * 2,
          *program({ shared: base, index }) {
            const own = base + (index - 1) * BYTES
            const other = base + ((index - 1) ^ 1) * BYTES
            for (;;) {
              yield* sem_wait(own)
              yield* sem_post(other)
            }
          },
        },
      },
      wakeOrder: 'fifo',
      expect: 'step limit',
    })
    const by = decider(policy, '1')
    const simulation = boot(one, { door: by, once: true })
    simulation.start()
    by.begin(simulation, 0)
    const { machine } = simulation
    for (let i = 0; i < 100_000; i++) machine.step(by.next(machine))
    const asleep = Object.values(simulation.state.threads).filter(({ status }) => status === 'sleeping').length
    expect(machine.ready.size + asleep).toBe(2 * PAIRS)
    expect(Object.values(simulation.state.queues).every(({ length }) => length === 1)).toBe(true)
    expect(Object.keys(simulation.state.queues)).toHaveLength(asleep)
  },
)
