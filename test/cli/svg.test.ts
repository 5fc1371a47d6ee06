import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { partsOf, SWITCHING } from '../../cli/draw/over-time.ts'
import { COLUMN, stacked } from '../../cli/draw/svg/bands.ts'
import { escaped } from '../../cli/draw/svg/markup.ts'
import { timeline } from '../../cli/draw/svg/timeline.ts'
import { broken, fitted, textWidth } from '../../cli/draw/svg/width.ts'
import type { Stretch } from '../../scheduler/index.ts'
import { misplaced } from '../helpers/laid-out.ts'
import { all, readXml, type XmlElement } from '../helpers/xml.ts'
import { folder, ipclab, removeFolders } from './cli.ts'

/** Pictures: whole, legible, the same each time. */

afterEach(removeFolders)

/** Many that compute, wait for each other and for a device. */
const CREW = `
import { choose, compute, io, map_anonymous, scenario } from 'ipclab'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'
const ms = 1_000_000
export default scenario('a crew <of "many" & more>', {
  params: { crew: { default: 3, about: 'how many' }, rounds: { default: 3, about: 'how often each works' } },
  *setup() { const slot = yield* map_anonymous(32, { name: 'slot' }); yield* sem_init(slot, 1, 2); return slot },
  programs: {
    crew: { copies: ({ crew }) => crew, *program({ params, shared, index }) {
      for (let i = 0; i < params.rounds; i++) {
        yield* compute((1 + (yield* choose(4))) * ms)
        yield* sem_wait(shared)
        yield* compute(2 * ms)
        yield* sem_post(shared)
        if (index % 2 === 0) yield* io(5 * ms)
      }
    } },
    a_name_of_many_signs_that_are_more_than_there_is_room_for: { arrives: 5 * ms, *program() { yield* compute(ms) } },
  },
  expect: 'holds',
  maxSteps: 100_000,
})
`

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
const textsOf = (svg: string): string[] => all(readXml(svg), 'text').map(({ text }) => text)
const filled = (svg: string, fill: string): XmlElement[] =>
  ['rect', 'path'].flatMap((name) => all(readXml(svg), name)).filter(({ attributes }) => attributes.fill === fill)

const shapes: readonly [name: string, options: readonly string[]][] = [
  ['a small one', ['--policy', 'rr:2ms', '--cost', 'x86-64']],
  ['on 8 CPUs with 24 threads', ['--policy', 'eevdf', '--cost', 'x86-64', '--cpus', '8', '--set', 'crew=24']],
  ['a long one, by columns', ['--policy', 'rr:1ms', '--cost', 'x86-64', '--cpus', '2', '--set', 'rounds=80']],
  ['in units', ['--policy', 'fifo']],
  ['of more threads than are drawn', ['--policy', 'fifo', '--cpus', '40', '--set', 'crew=50']],
]

describe('the chart of a run', () => {
  test.each(shapes)('%s is well-formed, nothing in it overlaps, and it is the same each time', async (_, options) => {
    folder({ 'crew.ts': CREW })
    const { code, err } = await ipclab('run', 'crew.ts', ...options, '--svg', 'one.svg')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const svg = readFileSync('one.svg', 'utf8')
    expect(misplaced(svg)).toEqual([])
    const root = readXml(svg)
    expect(root.children.slice(0, 2).map(({ name, text }) => [name, text.slice(0, 10)])).toEqual([
      ['title', 'a crew <of'],
      ['desc', 'A chart ov'],
    ])
    await ipclab('run', 'crew.ts', ...options, '--svg', 'two.svg', '--json')
    expect(readFileSync('two.svg', 'utf8')).toBe(svg)
  })

  test('says who ran where, who was ready, and what was waited for', async () => {
    folder({ 'crew.ts': CREW })
    await ipclab('run', 'crew.ts', '--policy', 'fifo', '--cost', 'zero', '--cpus', '2', '--svg', 'one.svg')
    const svg = readFileSync('one.svg', 'utf8')
    const texts = textsOf(svg)
    expect(texts).toEqual(expect.arrayContaining(['CPU 0', 'CPU 1', 'crew1', 'crew2', 'crew3', 'I/O']))
    expect(texts.some((text) => /^a_name_of_many.*…$/.test(text))).toBe(true)
    expect(texts).toEqual(expect.arrayContaining(['running, on the CPU of that number', 'ready, and not running']))
    expect(texts.at(-3)).toMatch(/^done: /)
    for (const fill of ['url(#ipclab-ready)', 'url(#ipclab-blocked)'])
      expect(filled(svg, fill).length).toBeGreaterThan(1)
  })

  test('has --full for more rows, and says how many it leaves out', async () => {
    folder({ 'crew.ts': CREW })
    const asked = ['run', 'crew.ts', '--policy', 'fifo', '--set', 'crew=30', '--svg', 'one.svg']
    await ipclab(...asked)
    expect(textsOf(readFileSync('one.svg', 'utf8'))).toContain('not drawn: 7 more threads (--full draws them)')
    await ipclab(...asked, '--full')
    expect(textsOf(readFileSync('one.svg', 'utf8'))).toContain('crew30')
  })
})

