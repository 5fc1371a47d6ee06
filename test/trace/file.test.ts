import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { BadInput } from '../../kernel/index.ts'
import { parseTrace, readTrace, type Trace, writeTrace } from '../../trace/index.ts'
import { digestOf } from '../../trace/trace.ts'
import { complaintOfNobody } from '../helpers/as-nobody.ts'

const root = join(import.meta.dirname, '../..')
const whole = readFileSync(join(root, 'test/fixtures/traces/random.ndjson'), 'utf8')
const lines = whole.split('\n')
const trace: Trace = parseTrace(whole, 'random.ndjson')
const base = realpathSync(mkdtempSync(join(tmpdir(), 'ipclab-trace-')))
let folders = 0

beforeEach(() => {
  const here = join(base, String(++folders))
  mkdirSync(here)
  process.chdir(here)
})
afterAll(() => {
  process.chdir(root)
  rmSync(base, { recursive: true, force: true })
})

function complaint(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    expect(error.message).not.toContain('\n')
    expect(error.message).not.toContain(base)
    return error.message
  }
  throw new Error('nothing was complained of')
}

/** What reading a file with this text says. */
function reading(text: string | Buffer): string {
  writeFileSync('t.ndjson', text)
  return complaint(() => readTrace('t.ndjson'))
}

/** The lines with one of them changed, and a digest that is right again. */
function forged(at: number, change: (line: string) => string): string {
  const body = lines.slice(0, -2)
  body[at] = change(body[at] ?? '')
  const text = `${body.join('\n')}\n`
  return `${text}{"digest":"${digestOf([text])}"}\n`
}

test('what is written is read back the same', () => {
  writeTrace(trace, 't.ndjson')
  expect(readFileSync('t.ndjson', 'utf8')).toBe(whole)
  const again = readTrace('t.ndjson')
  expect(again.text).toBe(whole)
  expect(again.header).toEqual(trace.header)
  expect(again.choices).toEqual(trace.choices)
  expect(again.startLog).toEqual(['begins – mit Umlaut: ü, "quoted"'])
  expect(again.events).toEqual(trace.events)
  expect(again.event(3)).toEqual(trace.events[2])
  expect(again.verdict).toEqual(trace.verdict)
})

test('an existing trace is replaced, a link written through, and nothing is left beside', () => {
  writeFileSync('t.ndjson', 'old')
  writeTrace(trace, 't.ndjson')
  mkdirSync('far')
  writeFileSync('far/real.ndjson', 'old')
  symlinkSync('far/real.ndjson', 'link.ndjson')
  writeTrace(trace, 'link.ndjson')
  expect(lstatSync('link.ndjson').isSymbolicLink()).toBe(true)
  expect(readFileSync('far/real.ndjson', 'utf8')).toBe(whole)
  expect(readdirSync('.').sort()).toEqual(['far', 'link.ndjson', 't.ndjson'])
  expect(readdirSync('far')).toEqual(['real.ndjson'])
})

test('a device is written into, not replaced', () => {
  writeTrace(trace, '/dev/null')
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
})

test('a path that can not be written is told with the reason, and what was there stays', () => {
  expect(complaint(() => writeTrace(trace, 'no/such/t.ndjson'))).toBe(
    'cannot write no/such/t.ndjson: there is no folder no/such; make it first',
  )
  writeFileSync('file', 'mine')
  expect(complaint(() => writeTrace(trace, 'file/t.ndjson'))).toBe(
    'cannot write file/t.ndjson: file is no folder; choose another path',
  )
  mkdirSync('folder')
  expect(complaint(() => writeTrace(trace, 'folder'))).toBe('cannot write folder: it is a folder; name a file in it')
  expect(readdirSync('.').sort()).toEqual(['file', 'folder'])
  expect(readFileSync('file', 'utf8')).toBe('mine')
})

test('a folder that may not be written to is told', () => {
  mkdirSync('locked')
  chmodSync('locked', 0o555)
  chmodSync(base, 0o755)
  expect(complaintOfNobody("writeTrace(kept, 'locked/t.ndjson')", process.cwd())).toBe(
    'cannot write locked/t.ndjson: permission denied; choose another path',
  )
})

test.skipIf(!existsSync('/dev/full'))('a full disk is told', () => {
  expect(complaint(() => writeTrace(trace, '/dev/full'))).toBe('cannot write /dev/full: the disk is full')
})

test('a trace that is not there, or a folder, is told', () => {
  expect(complaint(() => readTrace('none.ndjson'))).toMatch(/^there is no file none.ndjson; /)
  expect(complaint(() => readTrace('.'))).toMatch(/ is a folder; name the trace in it$/)
})

