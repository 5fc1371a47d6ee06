import { afterAll, expect, test } from 'vitest'
import { readKept } from '../../trace/index.ts'
import { Project } from './project.ts'

/** Two threads add to a number; `mutex` says with what around it. */
const adding = ({ before = '', inside = '', more = '', first = 'first', local = 'seen', locked = false } = {}) => `
import { int32, load, log, map_anonymous, type Program, scenario, store } from 'ipclab'
import { pthread_mutex_init, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

function* add(at: number): Program {
  ${before}
  ${locked ? 'yield* pthread_mutex_lock(at + 64)' : ''}
  const ${local} = yield* load(at, 'i32')
  ${inside}
  yield* store(at, 'i32', ${local} + 1)
  ${locked ? 'yield* pthread_mutex_unlock(at + 64)' : ''}
}

export default scenario('adding', {
  *setup() {
    const at = yield* map_anonymous(256, { name: 'common' })
    yield* pthread_mutex_init(at + 64)
    return at
  },
  programs: {
    ${first}: ({ shared }) => add(shared),
    second: ({ shared }) => add(shared),
    ${more}
  },
  atEnd: { 'none is lost': ({ load, shared }) => load(shared, 'i32') === 2 },
  expect: 'proved',
})
`

const edits = {
  'an extra call': { before: "yield* load(at + 128, 'i32')" },
  'a call between': { inside: "yield* store(at + 128, 'i32', 7)" },
  'a renamed local': { local: 'value' },
  'another process': { more: "*third({ shared }): Program { yield* load(shared + 128, 'i32') }," },
  'a renamed process': { first: 'one' },
} as const

type Edit = keyof typeof edits
const names = Object.keys(edits) as Edit[]
const fileOf = (edit: Edit): string => `${edit.replaceAll(' ', '-')}.ts`
const files = (text: (edit: Edit) => string) => Object.fromEntries(names.map((edit) => [fileOf(edit), text(edit)]))

/** @param options what a search that begins anew may do */
const spec = (options: string) => `
import 'ipclab/vitest'
import { expect, test } from 'vitest'

const scenarios = import.meta.glob('./*-*.ts', { import: 'default', eager: true })
for (const [file, scenario] of Object.entries(scenarios)) {
  test(file.slice(2, -3).replaceAll('-', ' '), async () => {
    await expect(scenario).toHold(${options})
  })
}
`

const projects: Project[] = []
function project(given: { readonly [name: string]: string }): Project {
  const made = new Project(given)
  projects.push(made)
  return made
}
afterAll(() => {
  for (const one of projects) one.remove()
})

/** A search that finds nothing by itself: each thread runs to its end. */
const BLIND = "{ strategy: 'fifo' }"

test('a kept schedule is tried first, still fails after an unrelated edit, and stays when all is mended', async () => {
  const here = project({ ...files(() => adding()), 'adding.spec.ts': spec('') })

  // It fails, and is kept.
  const first = await here.run()
  expect(Object.keys(first).sort()).toEqual([...names].sort())
  for (const edit of names) {
    const kept = `__schedules__/adding.spec.ts/${edit.replaceAll(' ', '-')}.json`
    const lines = first[edit]?.split('\n    at ')[0]?.split('\n') ?? []
    expect(lines[0]).toContain("expected 'adding' to hold in every schedule, and it does not: violates: none is lost")
    // The story, with the lines as they stand in the file.
    expect(lines.join('\n')).toContain(`(${fileOf(edit)}:10)`)
    expect(lines).toContain('the last chance')
    expect(lines.join('\n')).toMatch(
      /\n4 steps with 1 preemption.*; no failing schedule has fewer preemptions, and none with so few is shorter\nfound in run \d+ /,
    )
    expect(lines.slice(-2)).toEqual([
      `kept in ${kept}, to be tried first from now on`,
      `npx vitest run adding.spec.ts -t "${edit}"`,
    ])
    expect(readKept(`${here.folder}/${kept}`)).toMatchObject({ failure: { kind: 'invariant', name: 'none is lost' } })
  }
  const kept = here.kept()
  expect(kept).toHaveLength(names.length)
  const before = kept.map((name) => here.read(name))

  // From now on it is tried first: the search alone would not find it.
  here.write({ 'adding.spec.ts': spec(BLIND) })
  for (const [edit, said] of Object.entries(await here.run())) {
    const path = `__schedules__/adding.spec.ts/${edit.replaceAll(' ', '-')}.json`
    expect(said).toContain(`4 steps with 1 preemption, as kept in ${path}\n`)
    expect(said).toContain(`kept in ${path}, which is tried first from now on`)
    expect(said).not.toContain('guesses')
  }
  expect(kept.map((name) => here.read(name))).toEqual(before)

  // After an edit, too, and it says where it had to guess.
  here.write(files((edit) => adding(edits[edit])))
  const edited = await here.run()
  for (const edit of names)
    expect([edit, edited[edit]]).toEqual([edit, expect.stringContaining('violates: none is lost')])
  const guessed = (edit: Edit): string | undefined => /took guesses:\n((?: {2}.*\n)+)/.exec(edited[edit] ?? '')?.[1]
  expect(guessed('a renamed local')).toBeUndefined()
  expect(guessed('another process')).toBeUndefined()
  expect(guessed('a renamed process')).toBe('  first is taken to be one\n')
  for (const edit of ['an extra call', 'a call between'] as const)
    expect(guessed(edit)).toMatch(/(first|second) makes (load|store).*, of which the schedule does not know/)

  // What it took guesses for is kept as it is now, and takes none the next time.
  const again = await here.run()
  for (const edit of names) {
    expect(again[edit]).toContain('violates: none is lost')
    expect(again[edit]).not.toContain('guesses')
  }
  expect(here.kept()).toEqual(kept)

  // Mended, it holds, and what is kept stays where it is.
  const last = kept.map((name) => here.read(name))
  here.write(files((edit) => adding({ ...edits[edit], locked: true })))
  expect(await here.run()).toEqual(Object.fromEntries(names.map((edit) => [edit, ''])))
  expect(kept.map((name) => here.read(name))).toEqual(last)

  // And says so at once when it breaks again.
  here.write(files((edit) => adding(edits[edit])))
  const broken = await here.run()
  for (const edit of names) expect(broken[edit]).toContain(', as kept in __schedules__/')
}, 120_000)

