import fc from 'fast-check'
import type { Faults, Signal } from '../../kernel/index.ts'

/** What may go wrong in a random scenario: nothing, one kind of fault or several, up to a few times. */
export function faults(programs: readonly string[], handled: readonly Signal[]): fc.Arbitrary<Faults> {
  return fc.record(
    {
      kill: fc.oneof(fc.boolean(), fc.subarray([...programs], { minLength: 1 })),
      signal: fc.oneof(fc.boolean(), fc.constantFrom(...handled), fc.constantFrom<Signal>('SIGTERM', 'SIGCHLD')),
      spuriousWakeup: fc.boolean(),
      timeout: fc.boolean(),
      most: fc.integer({ min: 1, max: 4 }),
    },
    { requiredKeys: [] },
  )
}
