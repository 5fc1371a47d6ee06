import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { explore, loadScenarioFile } from '../../index.ts'
import { type Block, blocksOf, wordsOf } from './blocks.ts'

/** What README.md shows is run: its scenarios are checked and explored, its commands give what it says they print. */

const root = join(import.meta.dirname, '../..')
const main = join(root, '.build/cli/main.js')
const blocks = blocksOf(readFileSync(join(root, 'README.md'), 'utf8'))
const files = blocks.filter(({ hints }) => hints.file !== undefined)
const isTest = ({ hints }: Block): boolean => hints.file?.endsWith('.test.ts') === true
const scenarios = files.filter((block) => block.language === 'ts' && !isTest(block))
const tests = files.filter(isTest)
const here = realpathSync(mkdtempSync(join(tmpdir(), 'ipclab-readme-')))

beforeAll(() => {
  for (const { hints, text } of files) writeFileSync(join(here, hints.file ?? ''), text)
  writeFileSync(join(here, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(here, 'node_modules'))
  symlinkSync(join(root, '.build'), join(here, 'node_modules/ipclab'))
  for (const peer of ['vitest', 'fast-check'])
    symlinkSync(join(root, 'node_modules', peer), join(here, 'node_modules', peer))
  writeFileSync(join(here, 'vitest.config.mjs'), CONFIG)
})
/** What was built is loaded as a package is, not transformed as a project's own files are. */
const CONFIG = 'export default { test: { server: { deps: { external: [/\\.build\\//] } } } }\n'
afterAll(() => rmSync(here, { recursive: true, force: true }))

interface Done {
  readonly code: number
  readonly out: string
  readonly err: string
}

function node(...args: string[]): Promise<Done> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1' }
    const child = execFile(process.execPath, args, { cwd: here, env }, (error, out, err) =>
      resolve({
        code: error === null ? 0 : Number(error.code),
        out: out.replaceAll(`node ${main}`, 'npx ipclab'),
        err,
      }),
    )
    child.stdin?.end() // step reads commands from a pipe
  })
}

const titled = (all: readonly Block[]): [string, Block][] => all.map((block) => [`line ${block.line}`, block])

test('it has the blocks that these tests are about', () => {
  expect(scenarios.length).toBeGreaterThanOrEqual(5)
  expect(blocks.filter(({ language }) => ['ts', 'js', 'json'].includes(language))).toEqual(files)
})

test('its scenarios and tests have no type errors', async () => {
  const faces = ['kernel', 'scheduler', 'explore', 'trace'].map((name) => [
    `ipclab/${name}`,
    [join(root, name, 'index.ts')],
  ])
  const systems = ['posix', 'mach', 'lpc', 'message', 'atomics'].map((name) => [
    `ipclab/${name}`,
    [join(root, 'ipc', name, 'index.ts')],
  ])
  const testing = ['vitest', 'fast-check'].map((name) => [`ipclab/${name}`, [join(root, 'testing', name, 'index.ts')]])
  const paths = Object.fromEntries([['ipclab', [join(root, 'index.ts')]], ...faces, ...systems, ...testing])
  const compilerOptions = { paths, typeRoots: [join(root, 'node_modules/@types')], rootDir: '/' }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'], exclude: [] }
  writeFileSync(join(here, 'tsconfig.json'), JSON.stringify(config))
  const { out } = await node(join(root, 'node_modules/typescript/bin/tsc'), '-p', here)
  expect(out.split('\n').filter((line) => files.some(({ hints }) => line.startsWith(hints.file ?? '-')))).toEqual([])
})

test.runIf(tests.length > 0)('its tests pass', async () => {
  const { code, out } = await node(join(root, 'node_modules/vitest/vitest.mjs'), 'run')
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining(`${tests.length} passed`) })
})

test.each(titled(scenarios))('the scenario of %s explores to what it expects', async (_title, { hints }) => {
  const { scenario } = await loadScenarioFile(join(here, hints.file ?? ''))
  expect(await explore(scenario)).toMatchObject({ met: 'as expected' })
})

test('the first scenario, mended as it says, is proved', async () => {
  const mended = readFileSync(join(here, 'mutex-first.ts'), 'utf8')
    .replace(/( *yield\* sem_wait\(shared\.mutex\).*\n)( *yield\* sem_wait\(shared\.empty\).*\n)/, '$2$1')
    .replace("expect: 'deadlock'", "expect: 'proved'")
  writeFileSync(join(here, 'mended.ts'), mended)
  const { scenario } = await loadScenarioFile(join(here, 'mended.ts'))
  expect(await explore(scenario)).toMatchObject({ verdict: 'proved', met: 'as expected' })
})

// In order, as what one writes a later one reads.
test('its commands do what it says', async () => {
  for (const { language, hints, text } of blocks) {
    if (language === 'sh') for (const line of text.split('\n')) await runLine(line)
    if (hints.of !== undefined) await compare(hints.of, text)
    if (language === 'js') expect(await node(hints.file ?? '')).toMatchObject({ code: 0, err: '' })
  }
})

async function runLine(line: string): Promise<void> {
  const [first = '', second = '', ...args] = wordsOf(line)
  if (line.startsWith('npx ipclab demo')) return // test/cli/commands.test.ts runs it
  if (first === 'npx' && second === 'ipclab') {
    const code = Number(/# exits with (\d)/.exec(line)?.[1] ?? 0)
    expect({ line, ...(await node(main, ...args)) }).toMatchObject({ line, code, err: '' })
  } else if (line.startsWith('npm run conform -- ')) {
    const cases = args.slice(2).map((word) => word.replace(/^test\//, `${root}/test/`))
    const runner = join(root, '.build/test/conformance/main.js')
    expect({ line, ...(await node(runner, ...cases)) }).toMatchObject({
      code: 0,
      out: expect.stringMatching(/ 0 failed\n$/),
    })
  } else if (line.startsWith('npm run conform:live -- ')) {
    const { code, out } = await node(join(root, '.build/test/conformance/live/main.js'), ...args.slice(2))
    expect({ line, code, out }).toMatchObject({ code: /passed: there is no|and no Linux/.test(out) ? 3 : 0 })
  } else {
    // What this very run of the tests has done already.
    expect(['', 'npm ci && npm start', 'npm ci && npm test']).toContain(line.replace(/ #.*/, ''))
  }
}

/** The text is what the command prints, or how it begins. */
async function compare(command: string, text: string): Promise<void> {
  const { out } = await node(main, ...wordsOf(command).slice(2))
  const shown = text.endsWith('\n…\n') ? text.slice(0, -'…\n'.length) : text
  expect(shown === text ? out : out.slice(0, shown.length)).toBe(shown)
}
