import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Bytes } from '../../trace/bytes.ts'
import { EventLines } from '../../trace/event-lines.ts'

const lines = fc.array(
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\n', '')),
  { maxLength: 600 },
)

test('lines come back as they were added, whenever they are asked for', () => {
  fc.assert(
    fc.property(lines, fc.array(fc.nat(600), { maxLength: 600 }), (given, asked) => {
      const made = new EventLines()
      given.forEach((line, index) => {
        made.add((bytes) => bytes.text(line))
        expect(made.last()).toBe(wellFormed(line))
        const step = (asked[index] ?? 0) % (index + 2)
        expect(made.at(step)).toBe(step === 0 ? undefined : wellFormed(given[step - 1] ?? ''))
      })
      expect(made.at(given.length + 1)).toBeUndefined()
      const text = Buffer.concat([...made.bytes()]).toString()
      expect(text).toBe(given.map((line) => `${wellFormed(line)}\n`).join(''))
    }),
  )
})

test('the last line is found behind a piece that is shorter than where it stands', () => {
  const made = new EventLines()
  for (let i = 0; i < 128; i++) made.add((bytes) => bytes.text(''))
  for (const line of ['x'.repeat(500), 'y']) made.add((bytes) => bytes.text(line))
  expect(made.last()).toBe('y')
})

/** Half a surrogate pair can't be written as UTF-8; in JSON it is escaped. */
const wellFormed = (text: string): string => Buffer.from(text).toString()

test('text of any length and numbers are written as JavaScript writes them', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 70_000, size: 'max' }),
      fc.integer(),
      fc.double(),
      fc.maxSafeInteger(),
    ),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(pieces, (given) => {
      const bytes = new Bytes()
      for (const one of given) typeof one === 'string' ? bytes.text(one) : bytes.number(one)
      expect(bytes.from(0)).toBe(given.map((one) => (Object.is(one, -0) ? '0' : String(one))).join(''))
      expect(bytes.take().toString()).toBe(given.map((one) => (Object.is(one, -0) ? '0' : String(one))).join(''))
    }),
    { numRuns: 50 },
  )
})