/** Tests that fail in all the ways in which names and files could get into each other's way. */
const crowd = `
import { loadScenarioFile } from 'ipclab'
import 'ipclab/vitest'
import { describe, expect, test } from 'vitest'
import adding from './adding.ts'

const mended = (await import('./mended.ts')).default

describe('a suite', () => {
  test('of "strange" names: (a+b)*2 = $x \`y\`', async () => {
    await expect(adding).toHold()
  })
})
for (const name of ['one', 'two', 'three'])
  test.concurrent('at once, ' + name, async ({ expect }) => {
    await expect(adding).toHold({ params: { start: name.length } })
  })
test('the same name', async () => {
  await expect(adding).toHold()
})
test('the same name', async () => {
  await expect(adding).not.toFail()
})
test('The Same Name', async () => {
  await expect(adding).toHold()
})
test('several in one', async () => {
  await expect(mended).toHold()
  await expect(adding).toViolate('none is lost')
  await Promise.all([expect(mended).toHold(), expect(adding).toHold()])
})
test('tried again', { retry: 1 }, async () => {
  await expect(adding).toHold()
})
test('of a file', async () => {
  await expect(await loadScenarioFile('adding.ts')).toHold()
})
test('softly', async () => {
  await expect.soft(adding).toHold()
})
`

const counted = (text: string): string =>
  text
    .replace("'adding', {", "'adding', {\n  params: { start: { default: 0, about: 'the number before' } },")
    .replace('*setup() {', '*setup({ params }) {')
    .replace('return at\n', "yield* store(at, 'i32', params.start)\n    return at\n")
    .replace('=== 2 }', '=== params.start + 2 }')
    .replace('({ load, shared })', '({ load, shared, params })')

test('each test has a schedule of its own, and each can be run alone', async () => {
  const here = project({
    'adding.ts': counted(adding()),
    'mended.ts': adding({ locked: true }),
    'crowd.spec.ts': crowd,
  })
  const all = await here.run()
  for (const [name, said] of Object.entries(all))
    expect([name, said]).toEqual([name, expect.stringContaining('kept in')])
  const kept = here.kept().map((path) => path.replace('__schedules__/crowd.spec.ts/', ''))
  expect(kept).toEqual([
    expect.stringMatching(/^a-suite-of-strange-names-a-b-2-x-y-[0-9a-f]{6}\.json$/),
    ...['one', 'three', 'two'].map((name) => expect.stringMatching(`^at-once-${name}-[0-9a-f]{6}\\.json$`)),
    'of-a-file.json',
    'several-in-one@4.json',
    'softly.json',
    expect.stringMatching(/^the-same-name-[0-9a-f]{6}\.json$/),
    'the-same-name.json',
    'the-same-name~2.json',
    'tried-again.json',
  ])
  // What was asked for is kept with it.
  const one = kept.find((name) => name.startsWith('at-once-three')) ?? ''
  expect(readKept(`${here.folder}/__schedules__/crowd.spec.ts/${one}`).params).toEqual({ start: 5 })

  // The command in a message runs the test that it is of.
  const strange = 'a suite of "strange" names: (a+b)*2 = $x `y`'
  const command = /^npx vitest run (\S+) -t '(.*)'$/m.exec(all[strange] ?? '')
  expect(Object.keys(await here.run([command?.[1] ?? '', '-t', command?.[2] ?? '']))).toEqual([strange])

  // A scenario that a file holds is replayed by the command line.
  const [, trace = ''] = /^npx ipclab replay (\S+)$/m.exec(all['of a file'] ?? '') ?? []
  expect(trace).toBe('ipclab-out/crowd.spec.ts/of-a-file/trace.ndjson')
  const { code, out } = await here.ipclab(['replay', trace])
  expect(out).toContain('none is lost')
  expect(code).toBeLessThan(2)
}, 120_000)

test('a build server keeps nothing, and tries what is kept; a file that can not be read is told', async () => {
  const here = project({ ...files(() => adding()), 'adding.spec.ts': spec('') })
  for (const said of Object.values(await here.run([], { CI: 'true' })))
    expect(said).toContain('\nnot kept, as CI is set\n')
  expect(here.kept()).toEqual([])
  await here.run([], { CI: 'false' })
  const [first = '', second = '', third = '', ...others] = here.kept()
  here.write({ 'adding.spec.ts': spec(BLIND) })
  here.write({
    [first]: here.read(first).slice(0, -9),
    [second]: '<<<<<<< HEAD\n',
    [third]: here.read(third).replace('1,', '7,'),
  })
  const said = await here.run([], { CI: 'true' })
  expect(said['a call between']).toContain(`BadInput: ${first} is cut off, no whole schedule; mend it, or delete it`)
  expect(said['a renamed local']).toContain(`BadInput: ${second} is no schedule of ipclab's`)
  expect(said['a renamed process']).toContain(
    `BadInput: ${third} is a schedule of version 7, and this ipclab reads version 1`,
  )
  for (const path of others) expect(Object.values(said).join()).toContain(`as kept in ${path}\n`)
}, 120_000)
