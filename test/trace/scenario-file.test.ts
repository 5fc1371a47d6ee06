import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { BadInput } from '../../kernel/errors.ts'
import * as kernel from '../../kernel/index.ts'
import { frameIn, hashScenarioFile, loadScenarioFile } from '../../trace/scenario-file.ts'
import { complaintOfNobody } from '../helpers/as-nobody.ts'

const root = join(import.meta.dirname, '../..')
const base = realpathSync(mkdtempSync(join(tmpdir(), 'ipclab-scenario-')))
let folders = 0
let here = base

beforeEach(() => {
  here = join(base, String(++folders))
  mkdirSync(here)
})
afterAll(() => rmSync(base, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const file = join(here, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const IMPORT = "import { scenario } from 'ipclab/kernel'\n"
const EXPORT = "export default scenario('it', { programs: { p: function* () {} }, expect: 'proved' })\n"
const MINIMAL = IMPORT + EXPORT

/** A scenario whose `about` is the value of an expression. */
const telling = (imports: string, expression: string): string =>
  `${IMPORT}${imports}\nexport default scenario('it', { about: String(${expression}), programs: {}, expect: 'proved' })\n`

async function about(file: string): Promise<string | undefined> {
  return (await loadScenarioFile(file)).scenario.about
}

async function complaint(path: string): Promise<string> {
  const error: unknown = await loadScenarioFile(path).then(
    () => new Error(`${path} was loaded`),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof BadInput)) throw error
  expect(error.message).not.toContain('\n')
  return error.message.replaceAll(`${here}/`, '')
}

test.each(['a.ts', 'a.mts', 'a.js', 'a.mjs'])(
  'a scenario loads from %s, whatever the nearest package.json says',
  async (name) => {
    for (const type of ['commonjs', 'module']) {
      write('package.json', JSON.stringify({ type }))
      const loaded = await loadScenarioFile(write(name, MINIMAL))
      expect(loaded.scenario.title).toBe('it')
      expect(loaded.file).toBe(join(here, name))
      expect(loaded.files).toEqual([join(here, name)])
    }
  },
)

test('a scenario below node_modules loads, as the shipped library lies there', async () => {
  const file = write('node_modules/ipclab/scenarios/a.ts', `${MINIMAL}export const x: number = 1\n`)
  expect((await loadScenarioFile(file)).scenario.title).toBe('it')
})

test('ipclab is the running copy, in the scenario and in what it imports', async () => {
  // Another copy is installed there, and must not be what the scenario gets.
  write('node_modules/ipclab/package.json', '{"name":"ipclab","type":"module","exports":{"./kernel":"./k.js"}}')
  write('node_modules/ipclab/k.js', "throw new Error('the wrong copy')")
  write('lib/b.ts', "export { BadInput as fromImported } from 'ipclab/kernel'")
  const file = write(
    'a.ts',
    `${IMPORT}import * as all from 'ipclab/kernel'
     import { fromImported } from './lib/b.ts'
     const seen: unknown[] = [all.BadInput, fromImported, (await import('ipclab/kernel')).BadInput]
     export default scenario('it', { programs: {}, ghost: () => seen, expect: 'proved' })`,
  )
  const { scenario } = await loadScenarioFile(file)
  expect(kernel.isScenario(scenario)).toBe(true)
  expect(scenario.ghost?.({})).toEqual([kernel.BadInput, kernel.BadInput, kernel.BadInput])
})

test('relative imports may name the file, its compiled name, no ending at all, or a folder', async () => {
  write('lib/b.ts', 'export const b: string = "b"')
  write('lib/c.mts', 'export const c: string = "c"')
  write('lib/index.ts', 'export const i: string = "i"')
  write('lib/plain.js', 'export const plain = "plain"')
  write('data.json', '{ "d": "json" }')
  const imports = `
    import { b as b1 } from './lib/b.ts'
    import { b as b2 } from './lib/b.js'
    import { b as b3 } from './lib/b'
    import { c } from './lib/c.mjs'
    import { i } from './lib'
    import { plain } from './lib/plain.js'
    import data from './data.json' with { type: 'json' }
    import { basename } from 'node:path'`
  const file = write('a.ts', telling(imports, "[b1, b2, b3, c, i, plain, data.d, basename('/x/y')]"))
  expect(await about(file)).toBe('b,b,b,c,i,plain,json,y')
})

test('a module that two others import is one module, and a cycle gets what is there so far', async () => {
  write('one.ts', 'export const count = { n: 0 }\nimport "./two.ts"')
  write('two.ts', "import { count } from './one.ts'\nexport const bump = (): number => ++count.n")
  write('left.ts', "import { bump } from './two.ts'\nexport const left: number = bump()")
  write('right.ts', "import { bump } from './two.ts'\nexport const right: number = bump()")
  const imports = "import './one.ts'\nimport { left } from './left.ts'\nimport { right } from './right.ts'"
  expect(await about(write('a.ts', telling(imports, '[left, right]')))).toBe('1,2')
})

test('every load is a fresh module, and sees edits in the file and in what it imports', async () => {
  const file = write('a.ts', telling("import { b } from './b.ts'\nconst state = { n: 0 }", '[b, ++state.n]'))
  write('b.ts', 'export const b: number = 1')
  const first = await loadScenarioFile(file)
  const second = await loadScenarioFile(file)
  expect([first.scenario.about, second.scenario.about]).toEqual(['1,1', '1,1'])
  expect(second.scenario).not.toBe(first.scenario)
  expect(second.hash).toBe(first.hash)
  write('b.ts', 'export const b: number = 2')
  const third = await loadScenarioFile(file)
  expect(third.scenario.about).toBe('2,1')
  expect(third.hash).not.toBe(first.hash)
})

test('TypeScript that Node cannot strip loads all the same', async () => {
  const text = `enum Way { In, Out }
    class Point { constructor(readonly x: number) {} }
    import { Program, Scenario } from 'ipclab/kernel'
    export function* p(): Program {}
    export type Mine = Scenario`
  expect(await about(write('a.ts', telling(text, '[Way.Out, Way[0], new Point(3).x]')))).toBe('1,In,3')
})

test('import.meta and top-level await work', async () => {
  const text = telling('const later = await Promise.resolve(import.meta.url)', "later.split('?')[0]")
  expect(await about(write('a b#é.ts', text))).toBe(pathToFileURL(join(here, 'a b#é.ts')).href)
})

test('the hash covers the file and its relative imports to the byte, and not where they lie', () => {
  const hash = (name: string): string => hashScenarioFile(join(here, name))
  write('x/a.ts', `${MINIMAL}import './lib/b'\nimport './none.ts'\n`)
  write('x/lib/b.ts', "export * from '../c.js'\n")
  write('x/c.ts', 'export const c = 1\n')
  const before = hash('x/a.ts')
  expect(before).toMatch(/^[0-9a-f]{16}$/)

  cpSync(join(here, 'x'), join(here, 'elsewhere/y'), { recursive: true })
  cpSync(join(here, 'x/a.ts'), join(here, 'x/renamed.ts'))
  expect(hash('elsewhere/y/a.ts')).toBe(before)
  expect(hash('x/renamed.ts')).toBe(before)

  const hashes = new Set([before])
  const changes = ['export const c = 1\r\n', 'export const c = 1', 'export const c = 2\n', '']
  for (const text of changes) {
    write('x/c.ts', text)
    hashes.add(hash('x/a.ts'))
  }
  expect(hashes.size).toBe(1 + changes.length)
})

test('the hash does not change from one version of ipclab to the next', () => {
  write('lib/b.ts', 'export const b = 1\n')
  expect(hashScenarioFile(write('a.ts', "import './lib/b.ts'\n"))).toMatchInlineSnapshot(`"3c495a7274b74059"`)
})

test('frames say the line of the source, however its types are spread', async () => {
  const lines = join(root, 'test/fixtures/scenario-file/lines.ts')
  const { scenario, file } = await loadScenarioFile(lines)
  const programs = scenario.programs as { p?: () => Iterable<unknown> }
  for (const _ of programs.p?.() ?? []);
  const marks = scenario.ghost?.({}) as { said: number; stack: string }[]
  expect(marks.length).toBeGreaterThan(50)
  expect(marks.map(({ stack }) => frameIn(stack, file)?.line)).toEqual(marks.map(({ said }) => said))
})

test('a link to a scenario is the scenario that it leads to', async () => {
  const file = write('real/a.ts', telling("import { b } from './b.ts'", 'b'))
  write('real/b.ts', 'export const b: number = 7')
  symlinkSync(file, join(here, 'link.ts'))
  const loaded = await loadScenarioFile(join(here, 'link.ts'))
  expect([loaded.file, loaded.scenario.about]).toEqual([file, '7'])
})

test('a scenario loads in a worker and in a process of its own, with the same hash', async () => {
  const file = write('a.ts', `${MINIMAL}export const x: number = 1\n`)
  const loader = pathToFileURL(join(root, '.build/trace/scenario-file.js')).href
  const code = `import { loadScenarioFile } from '${loader}'
    const { scenario, hash } = await loadScenarioFile(${JSON.stringify(file)})
    const said = scenario.title + ' ' + hash\n`
  const expected = `it ${hashScenarioFile(file)}`

  const worker = new Worker(
    new URL(
      `data:text/javascript,${encodeURIComponent(
        `import { parentPort } from 'node:worker_threads'\n${code}parentPort.postMessage(said)`,
      )}`,
    ),
  )
  const said = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  expect(said).toBe(expected)
  await worker.terminate()

  const run = spawnSync(process.execPath, ['--input-type=module', '-e', `${code}process.stdout.write(said)`])
  expect([run.stdout.toString(), run.stderr.toString()]).toEqual([expected, ''])
})

test('Node loads it by itself where it can', () => {
  const file = write('a.ts', telling('', 'new Error().stack'))
  const loader = pathToFileURL(join(root, '.build/trace/scenario-file.js')).href
  const code = `import { loadScenarioFile } from '${loader}'
    process.stdout.write((await loadScenarioFile(${JSON.stringify(file)})).scenario.about)`
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', code])
  const native = run.stdout.toString().includes('a.ts?ipclab=')
  expect(native).toBe(Number(process.versions.node.split('.')[0]) >= 22)
  expect(frameIn(run.stdout.toString(), file)?.line).toBe(3)
})

test('a missing file is told with the name that was meant', async () => {
  write('producer.ts', MINIMAL)
  expect(await complaint(join(here, 'producr.ts'))).toBe('there is no file producr.ts; did you mean producer.ts?')
  expect(await complaint(join(here, 'producer'))).toBe('there is no file producer; did you mean producer.ts?')
  expect(await complaint(join(here, 'quite-else.ts'))).toBe(
    "there is no file quite-else.ts; 'ipclab list' shows the library and 'ipclab new' writes a first scenario",
  )
  expect(await complaint(join(here, 'no/such/a.ts'))).toBe(
    "there is no folder no/such, so no a.ts in it; 'ipclab list' shows the library",
  )
})

test('what is not a scenario file is told from what could be one', async () => {
  mkdirSync(join(here, 'empty'))
  write('full/first.ts', MINIMAL)
  expect(await complaint(join(here, 'empty'))).toBe(
    "empty is a folder, not a scenario file; 'ipclab list' shows the library",
  )
  expect(await complaint(join(here, 'full'))).toBe(
    'full is a folder, not a scenario file; name one of its files, such as full/first.ts',
  )
  expect(await complaint(write('a.txt', ''))).toBe(
    'a.txt is no scenario file: its name must end in .ts, .mts, .js, .mjs',
  )
  expect(await complaint(write('a.ndjson', ''))).toContain("a trace is for 'ipclab replay'")
})

test('a link that leads to itself is told', async () => {
  symlinkSync(join(here, 'a.ts'), join(here, 'a.ts'))
  expect(await complaint(join(here, 'a.ts'))).toMatch(/^cannot read a\.ts: ELOOP/)
})

test('a file that may not be read is told', () => {
  const file = write('a.ts', MINIMAL)
  chmodSync(file, 0)
  chmodSync(here, 0o755)
  chmodSync(dirname(here), 0o755)
  expect(complaintOfNobody("loadScenarioFile('a.ts')", here)).toBe(
    'cannot read a.ts: permission denied; make it readable',
  )
})

test.each([
  ['a.ts', 'const x: = 3\n', 'a.ts:3:10: syntax error: Unexpected token; mend it there'],
  ['a.js', 'function* p() {\n', 'a.js:4:1: syntax error: Unexpected token; mend it there'],
  ['a.ts', 'await = 3\n', 'a.ts:3:7: syntax error: Unexpected token; mend it there'],
])('bad syntax in %s (%j) is told with its line and column, in one sentence', async (name, text, words) => {
  expect(await complaint(write(name, MINIMAL + text))).toBe(words)
})

test('bad syntax in an imported file names that file', async () => {
  write('b.ts', 'export const b = {\n')
  expect(await complaint(write('a.ts', `import './b.ts'\n${MINIMAL}`))).toMatch(/^b\.ts:2:1: syntax error: /)
})

test.each([
  [
    'const x: null | { y: 1 } = null\nx.y\n',
    "a.ts:4: loading the scenario threw TypeError: Cannot read properties of null (reading 'y'); mend its top level",
  ],
  ["type A =\n 1\nthrow new Error('no\\nway')\n", 'a.ts:5: loading the scenario threw Error: no; mend its top level'],
  ["JSON.parse('{')\n", 'a.ts:3: loading the scenario threw SyntaxError: '],
  ["throw 'words'\n", 'a.ts: loading the scenario threw words; mend its top level'],
  [
    "scenario('x', { programs: { 'a b': function* () {} }, expect: 'proved' })\n",
    "a.ts:3: 'x': 'a b' can't name a process",
  ],
])('%j while loading is told with its line', async (text, words) => {
  expect(await complaint(write('a.ts', MINIMAL + text))).toContain(words)
})

test('what an imported file throws is told with its line there', async () => {
  write('b.ts', 'export const b: number = 1\nundefined_()\n')
  const words = await complaint(write('a.ts', `import './b.ts'\n${MINIMAL}`))
  expect(words).toBe('b.ts:2: loading the scenario threw ReferenceError: undefined_ is not defined; mend its top level')
})

test.each([
  ["import { b } from './helper.ts'", "a.ts:1: cannot find './helper.ts'; did you mean 'helpers.ts'?"],
  ["\nimport {\n  b,\n} from '../no/b.ts'", "a.ts:4: cannot find '../no/b.ts'; check the path"],
  [
    "import b from 'no-such-package'",
    "a.ts:1: cannot find 'no-such-package'; install the package where the scenario lies",
  ],
  ["import { b } from 'ipclab/pozix'", "a.ts:1: cannot find 'ipclab/pozix'; there are ipclab, ipclab/kernel, "],
  [
    "import { scenaro as b } from 'ipclab/kernel'",
    "a.ts:1: 'ipclab/kernel' has no export 'scenaro'; did you mean 'scenario'?",
  ],
  [
    "import { quite_else as b } from 'ipclab/kernel'",
    "a.ts:1: 'ipclab/kernel' has no export 'quite_else'; check its spelling",
  ],
  ["import { helq as b } from './helpers.ts'", "a.ts:1: './helpers.ts' has no export 'helq'; did you mean 'help'?"],
  ["const b = await import(['.', 'helpers.ts'].join('/'))", 'a.ts: imports helpers.ts in a way that can'],
])('%j cannot be resolved, and that is told with its line', async (text, words) => {
  write('helpers.ts', 'export const help: number = 1')
  expect(await complaint(write('a.ts', `${text}\nb\n${MINIMAL}`))).toContain(words)
})

test('without a default export it is told what to write', async () => {
  const how = "write export default scenario('title', { programs: { … }, expect: '…' })"
  expect(await complaint(write('a.ts', ''))).toBe(`a.ts has no default export, it exports nothing; ${how}`)
  expect(await complaint(write('a.ts', 'export const consumer = 1, producer = 2'))).toBe(
    `a.ts has no default export, it exports consumer, producer; ${how}`,
  )
})

test.each([
  ['undefined', 'undefined'],
  ['null', 'null'],
  ['{ programs: {} }', 'a plain object'],
  ['function* () {}', 'a function'],
  ["'title'", 'a string'],
  ['[]', 'an array'],
  ['Promise.resolve()', 'a promise'],
])('a default export that is %s is told to be %s, not a scenario', async (value, kind) => {
  expect(await complaint(write('a.ts', `export default ${value}`))).toMatch(
    new RegExp(`^the default export of a.ts is ${kind}, not a scenario; write export default scenario\\(`),
  )
})

test('a scenario of another copy of ipclab is told as that', async () => {
  expect(await complaint(write('a.ts', "export default { title: 'x', programs: {} }"))).toContain(
    'another copy of ipclab',
  )
})
