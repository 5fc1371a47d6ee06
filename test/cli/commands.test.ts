import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { libraryNames } from '../../cli/scenario.ts'
import { DEADLOCK, folder, ipclab, LOST, removeFolders } from './cli.ts'

afterEach(removeFolders)

test('run draws one schedule, and says how it ended and who waits for what', async () => {
  folder({ 'each-waits.ts': DEADLOCK })
  const { code, out } = await ipclab('run', 'each-waits.ts', '--schedule', 'pi po')
  expect(out).toMatchInlineSnapshot(`
    "each waits (each-waits.ts; by hand)

    step  ping                      pong
       1  receive(pong) sleeps      │
       2  ┊                         receive(ping) sleeps
     end  ┊ waits in receive(pong)  ┊ waits in receive(ping)

    deadlock after 2 steps
    nobody can go on: ping in receive(link pong → ping), pong in receive(link ping → pong)

    who waits on what
      thread  waits in       for               can be ended by  at
      ping    receive(pong)  link pong → ping  pong             each-waits.ts:6
      pong    receive(ping)  link ping → pong  ping             each-waits.ts:6

    what each waited for
      thread  in             for               after step    steps  at
      ping    receive(pong)  link pong → ping  1 to the end  1      each-waits.ts:6
      pong    receive(ping)  link ping → pong  2 to the end  0      each-waits.ts:6
    "
  `)
  expect(code).toBe(0) // a deadlock is what the scenario expects
})

test('a schedule made by hand is followed, and the same run comes of a policy, a seed or a file', async () => {
  folder({ 'lost.ts': LOST })
  const byHand = await ipclab('run', 'lost.ts', '--schedule', 'p1 p2*2', '--out', 'hand.ndjson')
  expect(byHand.out).toContain("'both count' does not hold")
  expect(readFileSync('hand.ndjson', 'utf8')).toContain('{"choices":"p1 p2*2 p1"}')
  const fifo = await ipclab('run', 'lost.ts', '--policy', 'fifo')
  expect(fifo.out).toContain('done: every program came to its end after 4 steps')
  const turns = await ipclab('run', 'lost.ts', '--policy', 'rr:quantum=1')
  expect(turns.out).toContain('an invariant is broken after 4 steps')
  const [one, two] = [await ipclab('run', 'lost.ts', '--seed', 'x'), await ipclab('run', 'lost.ts', '--seed', 'x')]
  expect(one).toEqual(two)
})

// What reduces looks at invariants first, and begins the run once more.
test('a strategy that reduces decides one run as any other does', async () => {
  for (const strategy of ['dpor', 'dpor:source', 'dpor:preemptions=1'])
    expect(await ipclab('run', 'textbook/bounded-buffer', '--strategy', strategy)).toMatchObject({ code: 0, err: '' })
})

test('explore draws the failing schedule, keeps it, and ends with the command that replays it', async () => {
  folder({ 'lost.ts': LOST })
  const { code, out } = await ipclab('explore', 'lost.ts')
  expect(code).toBe(0)
  expect(out).toContain('failed: invariant in run')
  expect(out).toContain('as the scenario expects (violates: both count)')
  expect(out.trim().split('\n').at(-1)).toMatch(
    /^replay: .* replay ipclab-out\/lost\/invariant-both-count\/trace\.ndjson$/,
  )

  const replayed = await ipclab('replay', 'ipclab-out/lost/invariant-both-count/trace.ndjson', '--out', 'again.ndjson')
  expect(replayed.code).toBe(0)
  expect(replayed.out).toContain('each as recorded')
  expect(readFileSync('again.ndjson')).toEqual(readFileSync('ipclab-out/lost/invariant-both-count/trace.ndjson'))
})

test('exit codes say whether it is as the scenario expects', async () => {
  folder({
    'holds.ts': LOST.replace('violates: both count', 'holds'),
    'proved.ts': DEADLOCK.replace("receive('ping'); yield* send('ping', 1)", "send('ping', 1)").replace(
      "'deadlock'",
      "'proved'",
    ),
    'not-found.ts': LOST.replace('copies: 2', 'copies: 1').replace('=== 2', '=== 1'),
    'pruned.ts':
      "import { assume, scenario } from 'ipclab'\nexport default scenario('none', { programs: { *p() { yield* assume(false) } }, expect: 'holds' })",
  })
  expect(await ipclab('explore', 'holds.ts')).toMatchObject({
    code: 1,
    out: expect.stringContaining('not as the scenario expects (holds)'),
  })
  expect(await ipclab('run', 'holds.ts', '--schedule', 'p1 p2')).toMatchObject({ code: 1 })
  expect(await ipclab('explore', 'proved.ts')).toMatchObject({
    code: 0,
    out: expect.stringContaining('proved: holds in every schedule'),
  })
  expect(await ipclab('explore', 'proved.ts', '--strategy', 'random', '--executions', '500')).toMatchObject({ code: 3 })
  expect(await ipclab('explore', 'not-found.ts')).toMatchObject({ code: 1 })
  expect(await ipclab('explore', 'pruned.ts')).toMatchObject({ code: 3, out: expect.stringContaining('inconclusive') })
  expect(existsSync('ipclab-out/proved')).toBe(false)
})

