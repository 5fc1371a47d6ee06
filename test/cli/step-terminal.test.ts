import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { DEADLOCK, folder, ipclab, LOST, main, removeFolders } from './cli.ts'
import { KEYS, OWN_SCREEN, PseudoTerminal, SCREEN_BACK } from './pseudo-terminal.ts'

/** `ipclab step` on a terminal: what a user sees after each key, and what is left of it. */

const open: PseudoTerminal[] = []

afterEach(() => {
  for (const terminal of open.splice(0)) terminal.close()
  removeFolders()
})

interface Given {
  readonly files?: { readonly [name: string]: string }
  readonly args?: string
  readonly rows?: number
  readonly columns?: number
  readonly env?: NodeJS.ProcessEnv
}

/** The command in a terminal, with the terminal's settings before and after it in files, and its exit code told. */
function step({
  files = { 'lost.ts': LOST },
  args = 'lost.ts',
  rows = 24,
  columns = 80,
  env = {},
}: Given): PseudoTerminal {
  const cwd = folder(files)
  const words = [
    'stty -a > before',
    `sh -c 'echo $$ > pid; exec "${process.execPath}" "${main}" step ${args}'`,
    'echo "exit code $?"',
    'stty -a > after',
  ]
  const terminal = new PseudoTerminal(words.join('; '), { cwd, env, rows, columns })
  open.push(terminal)
  return terminal
}

/** The terminal is as it was, down to its settings. */
async function expectGivenBack(terminal: PseudoTerminal): Promise<void> {
  await terminal.ended
  expect(readFileSync('before', 'utf8')).toContain(' icanon')
  expect(readFileSync('after', 'utf8')).toBe(readFileSync('before', 'utf8'))
  const { written } = terminal
  expect(written.split(OWN_SCREEN).length).toBe(2)
  expect(written.lastIndexOf(SCREEN_BACK)).toBeGreaterThan(written.indexOf(OWN_SCREEN))
  const cursor = (sign: 'h' | 'l'): number => written.lastIndexOf(`[?25${sign}`)
  expect(cursor('h')).toBeGreaterThan(cursor('l'))
}

