import fc from 'fast-check'
import { type Call, Driver } from 'ipclab/kernel'
import * as mach from 'ipclab/mach'
import { expect, test } from 'vitest'
import { drafted, notATree } from '../../helpers/drafted.ts'
import { broken } from './conserved.ts'

/** Every call there is. */
const calls = Object.entries(mach as Record<string, unknown>).filter(
  (entry): entry is [string, (...args: unknown[]) => Call<unknown>] =>
    typeof entry[1] === 'function' && /^(mach_port_|mach_msg|bootstrap_|task_|thread_|vm_)/.test(entry[0]),
)

const rubbish = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, 1, 2, 3, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32, 0xffff_ffff, 2 ** 53),
  fc.string({ unit: 'binary' }),
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    {},
    [],
    [3],
    Symbol('port'),
    3n,
    () => 3,
    new Date(0),
    'p',
    '__proto__',
  ),
  fc.record({ msgh_bits: fc.anything(), msgh_remote_port: fc.anything(), body: fc.anything() }),
  fc.record({
    msgh_bits: fc.constantFrom(19, 20, 17, 18, 21, 19 | (21 << 8), 255),
    msgh_remote_port: fc.integer({ min: 0, max: 5 }),
    msgh_local_port: fc.integer({ min: 0, max: 5 }),
    body: fc.array(
      fc.oneof(
        fc.record({ disposition: fc.integer({ min: 14, max: 23 }), ports: fc.array(fc.integer({ min: 0, max: 5 })) }),
        fc.record({ address: fc.constantFrom(0, 0x10000, 2 ** 31), size: fc.integer({ min: -1, max: 9000 }) }),
        fc.record({ data: fc.array(fc.anything()) }),
      ),
      { maxLength: 3 },
    ),
  }),
  fc.record({ rcv_name: fc.integer({ min: 0, max: 5 }), timeout: fc.anything(), rcv_size: fc.anything() }),
  fc.anything(),
)

/** Times 20 calls; RUNS=5000 makes 100,000. */
const RUNS = Number(process.env.RUNS ?? 250)
const CALLS = 20
const garbage = fc.array(
  fc.record({ thread: fc.nat(2), which: fc.nat(calls.length - 1), args: fc.array(rubbish, { maxLength: 5 }) }),
  { minLength: CALLS, maxLength: CALLS },
)

const THREADS = ['p', 'p2', 'q'] as const

test('whatever a task passes, it gets a code or what it asked for, and never a crash of ours', () => {
  const used = new Set<string>()
  fc.assert(
    fc.property(garbage, fc.boolean(), (list, onDrafts) => {
      const driver = new Driver(onDrafts ? { transact: drafted } : {})
      driver.process({ id: 'p' })
      driver.thread('p', 'p2')
      driver.process({ id: 'q' })
      const blocked = new Set<string>()
      for (const { thread, which, args } of list) {
        const id = THREADS[thread] ?? 'p'
        if (blocked.has(id) || driver.state.threads[id]?.status === 'exited') continue
        const [name, make] = calls[which] as (typeof calls)[number] // below their number
        let made: Call<unknown>
        try {
          made = make(...args)
        } catch (error) {
          // No C program would have been compiled.
          expect((error as Error).name, `${name}: ${(error as Error).message}`).toBe('BadInput')
          continue
        }
        used.add(name)
        expect(notATree(made.args), name).toBeNull()
        const { outcome, completed } = driver.perform(id, made)
        if (outcome === null) blocked.add(id)
        for (const one of completed) blocked.delete(one.thread)
        if (outcome?.how === 'failed') expect(outcome.error.name).toBe('MachError')
        expect(broken(driver.state)).toEqual([])
      }
      expect(notATree(driver.state)).toBeNull()
    }),
    { numRuns: RUNS, seed: 11 },
  )
  expect(used.size).toBe(calls.length)
})

// Found by 100,000 calls.
test('a thread called as no thread is, but every object is, is none', () => {
  const driver = new Driver()
  driver.process({ id: 'p' })
  expect(driver.perform('p', mach.thread_abort('__proto__')).outcome).toMatchObject({ how: 'failed' })
})
