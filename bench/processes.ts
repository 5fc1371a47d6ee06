import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sem_init, sem_post, sem_wait } from '../ipc/posix/index.ts'
import { boot, map_anonymous, scenario } from '../kernel/index.ts'

/** Many processes, in pairs that pass a token to and fro over two semaphores: memory for each, and steps a second. */

const pairs = (count: number) =>
  scenario('ping-pong in pairs', {
    setup: function* () {
      const base = yield* map_anonymous(count * 64, { name: 'semaphores' })
      for (let i = 0; i < count; i++) {
        yield* sem_init(base + i * 64, 1, 1)
        yield* sem_init(base + i * 64 + 32, 1, 0)
      }
      return { base }
    },
    programs: {
      p: {
        copies: count * 2,
        *program({ shared, index }) {
          const pair = shared.base + ((index - 1) >> 1) * 64
          const [mine, other] = index % 2 === 1 ? [pair, pair + 32] : [pair + 32, pair]
          for (;;) {
            yield* sem_wait(mine)
            yield* sem_post(other)
          }
        },
      },
    },
    expect: 'holds',
  })

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes that are in use once the garbage is gone. */
function inUse(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** What a generator that stands at its first yield takes, with its context. */
function generatorBytes(count: number): number {
  function* program(context: { index: number }): Generator<number, void, unknown> {
    for (;;) yield context.index
  }
  const before = inUse()
  const made = Array.from({ length: count }, (_, index) => program({ index }))
  for (const generator of made) generator.next()
  const bytes = (inUse() - before) / count
  return made.length > 0 ? bytes : 0
}

export function bench(): void {
  for (const processes of [100, 10_000, 100_000]) {
    const before = inUse()
    const simulation = boot(pairs(processes / 2), { door: { pick: () => 0 }, once: true })
    simulation.start()
    const bytes = (inUse() - before) / processes
    const { machine } = simulation
    let at = 0
    const from = performance.now()
    const made = 100_000
    for (let i = 0; i < made; i++) {
      at = (at + 7919) % machine.ready.size
      machine.step(at)
    }
    const rate = (made / (performance.now() - from)) * 1000
    const own = bytes - generatorBytes(processes)
    console.log(
      `  ${String(processes).padStart(7)} processes: ${Math.round(rate / 1000)}k steps/s, ${(own / 1024).toFixed(2)} KB each beside the generator (to reach: 2 KB)`,
    )
  }
}
