import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { expect, test } from 'vitest'
import { importsOf, violations } from './rules.ts'

const root = join(import.meta.dirname, '../..')
const FOLDERS = ['kernel', 'ipc', 'scheduler', 'explore', 'trace', 'testing', 'scenarios', 'cli', 'test', 'bench']
const LEFT_OUT = /^test\/(oracles|fixtures)\//

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object | undefined>
const declared = {
  dependencies: Object.keys(manifest.dependencies ?? {}),
  peers: Object.keys(manifest.peerDependencies ?? {}),
  devDependencies: Object.keys(manifest.devDependencies ?? {}),
}

function sources(): { path: string; text: string }[] {
  const found = ['index.ts', 'vitest.config.ts']
  for (const folder of FOLDERS) {
    for (const name of namesIn(folder)) found.push(join(folder, name).split(sep).join('/'))
  }
  const paths = found.filter((path) => path.endsWith('.ts') && !LEFT_OUT.test(path)).sort()
  return paths.flatMap((path) => {
    const text = readOr(join(root, path), null)
    return text === null ? [] : [{ path, text }]
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true }) as string[]
  } catch {
    return []
  }
}

function readOr(file: string, otherwise: string | null): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}

const all = sources()

test('every file keeps the rules of the repository: imports by the table of DESIGN.md, no clock, no chance, no any', () => {
  expect(all.length).toBeGreaterThan(10)
  expect(all.flatMap(({ path, text }) => violations(path, text, declared))).toEqual([])
})

test('random numbers come from one file', () => {
  const users = all.filter(
    ({ path, text }) =>
      !/^(test|bench)\//.test(path) && importsOf(text).some((one) => one.specifier.startsWith('seedrandom')),
  )
  expect(users.map(({ path }) => path).length).toBeLessThanOrEqual(1)
})

const complaints = (path: string, text: string): string[] => violations(path, text, declared)

test.each([
  ['kernel/a.ts', "import { x } from '../ipc/posix/index.ts'", 'kernel may import none of the others'],
  ['ipc/posix/a.ts', "import type { X } from '../mach/port.ts'", 'ipc/posix may import kernel'],
  ['ipc/ring/a.ts', "import { x } from '../../kernel/index.ts'", 'ipc/ring may import none of the others'],
  ['scheduler/policies/a.ts', "export * from '../../trace/index.ts'", 'scheduler may import kernel'],
  ['trace/a.ts', "const x = await import('../explore/index.ts')", 'trace may import kernel, scheduler'],
  ['trace/a.ts', "import {\n  type X, // it's\n} from '../explore/index.ts'", 'trace may import kernel, scheduler'],
  ['explore/a.ts', "import '../cli/main.ts'", 'explore may import kernel, scheduler, trace, ipc/ring'],
  ['testing/a.ts', "import { x } from '../cli/main.ts'", 'testing may import'],
  ['scenarios/posix/a.ts', "import { x } from '../../kernel/index.ts'", "ipclab by the package's name only"],
  ['scenarios/posix/a.ts', "import { x } from 'immer'", 'ipclab and nothing else'],
  ['index.ts', "export * from './ipc/posix/index.ts'", 'index.ts may import'],
  ['cli/a.ts', "import { x } from 'ipclab'", "only scenarios and tests use the package's name"],
  ['cli/a.ts', "import x from 'left-pad'", 'package.json does not have left-pad'],
  ['cli/a.ts', "import { test } from 'vitest'", 'vitest is an optional peer, for testing/vitest/ alone'],
  ['testing/a.ts', "import fc from 'fast-check'", 'fast-check is an optional peer, for testing/fast-check/ alone'],
  ['index.ts', "export * from './testing/vitest/index.ts'", 'index.ts may import'],
  ['cli/a.ts', "import x from '@biomejs/biome'", 'does not have @biomejs/biome among its dependencies'],
  ['test/a.test.ts', "import x from '@no/such/file.js'", 'package.json does not have @no/such among its packages'],
  ['kernel/a.ts', "import { readFileSync } from 'node:fs'", "without Node's modules"],
  ['cli/a.ts', "import { readFileSync } from 'fs'", "write 'node:fs'"],
  ['kernel/a.ts', 'const x = Math.random()', 'Math.random is not the same everywhere'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: planted code
  ['trace/a.ts', 'const x = `${Date.now()}`', 'Date.now is not the same everywhere'],
  ['explore/a.ts', 'names.sort((a, b) => a.localeCompare(b))', 'localeCompare is not the same everywhere'],
  ['ipc/mach/a.ts', 'const at = new Date()', 'new Date is not the same everywhere'],
  ['cli/a.ts', 'function f(x: any) {}', 'has the type any'],
  ['cli/a.ts', 'const x = y as any', 'has the type any'],
  ['cli/a.ts', 'const x: Record<string, any> = {}', 'has the type any'],
])('%s: %j is refused', (path, text, words) => {
  expect(complaints(path, text).join('\n')).toContain(words)
  expect(complaints(path, text)[0]).toMatch(new RegExp(`^${path}:\\d+: `))
})

test.each([
  ['kernel/a.ts', "import { x } from './b.ts'\nimport type { y } from '../kernel/c.ts'"],
  ['ipc/posix/a.ts', "import { x } from '../../kernel/index.ts'"],
  ['explore/a.ts', "import { ring } from '../ipc/ring/index.ts'\nimport { Worker } from 'node:worker_threads'"],
  ['testing/a.ts', "import { x } from '../ipc/posix/index.ts'"],
  ['testing/vitest/a.ts', "import { expect } from 'vitest'"],
  ['testing/fast-check/a.ts', "import fc from 'fast-check'"],
  ['scenarios/posix/a.ts', "import { x } from 'ipclab'\nimport { y } from 'ipclab/posix'\nimport { z } from './b.ts'"],
  ['cli/a.ts', "import { x } from '../ipc/lpc/index.ts'\nimport color from 'picocolors'"],
  ['test/kernel/a.test.ts', "import { expect } from 'vitest'\nimport { x } from 'ipclab/posix'"],
  ['kernel/a.ts', "// import { x } from '../cli/main.ts' and Math.random()\n/* Date.now() */ const y = 'new Date'"],
  ['kernel/a.ts', "const order: 'any' | 'fifo' = 'any'\nconst table = { any: 1, fifo: 2 }"],
  ['cli/new.ts', "const starter = `\nimport { scenario } from 'ipclab'\n`"],
  ['cli/a.ts', `const help = "a scenario; import scenario from 'ipclab'"`],
  ['explore/budget.ts', 'const now = performance.now()'],
  ['ipc/ring/a.ts', 'const now = performance.now()'],
  ['cli/a.ts', 'const now = new Date()'],
])('%s: %j is fine', (path, text) => {
  expect(complaints(path, text)).toEqual([])
})

test('a file of 400 lines is fine, one of 401 is refused', () => {
  expect(complaints('cli/a.ts', 'x\n'.repeat(400))).toEqual([])
  expect(complaints('cli/a.ts', 'x\n'.repeat(401))).toEqual([expect.stringContaining('is longer than 400 lines')])
})
