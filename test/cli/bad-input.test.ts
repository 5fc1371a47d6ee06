import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { DEADLOCK, folder, ipclab, LOST, removeFolders } from './cli.ts'

afterEach(removeFolders)

const program = (body: string): string =>
  `import { call, defineCall, invariant, PosixError, scenario, yield_ } from 'ipclab'\n` +
  `export default scenario('bad', { programs: { *p() { yield* yield_(); ${body} }, *q() {} }, expect: 'holds' })\n`

const scenarioOf = (title: string, part: string): string =>
  `import { scenario, yield_ } from 'ipclab'\n` +
  `export default scenario('${title}', { programs: { *p() { yield* yield_() } }, expect: 'holds', ${part} })\n`

/** The one line on standard error. */
async function refused(...args: string[]): Promise<string> {
  const { code, err } = await ipclab(...args)
  expect(code).toBe(2)
  expect(err).toMatch(/^ipclab: .+\n$/)
  expect(err).not.toMatch(/\n\s+at /)
  return err.slice('ipclab: '.length, -1)
}

test.each([
  ['missing.ts', /^there is no file missing\.ts; .*ipclab list/],
  ['each-wait.ts', /^there is no file each-wait\.ts; did you mean each-waits\.ts\?/],
  [
    'shared-conter',
    /^there is no scenario shared-conter here or in the library; did you mean textbook\/shared-counter\?/,
  ],
  ['ipclab:nothing/like-it', /^there is no scenario ipclab:nothing\/like-it in the library; 'ipclab list' shows/],
  ['syntax.ts', /^syntax\.ts:2:\d+: syntax error: .*; mend it there/],
  ['none.ts', /^none\.ts has no default export, it exports x; write export default scenario/],
  ['five.ts', /^the default export of five\.ts is a number, not a scenario/],
  ['top.ts', /^top\.ts:2: loading the scenario threw Error: oops; mend its top level/],
  ['throws.ts', /^throws\.ts:2: program 'p' threw Error: oops; for a claim that may fail use assert/],
  ['rubbish.ts', /^program 'p' yielded 5, which is no call; write `yield\* /],
  ['trace.ndjson', /^trace\.ndjson is no scenario file: .*'ipclab replay'/],
  ['claim.ts', /^claim\.ts:2: invariant 'a' threw Error: oops$/],
  ['typo.ts', /^typo\.ts:2: 'typo' has a part 'invariant', and there is no such: there are source/],
  ['', /^the scenario's name is empty; name a file/],
  ['.', /is a folder, not a scenario file/],
])('a scenario that can not be used: %s', async (file, message) => {
  folder({
    'each-waits.ts': DEADLOCK,
    'syntax.ts': 'const x = {\n',
    'none.ts': 'export const x = 1\n',
    'five.ts': 'export default 5\n',
    'top.ts': "\nthrow new Error('oops')\n",
    'throws.ts': program("throw new Error('oops')"),
    'rubbish.ts': program('yield 5 as never'),
    'claim.ts': scenarioOf('claim', "invariants: { a: () => { throw new Error('oops') } }"),
    'typo.ts': scenarioOf('typo', 'invariant: { a: () => true }'),
    'trace.ndjson': '',
  })
  for (const command of ['run', 'explore']) expect(await refused(command, file)).toMatch(message)
})

test('a program that never makes a call is stopped and named', async () => {
  folder({ 'silent.ts': program('for (;;);') })
  expect(await refused('explore', 'silent.ts')).toMatch(/^program 'p' has run for 5 s without making a call/)
})

test.each([
  [['--set', 'round=1'], /^'each waits' has no parameter 'round': it has rounds/],
  [['--set', 'rounds=9'], /^parameter rounds takes a whole number from 1 to 5, not 9/],
  [['--set', 'rounds=many'], /^parameter rounds takes a whole number from 1 to 5, not 'many'/],
  [['--set', 'rounds'], /argument 'rounds' is invalid: write name=value/],
  [['--strategy', 'rr:quantum=0'], /quantum takes a time of at least 1ns/],
  [['--wake-order', 'last'], /Allowed choices are any, fifo, lifo/],
  [['--max-steps', '0'], /argument '0' is invalid: it takes a whole number of at least 1/],
  [['--stratgy', 'dfs'], /^unknown option '--stratgy' \(Did you mean --strategy\?\)/],
  [['more.ts'], /^too many arguments/],
])('options that can not be used: %j', async (options, message) => {
  folder({ 'each-waits.ts': DEADLOCK })
  for (const command of ['run', 'explore']) expect(await refused(command, 'each-waits.ts', ...options)).toMatch(message)
})

test('an unknown strategy is told with those that the command has', async () => {
  folder({ 'each-waits.ts': DEADLOCK })
  const complaint = (command: string) => refused(command, 'each-waits.ts', '--strategy', 'magic')
  expect(await complaint('run')).toBe(
    "there is no strategy or policy 'magic'; there are random, pct, pos, surw, urw, dfs, dpor, fifo, sjf, srtf, rr, priority, mlfq, lottery, stride, cfs, eevdf, edf, rate-monotonic",
  )
  expect(await complaint('explore')).toBe(
    "there is no strategy or policy 'magic'; there are portfolio, random, pct, pos, surw, urw, dfs, dpor, fifo, sjf, srtf, rr, priority, mlfq, lottery, stride, cfs, eevdf, edf, rate-monotonic",
  )
})

test('more options that can not be used', async () => {
  folder({ 'each-waits.ts': DEADLOCK })
  const run = (...args: string[]): Promise<string> => refused('run', 'each-waits.ts', ...args)
  expect(await run('--schedule', 'pong pang')).toMatch(
    /^the schedule names 'pang', and there is no such thread: there are ping, pong; did you mean/,
  )
  expect(await run('--schedule', 'p')).toBe(
    "'p' in the schedule fits ping, pong; write enough of the name to tell them apart",
  )
  expect(await run('--schedule', 'ping ping')).toMatch(
    /^step 2: the schedule says 'ping', which can't happen here; what can is pong/,
  )
  expect(await run('--schedule', 'ping*0')).toMatch(/^'ping\*0' in the schedule is no choice/)
  expect(await run('--schedule', 'ping', '--policy', 'fifo')).toMatch(/each say who decides; give one of them/)
  expect(await refused('explore', 'each-waits.ts', '--executions', '-1')).toMatch(/at least 1/)
  expect(await refused('explore', 'each-waits.ts', '--time', 'long')).toMatch(/a number of seconds above 0/)
  expect(await refused('explore')).toMatch(/^missing required argument 'file'/)
  expect(await refused('explroe', 'x.ts')).toBe("unknown command 'explroe' (Did you mean explore?)")
})

test('traces that can not be used', async () => {
  folder({ 'lost.ts': LOST, 'empty.ndjson': '', 'foreign.ndjson': '{"a":1}\n' })
  await ipclab('run', 'lost.ts', '--schedule', 'p1 p2', '--out', 'good.ndjson')
  const good = readFileSync('good.ndjson', 'utf8')
  writeFileSync('cut.ndjson', good.slice(0, -30))
  writeFileSync('edited.ndjson', good.replace('"time":0', '"time":1'))
  writeFileSync('later.ndjson', good.replace('"version":1', '"version":2'))
  for (const command of ['replay', 'show']) {
    expect(await refused(command, 'nowhere.ndjson')).toMatch(/^there is no file nowhere\.ndjson/)
    expect(await refused(command, 'empty.ndjson')).toMatch(/^empty\.ndjson is empty, no trace/)
    expect(await refused(command, 'foreign.ndjson')).toMatch(/^foreign\.ndjson:1: is no ipclab trace/)
    expect(await refused(command, 'cut.ndjson')).toMatch(/^cut\.ndjson:\d+: is cut off here/)
    expect(await refused(command, 'edited.ndjson')).toMatch(/the digest is not that of the lines before it/)
    expect(await refused(command, 'later.ndjson')).toMatch(/is a trace of version 2, and this ipclab reads version 1/)
  }
  expect(await refused('show', 'good.ndjson', '--step', '5')).toMatch(/^there is no step 5; the trace has steps 0 to 4/)
  expect(await refused('show', 'good.ndjson', '--step', 'x')).toMatch(/at least 0/)
  writeFileSync('lost.ts', LOST.replace('seen + 1', 'seen + 2'))
  expect(await refused('replay', 'good.ndjson')).toMatch(
    /^the replay differs at step 3: expected p2: store.*value 1.*; found p2: store.*value 2.*has changed/,
  )
  mkdirSync('elsewhere')
  process.chdir('elsewhere')
  writeFileSync('moved.ndjson', good.replace('lost.ts', 'gone.ts'))
  expect(await refused('replay', '../good.ndjson')).toMatch(/differs at step 3/) // found beside the trace
})

test('output that can not be written', async () => {
  const here = folder({ 'each-waits.ts': DEADLOCK, 'ipclab-out': 'a file in the way' })
  expect(await refused('explore', 'each-waits.ts', '--out', 'no/such/t.ndjson')).toMatch(
    /^cannot write no\/such\/t\.ndjson: there is no folder no\/such/,
  )
  expect(await refused('run', 'each-waits.ts', '--out', here)).toMatch(/it is a folder; name a file in it/)
  expect(await refused('explore', 'each-waits.ts')).toMatch(
    /^cannot make the folder ipclab-out\/each-waits\/deadlock: .*; say with --out/,
  )
  for (const command of ['run', 'explore'])
    expect(await refused(command, 'each-waits.ts', '--out', 'each-waits.ts')).toMatch(
      /^cannot write each-waits\.ts: a scenario's name ends so, and a trace's does not/,
    )
  expect(await refused('run', 'each-waits.ts', '--out', '')).toMatch(/^cannot write a trace: the path is empty/)
  expect(await refused('new', 'each-waits.ts')).toBe('each-waits.ts exists, and is left as it is; choose another name')
  expect(readFileSync('each-waits.ts', 'utf8')).toBe(DEADLOCK)
  expect(await refused('new', 'no/such.ts')).toMatch(/there is no such folder; make it first/)
  expect(await refused('new', 'my.js')).toMatch(/a scenario's name ends in \.ts/)
  mkdirSync('locked')
  chmodSync('locked', 0o555)
  if (process.getuid?.() !== 0) expect(await refused('new', 'locked/my.ts')).toMatch(/permission denied/)
})

test('an invariant of ours that breaks is told as our bug, with the choices that led to it', async () => {
  folder({
    'panic.ts': program(
      "yield* call(defineCall({ name: 'bad', error: (c, n) => new PosixError(c, n), stages: [{ attempt() { invariant(false, 'planted'); return 1 } }] }), {})",
    ),
  })
  for (const command of ['run', 'explore']) {
    const { code, err } = await ipclab(command, 'panic.ts')
    expect(code).toBe(2)
    expect(err).toContain('a bug in ipclab itself, not in your scenario: this must always hold and does not: planted')
    expect(err).toContain('decisions that led there: p*2\n')
    expect(err).not.toMatch(/\n\s+at /)
  }
})

test('a program that keeps state between runs is told so', async () => {
  const stateful = program('if (runs++ % 2 === 1) yield* yield_()')
  folder({ 'stateful.ts': `${stateful}let runs = 0\n` })
  expect(await refused('explore', 'stateful.ts')).toMatch(
    /is not deterministic: .* its runs part at step 1|goes another way/,
  )
})
