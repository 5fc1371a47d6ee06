import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import pc from 'picocolors'
import { afterEach, expect, test } from 'vitest'
import { aheadLines, lookAhead } from '../../cli/step/ahead.ts'
import { obey } from '../../cli/step/scripted.ts'
import { Session } from '../../cli/step/session.ts'
import { BadInput } from '../../kernel/index.ts'
import { loadScenarioFile } from '../../trace/index.ts'
import { DEADLOCK, type Done, folder, ipclab, LOST, main, removeFolders } from './cli.ts'

afterEach(removeFolders)

/** Each of two asks for a number; one who sleeps and is woken, one with a deadline; a child. */
const ASKING = `
import { choose, int32, log, map_anonymous, scenario } from 'ipclab'
export default scenario('asking', {
  programs: { *p() { const n = yield* choose(3); yield* log('chose ' + n); yield* choose(1) }, *q() { yield* choose(2) } },
  expect: 'holds',
})
`

/** Two wait for a message in one mailbox; a third sends one. */
const WOKEN = `
import { scenario } from 'ipclab'
import { futex_wait, futex_wake, int32, map_anonymous } from 'ipclab'
export default scenario('whom to wake', {
  *setup() { return int32(yield* map_anonymous(4, { name: 'word' })) },
  programs: {
    sleeper: { copies: 2, *program({ shared }) { yield* futex_wait(shared.at(0), 0) } },
    *waker({ shared }) { yield* futex_wake(shared.at(0), 1) },
  },
  expect: 'deadlock',
})
`

async function sessionOf(text: string, choices: readonly string[] = []): Promise<Session> {
  folder({ 'one.ts': text })
  return new Session(await loadScenarioFile('one.ts'), {}, choices)
}

const whoOf = (session: Session): string[] => session.options.map(({ key, choice }) => `${key}:${choice}`)

test('a session says who can go next, with what call, and on which line', async () => {
  const session = await sessionOf(DEADLOCK)
  expect(session.options).toMatchObject([
    { key: '1', choice: 'ping', does: 'receive(pong)', line: 'one.ts:6', running: false },
    { key: '2', choice: 'pong', does: 'receive(ping)', line: 'one.ts:6', running: false },
  ])
  expect(session).toMatchObject({ steps: 0, running: null, waiting: [], ending: null, isAsExpected: null })
  session.take('ping')
  // Whoever is left has the key that it always had.
  expect(whoOf(session)).toEqual(['2:pong'])
  expect(session).toMatchObject({ steps: 1, running: 'ping', waiting: [{ thread: 'ping', call: 'receive' }] })
  session.take('pong')
  expect(session.options).toEqual([])
  expect(session).toMatchObject({ isAsExpected: true, ending: { ending: 'deadlock', steps: 2 } })
})

test('what is taken is gone back behind, gone forward to, and replaced', async () => {
  const session = await sessionOf(LOST)
  session.takeAll(['p1', 'p2', 'p2'])
  const there = session.shown
  expect(session.back()).toBe(true)
  expect(session).toMatchObject({ steps: 2, choices: ['p1', 'p2'], ahead: ['p2'], preemptions: 1 })
  expect(session.forward()).toBe(true)
  expect(session.shown).toEqual(there)
  expect(session.forward()).toBe(false)
  session.goTo(0)
  expect(session.back()).toBe(false)
  expect(session.ahead).toEqual(['p1', 'p2', 'p2'])
  // The same choice keeps what comes after it, another does not.
  session.take('p1')
  expect(session.ahead).toEqual(['p2', 'p2'])
  session.take('p1')
  expect(session).toMatchObject({ choices: ['p1', 'p1'], ahead: [] })
  expect(() => session.take('p1')).toThrow("step 3: the schedule says 'p1', which can't happen here; what can is p2")
  expect(session).toMatchObject({ choices: ['p1', 'p1'], ahead: [] })
})

test('the tables are those of the state, and say what the last step changed', async () => {
  const session = await sessionOf(LOST, ['p1', 'p1'])
  expect(session.shown.changes.join('\n')).toContain('sum+0: 0 → 1')
  expect(session.shown.threads.map(({ thread, status }) => [thread, status])).toEqual([
    ['p1', 'exited'],
    ['p2', 'ready'],
  ])
  session.back()
  expect(session.shown.changes.join('\n')).not.toContain('sum+0: ')
})

