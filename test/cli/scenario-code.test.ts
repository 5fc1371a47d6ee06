import { afterAll, expect, test } from 'vitest'
import { folder, LOST, removeFolders, spawned } from './cli.ts'

/** Scenario code that gets at our process: what it does there is told in one line, with the exit code of misuse. */

const code = (inProgram: string, atTop = ''): string =>
  `import { scenario, yield_ } from 'ipclab'\n${atTop}\n` +
  `export default scenario('code', { programs: { *p() { yield* yield_(); ${inProgram} } }, expect: 'proved' })\n`

const cwd = folder({
  'lost.ts': LOST,
  'exits.ts': code('', 'process.exit(0)'),
  'exits-late.ts': code('process.exit(1)'),
  'for-ever.ts': code('', 'await new Promise(() => {})'),
  'rejects.ts': code("void Promise.reject(new Error('late'))"),
  'timer.ts': code(
    '',
    "setTimeout(() => { throw new Error('later') }, 0); await new Promise((go) => setTimeout(go, 500))",
  ),
})
afterAll(removeFolders)

test.each([
  ['exits.ts', /^ipclab: the scenario's code ended this process with exit code 0; .*\n$/],
  ['exits-late.ts', /^ipclab: the scenario's code ended this process with exit code 1; .*\n$/],
  ['for-ever.ts', /^ipclab: the scenario's top level awaits what never comes; mend it there\n$/],
  ['rejects.ts', /^ipclab: the scenario's code threw Error: late outside of every call; .*\n$/],
  ['timer.ts', /^ipclab: the scenario's code threw Error: later outside of every call; .*\n$/],
])('%s', async (file, message) => {
  const done = await spawned(['explore', file], { cwd })
  expect(done.err).toMatch(message)
  expect(done.code).toBe(2)
})

test.skipIf(process.platform !== 'linux')('standard output that can not be written', async () => {
  const { promisify } = await import('node:util')
  const { exec } = await import('node:child_process')
  const { main } = await import('./cli.ts')
  const command = `${process.execPath} ${main} run lost.ts > /dev/full`
  await expect(promisify(exec)(command, { cwd })).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^ipclab: cannot write to standard output: ENOSPC.*\n$/),
  })
})
