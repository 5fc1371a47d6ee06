import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AnyValues } from '../../kernel/index.ts'
import { dfs, dpor } from '../../scheduler/index.ts'
import { loadScenarioFile } from '../../trace/scenario-file.ts'
import { seenBy } from '../helpers/ends.ts'

/** Partial-order reduction comes to every state that depth first ends in: what the systems' calls say they touch is right. */

const folder = join(import.meta.dirname, '../../scenarios')
const RUNS_MAX = 60_000
const STEPS_MAX = 200

test.each<[name: string, params: AnyValues]>([
  ['mach/rpc', { clients: 1 }],
  ['mach/killed', { clients: 1 }],
  ['mach/killed-mended', { clients: 1 }],
  ['mach/dead-name-race', {}],
  ['mach/dead-name-race-mended', {}],
  ['lpc/request-reply', { clients: 1 }],
  ['lpc/server-killed', {}],
  ['lpc/closed-before-complete', {}],
  ['lpc/listen-twice', {}],
  ['lpc/port-closed-mended', {}],
  ['lpc/section', {}],
])('%s', async (name, params) => {
  const { scenario } = await loadScenarioFile(join(folder, `${name}.ts`))
  const every = seenBy(scenario, dfs(), RUNS_MAX, STEPS_MAX, params)
  const reduced = seenBy(scenario, dpor(), RUNS_MAX, STEPS_MAX, params)
  expect(every?.ends.size).toBeGreaterThan(0)
  expect([...(reduced?.ends ?? [])].sort()).toEqual([...(every?.ends ?? [])].sort())
  expect(reduced?.runs).toBeLessThan(every?.runs ?? 0)
})
