import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ipclab from 'ipclab'
import * as kernelByName from 'ipclab/kernel'
import { expect, test } from 'vitest'
import * as kernel from '../../kernel/index.ts'

const root = join(import.meta.dirname, '../..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | Record<string, string>>
  engines: { node: string }
}
const faces = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [[name, target] as const],
)

test.each(faces)('the face %s is there as a source, and is shipped as what that compiles to', (_, target) => {
  // The order is the order of precedence: types would hide the sources from the type check if they came first.
  expect(Object.keys(target)).toEqual(['ipclab-source', 'types', 'default'])
  const source = target['ipclab-source'] ?? ''
  expect(existsSync(join(root, source)), `${source} is missing`).toBe(true)
  expect(target.types).toBe(source.replace('./', './dist/').replace(/\.ts$/, '.d.ts'))
  expect(target.default).toBe(source.replace('./', './dist/').replace(/\.ts$/, '.js'))
})

test("inside the repository the package's name means the sources", () => {
  expect(kernelByName.scenario).toBe(kernel.scenario)
  expect(ipclab.scenario).toBe(kernel.scenario)
})

test('the Node that runs this is one that package.json admits', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  expect(manifest.engines.node).toBe('>=20.19')
  expect(major > 20 || (major === 20 && minor >= 19)).toBe(true)
})