test('a choice inside a step is a question of its own', async () => {
  const session = await sessionOf(ASKING, ['p'])
  expect(session.question).toMatchObject({ kind: 'choose', about: 'p', step: 'p' })
  expect(whoOf(session)).toEqual(['0:?0', '1:?1', '2:?2'])
  // The step is not taken before it is answered.
  expect(session).toMatchObject({ steps: 0, choices: ['p'] })
  session.take('?2')
  expect(session).toMatchObject({ steps: 1, question: null, choices: ['p', '?2'] })
  expect(session.trace.event(1).log).toEqual(['chose 2'])
  // Of one there is nothing to ask.
  session.take('p')
  expect(session.choices).toEqual(['p', '?2', 'p', '?0'])
  session.back()
  session.back()
  expect(session).toMatchObject({ steps: 0, choices: [], question: null })
  session.forward()
  expect(session.choices).toEqual(['p', '?2'])
  session.goTo(0)
  session.take('p')
  session.back()
  expect(session).toMatchObject({ question: null, choices: [] })
})

test('a question that a schedule leaves out is answered by the first, but where the schedule ends it is asked', async () => {
  const session = await sessionOf(ASKING, ['p', 'q'])
  expect(session.choices).toEqual(['p', '?0', 'q'])
  expect(session.question).toMatchObject({ step: 'q' })
})

test('who is woken is asked by name, with the keys that the threads have', async () => {
  const session = await sessionOf(WOKEN, ['sleeper1', 'sleeper2', 'waker'])
  expect(session.question?.kind).toBe('wake')
  expect(whoOf(session)).toEqual(['1:>sleeper1', '2:>sleeper2'])
  session.take('>sleeper2')
  expect(session.options).toMatchObject([{ choice: 'sleeper2', does: 'futex_wait(word+0, 0), again' }])
  session.take('sleeper2')
  expect(session.ending).toMatchObject({ ending: 'deadlock', failure: { threads: ['sleeper1'] } })
})

test('who runs goes on until it has to wait', async () => {
  const session = await sessionOf(LOST)
  session.takeAndGoOn('p2')
  expect(session).toMatchObject({ choices: ['p2', 'p2'], preemptions: 0 })
  session.takeAndGoOn('p1')
  expect(session.ending?.ending).toBe('done')
})

test('timers and faults are options behind the threads', async () => {
  folder()
  await ipclab('run', 'classic/killed-with-mutex', '--schedule', 'worker1', '--out', 't.ndjson')
  const { out } = await ipclab('step', 't.ndjson', '--at', '1', '--json')
  const { options } = JSON.parse(out) as { options: { key: string; choice: string; does: string }[] }
  expect(options.map(({ key, choice }) => `${key}:${choice}`)).toEqual(['1:worker1', 'A:-worker1', 'B:-worker2'])
  expect(options[1]?.does).toBe('is killed')
})

test('a program that throws is told of, and the session stands where it stood', async () => {
  const session = await sessionOf(
    LOST.replace('yield* sum.store(0, seen + 1)', "yield* sum.store(0, 1); throw new Error('oops')"),
  )
  session.take('p1')
  expect(() => session.take('p1')).toThrow("program 'p1' threw Error: oops")
  expect(session.steps).toBe(1)
})

test('step --schedule says where a schedule leads', async () => {
  folder({ 'each-waits.ts': DEADLOCK })
  const { code, out, err } = await ipclab('step', 'each-waits.ts', '--schedule', 'pi')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatchInlineSnapshot(`
    "each waits (each-waits.ts; expects deadlock)

    step  ping                      pong
       1  receive(pong) sleeps      │
     now  ┊ waits in receive(pong)

    after 1 step, 0 preemptions: ping

    who goes next? only one can
      key  who   does           at
      2    pong  receive(ping)  each-waits.ts:6

    who waits on what
      thread  waits in       for               can be ended by  at
      ping    receive(pong)  link pong → ping  pong             each-waits.ts:6
    "
  `)
  const end = await ipclab('step', 'each-waits.ts', '--schedule', 'pi po')
  expect(end.out).toContain('as the scenario expects (deadlock)')
  expect(end.code).toBe(0)
})

test('step --json has the same as data', async () => {
  folder({ 'lost.ts': LOST })
  const json = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await ipclab('step', 'lost.ts', '--json', ...args)).out) as Record<string, unknown>
  expect(await json()).toMatchObject({ step: 0, choices: [], ending: null, question: null, running: null })
  expect(await json('--schedule', 'p1 p2')).toMatchObject({
    step: 2,
    schedule: 'p1 p2',
    preemptions: 1,
    running: 'p2',
    options: [
      { key: '1', choice: 'p1', does: 'store(sum+0, 1)', line: 'lost.ts:12', running: false, preempts: true },
      { key: '2', choice: 'p2', running: true, preempts: false },
    ],
    state: { threads: [{ thread: 'p1' }, { thread: 'p2' }], changes: [expect.stringContaining('p2 comes to store')] },
  })
  expect(await json('--schedule', 'p1 p2*2 p1')).toMatchObject({
    options: [],
    ending: { ending: 'broken', asExpected: true, failure: { name: 'both count' } },
  })
})

