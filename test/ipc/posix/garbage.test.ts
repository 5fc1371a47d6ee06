import fc from 'fast-check'
import type { Call } from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { expect, test } from 'vitest'
import { notATree } from '../../helpers/drafted.ts'
import { Hand } from './by-hand.ts'

/** Every call there is; none of these takes anything but plain arguments. */
const calls = Object.entries(posix as Record<string, unknown>).filter(
  (entry): entry is [string, (...args: unknown[]) => Call<unknown>] =>
    typeof entry[1] === 'function' && !['PosixError', 'fromNs'].includes(entry[0]),
)

/** What nobody means: numbers of every kind, and everything that is no number. */
const rubbish = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32, -(2 ** 31), 2 ** 47, 2 ** 53),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('/a', 's', '/', '/../x', '\0', `/${'x'.repeat(300)}`, '__proto__', 'constructor'),
  fc.constantFrom<unknown>(undefined, null, true, {}, [], [3], Symbol('fd'), 3n, () => 3, new Date(0), { tv_sec: '1' }),
  fc.record({ tv_sec: fc.anything(), tv_nsec: fc.anything() }),
  fc.anything(),
)
/** What might be meant, in the wrong place as often as in the right one. */
const plausible = fc.constantFrom<unknown>(
  { tv_sec: 2e6, tv_nsec: 5 },
  0,
  1,
  2,
  3,
  4,
  5,
  0o600,
  0o102,
  4096,
  0x10000,
  0x10010,
  0x11000,
  0x4000_0000,
  '/a',
  '/s',
)

/** Times 20 calls; RUNS=5000 makes 100,000. */
const RUNS = Number(process.env.RUNS ?? 200)
const CALLS = 20

const some = (value: fc.Arbitrary<unknown>) => fc.array(value, { maxLength: 6 })
const made = fc.record({
  which: fc.nat(calls.length - 1),
  args: fc.oneof(some(rubbish), some(fc.oneof(rubbish, plausible)), some(plausible)),
})

/** An object open as 3 and mapped, a semaphore open at 0x10000: so that some calls hit something. */
function prepare(hand: Hand, id: string): void {
  hand.catchFaults(id)
  hand.do(id, posix.shm_open('/a', posix.O_CREAT | posix.O_RDWR, 0o600))
  hand.do(id, posix.ftruncate(3, 4096))
  hand.do(id, posix.sem_open('/s', posix.O_CREAT, 0o600, 1))
  hand.do(id, posix.mmap(0x4000_0000, 4096, 3, posix.MAP_SHARED | posix.MAP_FIXED, 3, 0))
}

test('whatever a program passes, it gets an errno, a fault, or what it asked for, and never a crash of ours', () => {
  const said: Record<string, number> = {}
  const used = new Set<string>()
  fc.assert(
    fc.property(fc.array(made, { minLength: CALLS, maxLength: CALLS }), (list) => {
      const hand = new Hand({ p0: 1000 })
      let process = 'p0'
      prepare(hand, process)
      for (const [index, { which, args }] of list.entries()) {
        const [name, call] = calls[which] ?? ['', posix.sem_wait as never]
        const made = call(...args)
        used.add(name)
        expect(notATree(made.args), name).toBeNull()
        const outcome = hand.do(process, made)
        const word =
          typeof outcome === 'string' && /^[A-Z]/.test(outcome) ? outcome : outcome === 'blocks' ? outcome : 'value'
        said[word] = (said[word] ?? 0) + 1
        if (word !== 'value') expect(word).toMatch(/^(E[A-Z0-9]+|SIGSEGV|SIGBUS|blocks)$/)
        if (word !== 'blocks') continue
        process = hand.driver.process({ id: `p${index + 1}` })
        prepare(hand, process)
      }
      expect(notATree(hand.driver.state)).toBeNull()
    }),
    { numRuns: RUNS },
  )
  expect(used.size).toBe(calls.length)
  expect(Object.values(said).reduce((sum, count) => sum + count)).toBe(RUNS * CALLS)
  // All ways out have been taken, or the arguments were too wild.
  expect(Object.keys(said)).toEqual(expect.arrayContaining(['value', 'blocks', 'EINVAL', 'EBADF', 'ENOENT', 'SIGSEGV']))
})
