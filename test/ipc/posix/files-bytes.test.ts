import fc from 'fast-check'
import { type Context, type Program, scenario, type WakeOrder } from 'ipclab/kernel'
import {
  AF_UNIX,
  close,
  F_SETPIPE_SZ,
  fcntl,
  mkfifo,
  O_RDONLY,
  O_WRONLY,
  open,
  pipe,
  read,
  SOCK_STREAM,
  socketpair,
  write,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { randomSchedules } from '../../helpers/schedules.ts'

/** What goes into a pipe, a FIFO or a stream comes out of it, in order and whole, whatever the schedule. */

interface Case {
  readonly by: 'pipe' | 'fifo' | 'stream'
  /** How many bytes each writer writes in one go. */
  readonly writers: readonly (readonly number[])[]
  /** How many the reader asks for. */
  readonly reads: number
  readonly pages: number
  readonly wakeOrder: WakeOrder
  readonly seed: string
}

const size = fc.oneof(fc.integer({ min: 1, max: 4096 }), fc.constantFrom(1, 4095, 4096))
const large = fc.oneof(size, fc.integer({ min: 4097, max: 250_000 }))

const cases: fc.Arbitrary<Case> = fc.record({
  by: fc.constantFrom('pipe', 'fifo', 'stream'),
  // Several writers keep to PIPE_BUF, or their writes may be torn.
  writers: fc.oneof(
    fc.array(fc.array(size, { maxLength: 4 }), { minLength: 2, maxLength: 3 }),
    fc.tuple(fc.array(large, { maxLength: 4 })),
  ),
  reads: fc.constantFrom(1000, 4096, 5000, 70_000),
  pages: fc.constantFrom(1, 2, 16),
  wakeOrder: fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
  seed: fc.string({ minLength: 1, maxLength: 4 }),
})

/** Each write has a letter of its own. */
const letter = (writer: number, index: number): string => String.fromCharCode(65 + writer * 8 + index)

function* ends(by: Case['by'], reading: boolean, [one, other]: readonly [number, number]): Program<number> {
  if (by === 'fifo') return yield* open('f', reading ? O_RDONLY : O_WRONLY)
  yield* close(reading ? other : one)
  return reading ? one : other
}

const made = ({ by, writers, reads, pages }: Case) =>
  scenario('bytes', {
    *setup() {
      yield* mkfifo('f', 0o600)
      if (by !== 'pipe') return yield* socketpair(AF_UNIX, SOCK_STREAM)
      const both = yield* pipe()
      yield* fcntl(both[0], F_SETPIPE_SZ, pages * 4096)
      return both
    },
    ghost: () => ({ got: '' }),
    programs: {
      *reader({ shared, ghost }) {
        const fd = yield* ends(by, true, shared as readonly [number, number])
        for (let text = yield* read(fd, reads); text !== ''; text = yield* read(fd, reads)) ghost.got += text
      },
      ...Object.fromEntries(
        writers.map((sizes, w) => [
          `w${w}`,
          function* ({ shared }: Context) {
            const fd = yield* ends(by, false, shared as readonly [number, number])
            for (const [index, bytes] of sizes.entries()) {
              const written = yield* write(fd, letter(w, index).repeat(bytes))
              if (written !== bytes) throw new Error(`wrote ${written} of ${bytes}`)
            }
          },
        ]),
      ),
    },
    atEnd: {
      'all has come out as it went in': ({ ghost }) => isWhole((ghost as { got: string }).got, writers),
    },
    expect: 'proved',
  })

function isWhole(got: string, writers: Case['writers']): boolean {
  const runs = got.match(/(.)\1*/gs) ?? []
  const all = writers.flatMap((sizes, w) => sizes.map((bytes, index) => letter(w, index).repeat(bytes)))
  const perWriter = writers.every((_, w) => {
    const own = runs.filter((run) => Math.floor((run.charCodeAt(0) - 65) / 8) === w)
    return own.every((run, index) => run.startsWith(letter(w, index)))
  })
  return perWriter && [...runs].sort().join() === all.sort().join()
}

test('what is written is read, in order, each write in one piece, and nobody waits for ever', () => {
  fc.assert(
    fc.property(cases, (one) => {
      // A FIFO may come to its end between two writers: the reader leaves, and the next gets SIGPIPE.
      const alone = one.by === 'fifo' ? { ...one, writers: one.writers.slice(0, 1) } : one
      const { endings } = randomSchedules(made(alone), one.seed, 4, { wakeOrder: one.wakeOrder })
      expect(Object.keys(endings)).toEqual(['done'])
    }),
    { numRuns: Number(process.env.RUNS ?? 150) },
  )
})
