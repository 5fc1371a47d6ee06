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
    expect(lines.join('\n')).toMatch(/\(1 preemption, 4 steps; found in run \d+ /)
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
    expect(said).toContain(`(1 preemption, 4 steps; as kept in ${path})`)
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
  for (const edit of ['an extra call', 'a call between'] as const) expect(guessed(edit)).toMatch(/ {2}step \d: /)

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
  for (const edit of names) expect(broken[edit]).toContain('; as kept in __schedules__/')
}, 120_000)