/** Threads with any names, on a CPU each, that do one thing after the other. */
const charts = fc
  .array(
    fc.record({
      name: fc.string({ unit: 'binary', maxLength: 40 }),
      does: fc.array(
        fc.tuple(fc.constantFrom('running' as const, 'ready' as const, 'waiting' as const), fc.nat(1e7), fc.string()),
        { maxLength: 30 },
      ),
    }),
    { maxLength: 12 },
  )
  .map((threads) => {
    const names = threads.map(({ name }, number) => `${name}${number}`)
    const stretches = threads.flatMap(({ does }, number) => {
      let to = 0
      return does.map(([activity, ns, waitedFor]): Stretch => {
        const from = to
        to += ns
        const cpu = activity === 'running' ? number : -1
        const object = activity === 'waiting' ? waitedFor : null
        return {
          thread: names[number] ?? '',
          process: names[number] ?? '',
          priority: 0,
          activity,
          from,
          to,
          switching: activity === 'running' ? Math.floor(ns / 3) : 0,
          cpu,
          level: 0,
          call: object && 'sem_wait',
          object,
        }
      })
    })
    return { stretches, names, to: Math.max(0, ...stretches.map(({ to }) => to)) }
  })

test('whatever threads are called and do, their chart is well-formed, and its words stand apart', () => {
  const cpus = Array.from({ length: 12 }, (_, cpu) => ({ cpu, busy: 0, switching: 0, idle: 0, switches: 0 }))
  fc.assert(
    fc.property(charts, fc.string({ unit: 'binary' }), fc.boolean(), ({ stretches, names, to }, title, coarse) => {
      const chart = {
        title,
        subtitle: title,
        stretches,
        threads: names,
        cpus,
        from: 0,
        to,
        coarse,
        rowsMax: 10,
        words: [title],
      }
      expect(misplaced(timeline(chart))).toEqual([])
    }),
    { numRuns: Number(process.env.RUNS ?? 60) },
  )
})

