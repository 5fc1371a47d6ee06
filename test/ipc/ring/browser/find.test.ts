import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findChromium, isRequired } from './find.ts'

const folder = mkdtempSync(join(tmpdir(), 'ipclab-browser-'))
const program = join(folder, 'google-chrome')
writeFileSync(program, '')
chmodSync(program, 0o755)
writeFileSync(join(folder, 'chromium'), 'not to be run')
afterAll(() => rmSync(folder, { recursive: true }))

test('Chromium is found by each of its names, or where CHROMIUM says', () => {
  const PATH = ['/nowhere', folder].join(delimiter)
  expect(findChromium({ PATH })).toBe(program)
  expect(findChromium({ PATH, CHROMIUM: 'google-chrome' })).toBe(program)
  expect(findChromium({ PATH: '', CHROMIUM: program })).toBe(program)
  expect(findChromium({ PATH: '/nowhere' })).toBe(null)
  expect(() => findChromium({ PATH, CHROMIUM: 'firefox' })).toThrow('CHROMIUM=firefox: there is no such program')
})

test('only where nobody has asked for it may it be missing', () => {
  expect([{}, { CI: '' }, { CI: 'false' }, { IPCLAB_BROWSER: 'maybe' }].map(isRequired)).not.toContain(true)
  expect([{ CI: 'true' }, { CI: '1' }, { IPCLAB_BROWSER: 'require' }].map(isRequired)).not.toContain(false)
})