test('--json is JSON, of run, explore, replay, show and list', async () => {
  folder({ 'each-waits.ts': DEADLOCK })
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { out, err } = await ipclab(...args, '--json')
    expect(err).toBe('')
    return JSON.parse(out) as Record<string, unknown>
  }
  expect(await json('run', 'each-waits.ts', '--schedule', 'ping pong')).toMatchObject({
    ending: 'deadlock',
    schedule: 'ping pong',
  })
  expect(await json('explore', 'each-waits.ts', '--out', 't.ndjson')).toMatchObject({
    verdict: 'failed',
    met: 'as expected',
    failure: {
      kind: 'deadlock',
      steps: 2,
      preemptions: 0,
      trace: 't.ndjson',
      waiting: [{ thread: 'ping' }, { thread: 'pong' }],
    },
  })
  expect(await json('replay', 't.ndjson')).toMatchObject({ ending: 'deadlock', note: null })
  expect(await json('show', 't.ndjson', '--step', '1')).toMatchObject({ step: 1 })
  expect((await json('list', 'shared-counter-m'))[0]).toMatchObject({
    name: 'textbook/shared-counter-mended',
    expect: 'proved',
  })
})

test('--set gives parameters other values', async () => {
  folder({ 'each-waits.ts': DEADLOCK })
  const { out } = await ipclab('explore', 'each-waits.ts', '--set', 'rounds=3', '--json')
  expect(JSON.parse(out)).toMatchObject({ params: { rounds: 3 } })
})

test('show has the machine at any step, and what changed in it', async () => {
  folder({ 'lost.ts': LOST })
  await ipclab('run', 'lost.ts', '--schedule', 'p1 p2*2', '--out', 't.ndjson')
  const { out } = await ipclab('show', 't.ndjson', '--step', '3')
  expect(out).toContain('step 3 of 4  p2: store(')
  expect(out).toMatch(/changed\n(?: {2}.*\n)* {2}sum\+0: 0 → 1\n/)
  expect(out).toMatch(/p1 +ready +store\(sum\+0/)
  expect((await ipclab('show', 't.ndjson')).out).toContain('step 4 of 4')
  expect((await ipclab('show', 't.ndjson', '--step', '0')).out).toContain('before the first step')
})

test('what new writes explores to what it expects; mended as it says, it is proved', async () => {
  folder()
  expect(await ipclab('new', 'my.ts')).toMatchObject({ code: 0, out: expect.stringContaining('explore my.ts') })
  expect(await ipclab('explore', 'my.ts')).toMatchObject({ code: 0, out: expect.stringContaining('the balance is 10') })
  const mended = readFileSync('my.ts', 'utf8')
    .replace(/const before = .*\n.*store.*\n/, 'yield* shared.balance.add(0, 10)\n')
    .replace(/expect: 'violates.*'/, "expect: 'proved'")
  writeFileSync('my.ts', mended)
  expect(await ipclab('explore', 'my.ts')).toMatchObject({ code: 0, out: expect.stringContaining('proved') })
})

test('the library is listed, and its scenarios go by their names', async () => {
  folder()
  const { out } = await ipclab('list')
  for (const name of libraryNames()) expect(out).toContain(`\n${name} `)
  for (const name of ['textbook/message-passing', 'message-passing', 'ipclab:textbook/message-passing']) {
    expect((await ipclab('run', name, '--set', 'items=1')).out).toContain('(ipclab:textbook/message-passing')
  }
})

test('a long run is drawn by its beginning and its end, or in full', async () => {
  folder({ 'lost.ts': LOST.replace('const seen', 'for (let i = 0; i < 50; i++) yield* sum.load()\n const seen') })
  const short = await ipclab('run', 'lost.ts')
  expect(short.out).toContain('44 steps left out')
  expect(short.out.split('\n').length).toBeLessThan(80)
  expect((await ipclab('run', 'lost.ts', '--full')).out).toMatch(/^ +50 /m)
})

test('demo tells of each of the textbook programs, and draws one that breaks', async () => {
  folder()
  const { code, out, err } = await ipclab('demo')
  expect(err).toBe('')
  for (const name of libraryNames().filter((one) => one.startsWith('textbook/'))) expect(out).toContain(`\n${name} `)
  expect(out).toMatch(/\n\d+ proved, \d+ broken, each as its scenario expects\n/)
  expect(out).toMatch(/\nstep +producer1 +producer2 +consumer\n/)
  expect(code).toBe(0)
  const trace = /replay: .* replay (\S+)\n$/.exec(out)?.[1] ?? ''
  expect(await ipclab('replay', trace)).toMatchObject({ code: 0 })
})
