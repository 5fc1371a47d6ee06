import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { folder, LOST, main, removeFolders, spawned } from './cli.ts'

/** What only a process of its own shows. */

const BIG = `
import { int32, map_anonymous, scenario } from 'ipclab'
export default scenario('too much for any budget', {
  *setup() { return int32(yield* map_anonymous(4)) },
  programs: { p: { copies: 4, *program({ shared }) { for (let i = 0; i < 30; i++) yield* shared.add(0, 1) } } },
  expect: 'proved',
})
`

const cwd = folder({ 'lost.ts': LOST, 'big.ts': BIG })
const env = { ...process.env, NO_COLOR: '' }
afterAll(removeFolders)

test('a trace replays to the same bytes in another process', async () => {
  const run = await spawned(['explore', 'lost.ts', '--out', 'one.ndjson'], { cwd, env })
  expect(run).toMatchObject({ code: 0, err: '' })
  expect(await spawned(['replay', 'one.ndjson', '--out', 'two.ndjson'], { cwd, env })).toMatchObject({ code: 0 })
  expect(readFileSync('two.ndjson')).toEqual(readFileSync('one.ndjson'))
})

test('exit codes reach the shell, and complaints standard error', async () => {
  const done = await Promise.all([
    spawned(['explore', 'lost.ts', '--set', 'no=1'], { cwd, env }),
    spawned(['explore', 'big.ts', '--executions', '50'], { cwd, env }),
    spawned([], { cwd, env }),
    spawned(['--version'], { cwd, env }),
  ])
  expect(done.map(({ code }) => code)).toEqual([2, 3, 2, 0])
  expect(done[0]).toMatchObject({ out: '', err: expect.stringMatching(/^ipclab: .*\n$/) })
  expect(done[2].err).toContain('Usage: ipclab')
  expect(done[3].out).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test('a reader that has seen enough ends it quietly', async () => {
  const child = spawn(process.execPath, [main, 'run', 'big.ts', '--full'], { cwd, env })
  let err = ''
  child.stderr.on('data', (data) => {
    err += data
  })
  child.stdout.destroy()
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

test('Ctrl-C ends a search and prints what is known so far', async () => {
  const child = spawn(process.execPath, [main, 'explore', 'big.ts', '--executions', '100000000'], { cwd, env })
  let out = ''
  child.stdout.on('data', (data) => {
    out += data
  })
  const timer = setTimeout(() => child.kill('SIGINT'), 3000)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  expect(out).toMatch(/sampled: holds in [\d,]+ schedules; there may be others\nstopped before/)
  expect(code).toBe(3)
})

test.skipIf(process.platform !== 'linux')(
  'colours only on a terminal, and not with NO_COLOR or --no-color',
  async () => {
    const escape = String.fromCharCode(27)
    const piped = await spawned(['explore', 'lost.ts'], { cwd, env: { ...env, FORCE_COLOR: '1' } })
    expect(piped.out).not.toContain(escape)
    const watched = (words: string, no = ''): Promise<string> => onTerminal(`${process.execPath} ${main} ${words}`, no)
    const [plain, off, flag] = [
      await watched('run lost.ts'),
      await watched('run lost.ts', '1'),
      await watched('run lost.ts --no-color'),
    ]
    expect(plain).toContain(`${escape}[1ma lost update`)
    expect(off).not.toContain(`${escape}[1m`)
    expect(flag).not.toContain(`${escape}[1m`)
  },
)

/** What a command writes to a terminal, by way of script(1). */
function onTerminal(command: string, noColor: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd,
      env: { ...env, NO_COLOR: noColor, TERM: 'xterm' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.on('error', reject)
    child.on('close', () => resolve(out))
  })
}