test('exit codes: only an ending that nobody expects is a failure', async () => {
  folder({ 'holds.ts': LOST.replace('violates: both count', 'holds'), 'lost.ts': LOST })
  expect(await ipclab('step', 'holds.ts', '--schedule', 'p1 p2')).toMatchObject({ code: 0 })
  expect(await ipclab('step', 'holds.ts', '--schedule', 'p1 p2 p1 p2')).toMatchObject({
    code: 1,
    out: expect.stringContaining('not as the scenario expects (holds)'),
  })
  expect(await ipclab('step', 'lost.ts', '--schedule', 'p1*2 p2*2')).toMatchObject({
    code: 0,
    out: expect.stringContaining('this schedule does not bring about what the scenario expects'),
  })
})

test('lines from a pipe are obeyed, one after the other', async () => {
  const cwd = folder({ 'lost.ts': LOST })
  const { code, out, err } = await piped(['step', 'lost.ts'], 'p1\n2\n# a remark\n\nback\nprocesses\nw\ng\n', cwd)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('   1  p1: load(sum+0) = 0  lost.ts:11\n   2  p2: load(sum+0) = 0  lost.ts:11\nat step 1\n')
  expect(out).toMatch(/threads\n {2}thread +status +call\n {2}p1 +ready +store\(sum\+0/)
  expect(out).toContain('nobody waits')
  expect(out).toContain('   2  p1: store(sum+0, 1)  lost.ts:12\n')
  expect(out).toMatch(/after 2 steps, 0 preemptions: p1\*2\n\nwho goes next\? only one can\n/)
})

test('a pipe can ask what is ahead, go that way, save it, and go on with it later', async () => {
  const cwd = folder({ 'lost.ts': LOST })
  const script = 'p1\ne\ntrouble\nforward 3\nwhy\nsave\n'
  const { code, out } = await piped(['step', 'lost.ts'], script, cwd)
  expect(code).toBe(0)
  expect(out).toMatch(/can this still go wrong\?\n {2}yes: invariant: both count in 3 more steps; trouble takes it/)
  expect(out).toMatch(/can this still end well\?\n {2}yes: done in 3 more steps/)
  expect(out).toContain('\nthe last chance\n')
  expect(out).toContain('saved lost.schedule.json')
  expect(out).toContain('as the scenario expects (violates: both count)')

  const again = await ipclab('step', 'lost.schedule.json', '--json')
  expect(JSON.parse(again.out)).toMatchObject({ step: 4, ending: { asExpected: true }, notes: [] })
  const earlier = await ipclab('step', 'lost.schedule.json', '--at', '2', '--json')
  expect(JSON.parse(earlier.out)).toMatchObject({ step: 2, ending: null })
})

test('what can not be undone is known: no way on ends well', async () => {
  const cwd = folder({ 'lost.ts': LOST })
  const late = await piped(['step', 'lost.ts'], 'p1 p2\ne\n', cwd)
  expect(late.out).toMatch(/end well\?\n {2}no: it is too late \(all \d+ ways on were tried\)/)
  const safe = await piped(['step', 'lost.ts'], 'p1*2\ne\n', cwd)
  expect(safe.out).toMatch(/go wrong\?\n {2}no: every way on from here ends well \(the only way on was tried\)/)
})

test('what was only looked for is not said to be known', async () => {
  const many = LOST.replace('copies: 2', 'copies: 4').replace('=== 2', '>= 0')
  const session = await sessionOf(
    many.replace('const seen', 'for (let i = 0; i < 20; i++) yield* sum.load()\n const seen'),
  )
  const ahead = await lookAhead(session)
  expect(ahead).toMatchObject({ wrong: { answer: 'unknown', way: null }, well: { answer: 'yes', way: { steps: 88 } } })
  expect(aheadLines(ahead, { wrong: '', well: '' })[1]).toMatch(/no such way was met in \d+ runs; there may be others/)
})

test('a trace can be stepped through, from any of its steps', async () => {
  folder({ 'lost.ts': LOST })
  await ipclab('run', 'lost.ts', '--schedule', 'p1 p2*2', '--out', 't.ndjson')
  const end = await ipclab('step', 't.ndjson', '--json')
  expect(JSON.parse(end.out)).toMatchObject({ step: 4, ending: { ending: 'broken' } })
  const middle = await ipclab('step', 't.ndjson', '--at', '1', '--schedule', 'p1', '--json')
  expect(JSON.parse(middle.out)).toMatchObject({ step: 2, schedule: 'p1*2', ending: null })
  // Of a scenario that has changed since, as far as that goes.
  writeFileSync('lost.ts', LOST.replace('const seen', 'yield* sum.load(); const seen'))
  const { out, code } = await ipclab('step', 't.ndjson', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ choices: ['p1', 'p2', 'p2', 'p1'] })
})

