import { scenario } from 'ipclab/kernel'
import * as lpc from 'ipclab/lpc'
import * as mach from 'ipclab/mach'
import { expect, test } from 'vitest'
import { explore } from '../../explore/index.ts'

// What the first run had made made the second one's ends touch more than the first one's: it was called not deterministic.
test('a run knows nothing of what kinds of objects there were in the run before', async () => {
  const made = (
    name: string,
    use: () => ReturnType<typeof mach.mach_port_allocate> | ReturnType<typeof lpc.NtCreatePort>,
  ) =>
    scenario(name, {
      programs: {
        *idle() {},
        *early() {
          yield* use()
        },
        *late() {
          yield* use()
        },
      },
      expect: 'proved',
    })
  for (const one of [
    made('ports of Mach', () => mach.mach_port_allocate(0, mach.MACH_PORT_RIGHT_RECEIVE)),
    made('ports of LPC', () => lpc.NtCreatePort(null)),
  ])
    for (const strategy of ['dfs', 'dpor', 'random'])
      expect(await explore(one, { strategy, executions: 50, checkDeterminism: 1 })).toMatchObject({ failure: null })
})