test.each([
  ['', 't.ndjson is empty, no trace'],
  ['hello\nworld\n', 't.ndjson:1: is no ipclab trace'],
  ['{"name":"package"}\n', 't.ndjson:1: is no ipclab trace'],
  ['[1,2]\n', 't.ndjson:1: is no ipclab trace'],
  ['null\n', 't.ndjson:1: is no ipclab trace'],
  ['\n', 't.ndjson:1: is no ipclab trace'],
  ['\u0000\u0001\u0002', 't.ndjson:1: is no ipclab trace'],
])('a foreign file (%j) is told as one', (text, words) => {
  expect(reading(text)).toContain(words)
  expect(reading(text)).toContain("'ipclab run FILE --out PATH' writes one")
})

test('bytes that are no text are a foreign file', () => {
  expect(reading(Buffer.from([0xff, 0xfe, 0x00, 0x80]))).toContain('is no ipclab trace')
})

test('a trace cut off anywhere is told with the line where it ends', () => {
  const bytes = Buffer.from(whole)
  for (let length = 1; length < bytes.length; length += 7) {
    const text = bytes.subarray(0, length).toString()
    const at = text.replace(/\n$/, '').split('\n').length
    const said = reading(bytes.subarray(0, length))
    if (length < 17) expect(said).toMatch(/^t.ndjson:1: is (no ipclab trace|cut off in its first line)/)
    else expect(said).toMatch(new RegExp(`^t.ndjson:${at}: is cut off`))
    expect(said).toContain('; ')
  }
  expect(reading(whole.slice(0, -1))).toContain(`t.ndjson:${lines.length - 1}: is cut off here`)
  expect(reading(`${lines.slice(0, -2).join('\n')}\n`)).toContain(`t.ndjson:${lines.length - 2}: is cut off here`)
})

test('a garbled line is told by its number', () => {
  for (const at of [1, 2, 9, lines.length - 3]) {
    const copy = lines.slice()
    copy[at] = `#${copy[at]?.slice(1)}`
    expect(reading(copy.join('\n'))).toBe(
      `t.ndjson:${at + 1}: is garbled, no JSON object; fetch the whole trace again, or record the run anew`,
    )
  }
})

test('any flipped byte is noticed', () => {
  const bytes = Buffer.from(whole)
  for (let at = 0; at < bytes.length; at += 13) {
    const copy = Buffer.from(bytes)
    copy[at] = (copy[at] ?? 0) ^ 1
    expect(reading(copy)).toMatch(/^t\.ndjson(:\d+)?: /)
  }
})

test('an edited trace is told by its digest', () => {
  const said = reading(whole.replace('"value":1', '"value":2'))
  expect(said).toContain(`t.ndjson:${lines.length - 1}: the digest is not that of the lines before it`)
  expect(reading(`${whole}{}\n`)).toContain('is cut off here')
})

test('line ends that git has changed are told as that', () => {
  expect(reading(whole.replaceAll('\n', '\r\n'))).toMatch(/line ends were changed to CRLF.*\.gitattributes/)
})

test('a trace of another version is told with both versions, whatever else it holds', () => {
  expect(reading('{"ipclab":"trace","version":2,"new":true}\nwhatever')).toBe(
    't.ndjson:1: is a trace of version 2, and this ipclab reads version 1; replay it with the ipclab that wrote it, or record the run anew',
  )
  expect(reading('{"ipclab":"trace"}\n')).toContain('is a trace of version undefined')
})

test('a forged trace, whose digest is right, is told by what does not fit', () => {
  const header = (key: string, value: unknown): string =>
    forged(0, (line) => JSON.stringify({ ...(JSON.parse(line) as object), [key]: value }))
  expect(reading(header('maxSteps', -1))).toBe("t.ndjson:1: the header's maxSteps is -1; record the run anew")
  expect(reading(header('wakeOrder', 'random'))).toContain(`the header's wakeOrder is "random"`)
  expect(reading(header('params', { a: [] }))).toContain(`the header's params is {"a":[]}`)
  expect(reading(header('title', undefined))).toContain("the header's title is missing")
  expect(reading(forged(1, () => '{}'))).toContain('t.ndjson:2: it must hold the choices')
  expect(reading(forged(1, () => '{"choices":"p*0"}'))).toContain("t.ndjson:2: 'p*0' in the schedule is no choice")
  expect(reading(forged(1, () => '{"choices":"p","startLog":[1]}'))).toContain('t.ndjson:2: its startLog')
  expect(reading(forged(4, () => '{"step":9}'))).toContain('t.ndjson:5: it is not the event of step 3')
  expect(reading(forged(lines.length - 3, () => '{"ending":"done"}'))).toContain(`it must hold the verdict`)
  const verdict = { ...trace.verdict, steps: 3 }
  expect(reading(forged(lines.length - 3, () => JSON.stringify(verdict)))).toContain('speaks of 3 steps')
  const short = `${lines[0]}\n${lines[1]}\n`
  expect(reading(`${short}{"digest":"${digestOf([short])}"}\n`)).toContain('it lacks the lines between')
})