test('keys say who goes next, until it ends as it should', async () => {
  const terminal = step({})
  const first = await terminal.until(/x leave/)
  expect(first).toMatchInlineSnapshot(`
    "a lost update  lost.ts
    step 0 · 0 preemptions  expects violates: both count

    step  p1  p2












    who goes next?
    ▸ 1  p1  load(sum+0)  lost.ts:11
      2  p2  load(sum+0)  lost.ts:11


    1 2 ↑↓ Enter who goes  Space running goes on  g until it waits  ← back  → again
    p processes  u queues  o objects  c changed  w waits  e can it go wrong?  s save
    ? help  x leave"
  `)
  // By its number, by the arrows and Enter, and by the space bar.
  expect(await terminal.after('1', /step 1 /)).toMatch(/▸ 1 {2}p1 {2}store\(sum\+0, 1\) +lost\.ts:12 +goes on/)
  expect(await terminal.after(KEYS.down, /▸ 2/)).toMatch(/ {2}1 {2}p1/)
  expect(await terminal.after(KEYS.enter, /step 2 /)).toContain('1 preemption')
  expect(await terminal.after(' ', /step 3 /)).toMatch(/3 {2}│ +store\(sum\+0, 1\)/)
  const end = await terminal.after(' ', /p2 can't go on: choose who goes/)
  expect(end).toMatch(/▸ 1 {2}p1/)
  expect(await terminal.after(KEYS.enter, /an invariant is broken after 4 steps/)).toContain(
    'as the scenario expects (violates: both count)',
  )
  expect(await terminal.after(KEYS.enter, /the run is over: ← goes back/)).toContain('step 4')
  terminal.press('x')
  const left = await terminal.until(/exit code/)
  expect(left).toContain('exit code 0')
  expect(left).toContain('after 4 steps, 1 preemption: p1 p2*2 p1')
  expect(left).toMatch(/draw it: .*run lost\.ts --schedule 'p1 p2\*2 p1'/)
  await expectGivenBack(terminal)
})

test('back and forward, to the start and to the end, and another way', async () => {
  const terminal = step({})
  await terminal.until(/x leave/)
  await terminal.after('12', /step 2 /)
  expect(await terminal.after(KEYS.left, /step 1 /)).toContain('→ 1 step on')
  expect(await terminal.after(KEYS.right, /step 2 /)).not.toContain('step on')
  expect(await terminal.after(KEYS.home, /step 0 /)).toContain('→ 2 steps on')
  expect(await terminal.after(KEYS.left, /this is the start/)).toContain('step 0')
  expect(await terminal.after(KEYS.end, /step 2 /)).toContain('1 preemption')
  expect(await terminal.after(`${KEYS.left}1`, /step 2 · 0 preemptions/)).toMatch(/2 {2}store\(sum\+0, 1\)/)
  expect(await terminal.after(KEYS.right, /nobody has gone further yet/)).toContain('step 2')
  // Who has ended, and keys that are none.
  expect(await terminal.after('1', /p1 has ended/)).toContain('step 2')
  expect(await terminal.after('z', /'z' is no key; \? lists them/)).toContain('step 2')
})

test('the tables are a key away, and follow the steps', async () => {
  const terminal = step({ files: { 'each-waits.ts': DEADLOCK }, args: 'each-waits.ts' })
  await terminal.until(/x leave/)
  expect(await terminal.after('1', /step 1 /)).toMatch(/ {2}1 {2}ping {2}waits in receive for link pong → ping/)
  expect(await terminal.after('1', /ping can't go on: it waits in receive/)).toContain('step 1')
  expect(await terminal.after('p', /thread +status/)).toMatch(/ping +(waits|sleeping) +receive\(pong\)/)
  expect(await terminal.after('w', /who waits on what/)).toMatch(/ping +receive\(pong\) +link pong → ping +pong/)
  expect(await terminal.after('u', /for +who waits/)).toMatch(/pong → ping\/receivers +ping/)
  expect(await terminal.after('c', /step 1 of 1/)).toContain('ping: receive(')
  expect(await terminal.after('2', /step 2 of 2/)).toContain('deadlock after 2 steps')
  expect(await terminal.after('o', /kind +name/)).toContain('link')
  expect(await terminal.after('?', /1 2 3 …/)).toMatch(/Space +the running thread goes on/)
  expect(await terminal.after('?', /step +ping +pong/)).toContain('end  ┊ waits in')
  expect(await terminal.after('w', /Esc steps/)).toMatch(/pong +receive\(ping\)/)
  expect(await terminal.after(KEYS.escape, /step +ping +pong/)).not.toContain('Esc')
})

test('it looks ahead, shows the way, and the schedule is saved and graded', async () => {
  const terminal = step({})
  await terminal.until(/x leave/)
  await terminal.after('t', /e looks ahead/)
  const ahead = await terminal.after('e', /still end well\?\n +yes/)
  expect(ahead).toMatch(/still go wrong\?\n {2}yes: invariant: both count in 4 more steps; t shows the way/)
  expect(await terminal.after('t', /→ goes along its 4 steps/)).toContain('step 0')
  await terminal.after(KEYS.right, /step 1 /)
  expect(await terminal.after(KEYS.end, /an invariant is broken/)).toContain('step 4')
  expect(await terminal.after('e', /the run is over: there is nothing ahead/)).toContain('step 4')
  expect(await terminal.after('y', /the last chance/)).toMatch(/who wrote what it went by\n.*\n/)
  await terminal.after('y', /step +p1 +p2/)
  expect(await terminal.after('s', /save the schedule as: lost\.schedule\.json█/)).toContain('Esc do not')
  await terminal.after(KEYS.escape, /not saved/)
  await terminal.after('s', /save the schedule as/)
  // While a name is typed letters are letters.
  await terminal.after(`${KEYS.controlU}axx${KEYS.backspace}.json`, /as: ax\.json█/)
  await terminal.after(KEYS.enter, /saved ax\.json/)
  await terminal.after('s', /save the schedule as/)
  await terminal.after(`${KEYS.controlU}lost.ts${KEYS.enter}`, /lost\.ts exists and is no schedule; choose another/)
  terminal.press('q')
  expect(await terminal.until(/exit code 0/)).toMatch(/go on: .* step ax\.json/)
  await expectGivenBack(terminal)
  expect(await ipclab('grade', 'lost.ts', 'ax.json')).toMatchObject({
    code: 0,
    out: expect.stringContaining("breaks it: 'both count' violated after 4 steps"),
  })
})

test('a question inside a step is asked on the screen', async () => {
  const text = `import { choose, scenario } from 'ipclab'
export default scenario('asks', { programs: { *p() { yield* choose(3) }, *q() { yield* choose(2) } }, expect: 'holds' })`
  const terminal = step({ files: { 'asks.ts': text }, args: 'asks.ts' })
  await terminal.until(/x leave/)
  expect(await terminal.after('1', /p makes a choice: which\?/)).toMatch(/▸ 0 {2}0\n {2}1 {2}1\n {2}2 {2}2/)
  expect(await terminal.after(' ', /first the choice inside the step/)).toContain('step 0')
  expect(await terminal.after('2', /step 1 /)).toMatch(/choose\(3\) = 2/)
  expect(await terminal.after(KEYS.left, /step 0 /)).toContain('who goes next?')
})

test('Ctrl-C leaves, also while it looks ahead, and the terminal is as before', async () => {
  const big = LOST.replace('const seen', 'for (let i = 0; i < 40; i++) yield* sum.load()\n const seen').replace(
    'copies: 2',
    'copies: 4',
  )
  for (const keys of [KEYS.controlC, `e${KEYS.controlC}`, KEYS.controlD]) {
    const terminal = step({ files: { 'lost.ts': big } })
    await terminal.until(/x leave/)
    terminal.press(keys)
    await terminal.until(/exit code 0/)
    await expectGivenBack(terminal)
  }
})

test('what scenario code throws by itself is told on the screen that stays, and the terminal is as before', async () => {
  const late = `${LOST}\nsetTimeout(() => { throw new Error('late') }, 1500)\n`
  const terminal = step({ files: { 'lost.ts': late } })
  await terminal.until(/x leave/)
  const end = await terminal.until(/exit code/)
  expect(end).toMatch(/^ipclab: the scenario's code threw Error: late outside of every call/)
  expect(end).toContain('exit code 2')
  await expectGivenBack(terminal)
})

test('scenario code that ends the process leaves no terminal behind that is ours', async () => {
  const terminal = step({ files: { 'lost.ts': `${LOST}\nsetTimeout(() => process.exit(0), 1500)\n` } })
  await terminal.until(/x leave/)
  expect(await terminal.until(/exit code/)).toContain("the scenario's code ended this process")
  await expectGivenBack(terminal)
})

test('a program that throws is told of, and one can go on', async () => {
  const text = LOST.replace('yield* sum.store(0, seen + 1)', "yield* sum.store(0, 1); throw new Error('oops')")
  const terminal = step({ files: { 'lost.ts': text } })
  await terminal.until(/x leave/)
  expect(await terminal.after('11', /program 'p1' threw Error: oops/)).toContain('step 1')
  expect(await terminal.after('2', /step 2 /)).toContain('▸ 2')
})

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s ends it, and the terminal is as before', async (signal) => {
  const terminal = step({})
  await terminal.until(/x leave/)
  process.kill(Number(readFileSync('pid', 'utf8')), signal)
  const code = { SIGTERM: 143, SIGHUP: 129, SIGINT: 130 }[signal]
  await terminal.until(new RegExp(`exit code ${code}`))
  await expectGivenBack(terminal)
})

test('stopped by Ctrl-Z, or from elsewhere, it gives the terminal back, and takes it again when it goes on', async () => {
  const terminal = step({})
  await terminal.until(/x leave/)
  const times = (sign: string): number => terminal.written.split(sign).length - 1
  // In this terminal there is no shell to go to, so it goes on at once.
  terminal.press(KEYS.controlZ)
  await terminal.after('1', /step 1 /)
  expect([times(SCREEN_BACK), times(OWN_SCREEN)]).toEqual([1, 2])
  const pid = Number(readFileSync('pid', 'utf8'))
  process.kill(pid, 'SIGSTOP')
  process.kill(pid, 'SIGCONT')
  await terminal.after('2', /step 2 /)
})

test('a picture fits its terminal, whatever the size', async () => {
  for (const [rows, columns] of [
    [12, 40],
    [24, 80],
    [40, 120],
  ] as const) {
    const terminal = step({ args: 'classic/philosophers', rows, columns })
    await terminal.until(/leave/)
    await terminal.after('123', /step 3 /)
    const lines = (await terminal.after(KEYS.down, /▸ 4/)).split('\n')
    expect(lines.length).toBeLessThanOrEqual(rows)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
    expect(lines.join('\n')).toContain('who goes next?')
    terminal.close()
  }
})

test('what is too long for the screen is scrolled', async () => {
  const terminal = step({ args: 'posix/mutex-first', rows: 16 })
  await terminal.until(/x leave/)
  expect(await terminal.after('g', /step 17 /)).not.toContain('   1  shm_open')
  expect(await terminal.after(KEYS.pageUp + KEYS.pageUp, /\n +1 {2}shm_open/)).not.toContain('  17  ')
  await terminal.after(KEYS.pageUp + KEYS.pageDown + KEYS.pageDown, /\n +17 {2}sem_wait/)
  await terminal.after('p', /lines 1 to/)
  expect(await terminal.after(KEYS.pageDown, /lines [^1]/)).toMatch(/to (\d+) of \1;/)
  // The next step is seen, wherever one has looked.
  await terminal.after('p', /step +producer/)
  await terminal.after(KEYS.pageUp + KEYS.pageUp, /\n +1 {2}shm_open/)
  await terminal.after('2', /\n +18 /)
})

test('colours only where they are wanted', async () => {
  const bold = `${String.fromCharCode(27)}[1m`
  const colourful = step({ env: { NO_COLOR: '' } })
  await colourful.until(/x leave/)
  expect(colourful.written).toContain(`${bold}a lost update`)
  const plain = step({})
  await plain.until(/x leave/)
  expect(plain.written).not.toContain(bold)
})

test('a terminal that can draw nothing reads lines', async () => {
  const terminal = step({ env: { TERM: 'dumb' } })
  await terminal.until(/who goes next\?/)
  await terminal.after('p1\n', /1 {2}p1: load\(sum\+0\) = 0/)
  await terminal.after('x\n', /exit code 0/)
  expect(terminal.written).not.toContain(OWN_SCREEN)
  await terminal.ended
  expect(existsSync(join(process.cwd(), 'after'))).toBe(true)
})
