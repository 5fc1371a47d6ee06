import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Jiti } from 'jiti'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { complaintIn, transpile } from '../../trace/scenario-file/transpile.ts'
import { jitiFor } from '../../trace/scenario-file/transpiled.ts'

/** What jiti made of a text is kept, and whatever is wrong with what is kept, it is done without. */

let cache = ''
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'ipclab-cache-'))
  vi.stubEnv('XDG_CACHE_HOME', cache)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(cache, { recursive: true, force: true })
})

const folder = (): string => join(cache, 'ipclab', 'transpiled')
const kept = (): string[] => (existsSync(folder()) ? readdirSync(folder()) : [])
const load = (): Promise<Jiti> => jitiFor('/x.ts')
const never = (): Promise<Jiti> => Promise.reject(new Error('jiti was brought along'))

test('the second time jiti is not needed', async () => {
  const text = 'export default (1 as number) + 41 // one of its own'
  const code = await transpile(text, '/a.ts', load)
  expect(code).toContain('41')
  expect(await transpile(text, '/elsewhere/b.ts', never)).toBe(code)
  expect(kept()).toHaveLength(1)
})

test('another text, and the same text as JavaScript, are other entries', async () => {
  await transpile('export default 1', '/a.ts', load)
  await transpile('export default 2', '/a.ts', load)
  await transpile('export default 1', '/a.js', load)
  expect(kept()).toHaveLength(3)
})

test('a text that can not be parsed is not kept', async () => {
  expect(complaintIn(await transpile('export default = 1', '/a.ts', load))).toMatchObject({ line: 1 })
  expect(kept()).toEqual([])
})

test('code that knows its own path is not kept', async () => {
  const text = 'export default import.meta.url'
  expect(await transpile(text, '/here/a.ts', load)).toContain('/here/a.ts')
  expect(await transpile(text, '/there/a.ts', load)).toContain('/there/a.ts')
  expect(kept()).toEqual([])
})

test('what is kept is what is used, and nothing else is left there', async () => {
  await transpile('export default 3', '/a.ts', load)
  const [name = ''] = kept()
  expect(name).toMatch(/^[0-9a-f]{32}\.js$/)
  expect(readFileSync(join(folder(), name), 'utf8')).toContain('3')
})

test('a cache that can not be written is done without', async () => {
  writeFileSync(join(cache, 'ipclab'), 'a file in the way')
  expect(await transpile('export default 4', '/a.ts', load)).toContain('4')
})