test('a schedule that does not fit a scenario any more is followed as far as that goes, and that is said', async () => {
  folder({ 'lost.ts': LOST })
  await ipclab('run', 'lost.ts', '--schedule', 'p1 p2*2', '--out', 't.ndjson')
  writeFileSync('lost.ts', LOST.replace('const seen = yield* sum.load()', 'const seen = 0'))
  const { notes, step } = JSON.parse((await ipclab('step', 't.ndjson', '--json')).out) as {
    notes: string[]
    step: number
  }
  expect(step).toBe(2)
  expect(notes[0]).toContain('the scenario has changed since')
  expect(notes.length).toBeGreaterThan(1)
})

test.each([
  [['step', 'lost.ts', '--schedule', 'p1 p3'], /names 'p3', and there is no such thread: there are p1, p2/],
  [
    ['step', 'lost.ts', '--schedule', 'p1*3'],
    /^step 3: the schedule says 'p1', which can't happen here; what can is p2/,
  ],
  [['step', 'lost.ts', '--schedule', 'p1*2 p2*3'], /^the run is over after step 4, and the schedule goes on with 'p2'/],
  [['step', 'lost.ts', '--at', '3', '--json'], /^there is no step 3; there are 0/],
  [['step', 'lost.ts', '--set', 'no=1', '--json'], /has no parameter 'no'/],
  [['step', 'lost.ts', '--scenario', 'lost.ts', '--json'], /--scenario says which scenario a trace or schedule is of/],
  [['step', 'nowhere.ndjson'], /^there is no file nowhere\.ndjson/],
  [['step', 'nowhere'], /^there is no scenario nowhere here or in the library/],
  [['step', 'other.json'], /^other\.json:1: is no ipclab trace|no schedule/],
  [['step', 't.ndjson', '--set', 'a=1'], /says itself what its run was made with/],
  [['step'], /^missing required argument 'file'/],
])('what can not be stepped through: %j', async (args, message) => {
  folder({ 'lost.ts': LOST, 'other.json': '{"a":1}\n' })
  await ipclab('run', 'lost.ts', '--out', 't.ndjson')
  const { code, err } = await ipclab(...args)
  expect(err).toMatch(/^ipclab: .+\n$/)
  expect(err.slice('ipclab: '.length)).toMatch(message)
  expect(code).toBe(2)
})

test.each([
  ['p1\nnonsense\n', /^line 2: the schedule names 'nonsense'/],
  ['procesess\n', /^line 1: .*or is it the command 'processes'\?/],
  ['p1*2\n1\n', /^line 2: p1 has ended/],
  ['back\n', /^line 1: this is the start/],
  ['forward\n', /^line 1: there is nothing to go forward to/],
  ['p1 p2 p1 p2\ne\n', /^line 2: the run is over: there is nothing ahead/],
  ['p1 p2 p1 p2\n1\n', /^line 2: the run is over: nobody can go on; go back/],
  ['why\n', /^line 1: it has not failed/],
  ['t\n', /^line 1: no such way is known from here; 'e' looks for one/],
  ['save no/such/folder.json\n', /^line 1: cannot write no\/such\/folder\.json: there is no folder/],
  ['save other.json\n', /^line 1: other\.json exists and is no schedule; choose another name/],
  ['save lost.ts\n', /^line 1: lost\.ts exists and is no schedule/],
  ['w w\n', /names 'w', and there is no such thread/],
])('a line that can not be obeyed is told with its number: %j', async (script, message) => {
  const session = await sessionOf(LOST)
  writeFileSync('other.json', '{"a":1}\n')
  writeFileSync('lost.ts', LOST)
  const obeyed = obey(session, Readable.from([script]), { ...PAPER, print() {}, tell() {} })
  await expect(obeyed).rejects.toThrow(BadInput)
  await expect(obeyed).rejects.toThrow(message)
  expect(readFileSync('other.json', 'utf8')).toBe('{"a":1}\n')
  expect(existsSync('one.schedule.json')).toBe(false)
})

const PAPER = { colors: pc.createColors(false), width: 120, watched: false, exitCode: 0 }

test('one who waits is told with what for', async () => {
  const cwd = folder({ 'each-waits.ts': DEADLOCK })
  const { err } = await piped(['step', 'each-waits.ts'], 'ping\nping\n', cwd)
  expect(err).toBe("ipclab: line 2: ping can't go on: it waits in receive(link pong → ping)\n")
})

/** The command with these lines at its standard input. */
function piped(args: readonly string[], lines: string, cwd: string): Promise<Done> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, NO_COLOR: '' } })
    let out = ''
    let err = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.stderr.on('data', (data) => {
      err += data
    })
    child.on('close', (code) => resolve({ code: code ?? -1, out, err }))
    child.stdin.on('error', () => {}) // it may end before it has read all
    child.stdin.end(lines)
  })
}