test('a row by columns shows as much of each kind as there was, one on the other', () => {
  const signs = ['running', SWITCHING, 'ready', 'waiting']
  fc.assert(
    fc.property(charts, ({ stretches, to }) => {
      fc.pre(to > 0)
      const one = stretches.filter(({ thread }) => thread === stretches[0]?.thread)
      const span = { from: 0, to, x: 100, width: 900 }
      const parts = one.flatMap((stretch) => partsOf(stretch, stretch.activity))
      const paths = stacked(parts, signs, span, { y: 50, height: 20 })
      const under = new Map<number, number>()
      for (const sign of signs) {
        const boxes = [...(paths.get(sign) ?? '').matchAll(/M([\d.]+) ([\d.]+)V([\d.]+)H([\d.]+)V\2Z/g)].map((box) =>
          box.map(Number),
        )
        const area = sum(boxes.map(([, left = 0, base = 0, top = 0, right = 0]) => (right - left) * (base - top)))
        const share = sum(parts.filter((part) => part.sign === sign).map(({ from, to }) => to - from)) / to
        // Each number is rounded to a hundredth.
        expect(Math.abs(area / (900 * 20) - share)).toBeLessThan(0.001)
        for (const [, left = 0, base = 0, top = 0, right = 0] of boxes)
          for (let x = left + 1; x < right; x += COLUMN) {
            expect(base).toBe(under.get(Math.floor(x)) ?? 70)
            under.set(Math.floor(x), top)
          }
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 60) },
  )
})

describe('the picture of a comparison', () => {
  const wide = [
    '--policies',
    'fifo,rr:2ms,mlfq:queues=3:quantum=10ms:allotment=1:boost=100ms,lottery:1ms,stride,cfs,srtf',
  ]
  test.each([
    ['of two policies', ['--policies', 'fifo,rr:2ms']],
    ['of many, on several CPUs, with seeds', [...wide, '--cost', 'x86-64', '--cpus', '1,2,8', '--seeds', '5']],
  ])('%s is well-formed, nothing in it overlaps, and it is the same each time', async (_, options) => {
    folder({ 'crew.ts': CREW })
    const { code, out } = await ipclab('compare', 'crew.ts', ...options, '--svg', 'one.svg')
    expect(code).toBe(0)
    const svg = readFileSync('one.svg', 'utf8')
    expect(misplaced(svg)).toEqual([])
    // It has the table's numbers, and the best are dark.
    const rows = out.split('\n').filter((line) => /^\S+ +\d+ +\d/.test(line))
    const shown = rows.flatMap((row) => row.trim().split(/ {2,}/).slice(2))
    const texts = textsOf(svg)
    expect(shown.map((text) => text.replace('*', '')).filter((text) => !texts.includes(text))).toEqual([])
    const bold = all(readXml(svg), 'text').filter(
      ({ attributes }) => attributes['font-weight'] === 'bold' && attributes['font-size'] === '11',
    )
    expect(bold.map(({ text }) => text).sort()).toEqual(
      shown
        .filter((text) => text.endsWith('*'))
        .map((text) => text.slice(0, -1))
        .sort(),
    )
    await ipclab('compare', 'crew.ts', ...options, '--svg', 'two.svg', '--json')
    expect(readFileSync('two.svg', 'utf8')).toBe(svg)
  })

  test('has its groups by their whole names, though the policies have short ones', async () => {
    folder({ 'crew.ts': CREW })
    await ipclab('compare', 'crew.ts', '--policies', 'fifo,rr', '--cpus', '1,2', '--svg', 'one.svg')
    expect(textsOf(readFileSync('one.svg', 'utf8'))).toEqual(expect.arrayContaining(['1 CPU', '2 CPUs']))
  })

  test('marks a row of which runs failed, and says below how', async () => {
    folder({
      'lock.ts': `
import { choose, scenario } from 'ipclab'
import { receive } from 'ipclab/message'
export default scenario('may lock', {
  programs: { *a() { if ((yield* choose(3)) === 0) yield* receive('a') } },
  expect: 'holds',
})`,
    })
    expect((await ipclab('compare', 'lock.ts', '--policies', 'fifo,rr', '--svg', 'one.svg')).code).toBe(1)
    const svg = readFileSync('one.svg', 'utf8')
    expect(misplaced(svg)).toEqual([])
    expect(textsOf(svg)).toContain('fifo †')
    expect(textsOf(svg).some((text) => /^† fifo: deadlock in \d+ of 20$/.test(text))).toBe(true)
  })
})

test('words are cut and broken to a width', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 20, max: 300 }), (text, width) => {
      expect(textWidth(fitted(text, 11, width), 11)).toBeLessThan(width + 0.1)
      const lines = broken(text, 11, width)
      expect(lines.every((line) => textWidth(line, 11) < width + 0.1)).toBe(true)
      if (!lines.some((line) => line.includes('…'))) expect(lines.join(' ')).toBe(text)
    }),
  )
})

test('any text can be told in XML', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { attributes, text: said } = readXml(`<a b="${escaped(text)}">${escaped(text)}</a>`)
      expect(said).toBe(attributes.b)
      expect(said.length).toBe(text.length)
    }),
  )
})

test.each([
  ['<a><b></a></b>'],
  ['<a x="1" x="2"/>'],
  ['<a>&nbsp;</a>'],
  ['<a>&</a>'],
  ['<a>\u0001</a>'],
  ['<a/><b/>'],
  ['<a x=1/>'],
  ['<a><b id="i"/><c id="i"/></a>'],
])('what reads pictures here does not take %j', (source) => {
  expect(() => readXml(source)).toThrow()
})

test.each([
  [['run', 'crew.ts', '--svg', 'one.svg'], /^--svg is for a policy; name one, as in --policy/],
  [
    ['run', 'crew.ts', '--policy', 'fifo', '--svg', 'none/one.svg'],
    /^cannot write none\/one\.svg: there is no folder none/,
  ],
  [['run', 'crew.ts', '--policy', 'fifo', '--svg', 'crew.ts'], /and a picture's does not; write \.svg$/],
  [['compare', 'crew.ts', '--svg', '.'], /^cannot write \.: it is a folder; name a file in it$/],
  [['compare', 'crew.ts', '--svg', 'file/one.svg'], /^cannot write file\/one\.svg: file is no folder/],
])('a picture that can not be drawn or written is told in one line: %j', async (args, message) => {
  folder({ 'crew.ts': CREW })
  writeFileSync('file', '')
  const { code, err, out } = await ipclab(...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^ipclab: .+\n$/)
  expect(err.slice('ipclab: '.length, -1)).toMatch(message)
})
