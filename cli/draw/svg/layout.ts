import { element, number, text } from './markup.ts'
import { EDGE, INK } from './style.ts'
import { broken, textWidth } from './width.ts'

/** What pictures have in common: the page, legends, and lines of words. */

const MARGIN = 32
const WIDTH = 1120
export const PAGE = { width: WIDTH, margin: MARGIN, inner: WIDTH - 2 * MARGIN }

/** Parts of a picture, and where they end. */
export interface Block {
  readonly parts: readonly string[]
  readonly bottom: number
}

export interface Swatch {
  /** `null`: the line from one quartile to the other. */
  readonly fill: string | null
  readonly words: string
}

const KEY = { width: 26, height: 12, gap: 8, size: 11.5 }

/** What each fill means, side by side; `y` is the baseline of the words. */
export function legend(swatches: readonly Swatch[], y: number): Block {
  const parts: string[] = []
  let x = PAGE.margin
  let base = y
  if (swatches.length === 0) return { parts, bottom: y - 26 }
  for (const { fill, words } of swatches) {
    const width = KEY.width + KEY.gap + textWidth(words, KEY.size)
    if (x > PAGE.margin && x + width > PAGE.width - PAGE.margin) {
      x = PAGE.margin
      base += 20
    }
    parts.push(swatch(x, base - 10, fill))
    parts.push(text(x + KEY.width + KEY.gap, base, words, { size: KEY.size, fill: INK }))
    x += width + 24
  }
  return { parts, bottom: base }
}

const swatch = (x: number, y: number, fill: string | null): string =>
  fill === null
    ? element('path', {
        d: span(x + 2, x + KEY.width - 2, y + KEY.height / 2),
        stroke: INK,
        'stroke-width': 1.2,
        fill: 'none',
      })
    : element('rect', { x, y, width: KEY.width, height: KEY.height, fill, stroke: EDGE, 'stroke-width': 0.6 })

/** A line across, with an end on each side. */
export const span = (from: number, to: number, y: number): string =>
  `M${number(from)} ${number(y - 4)}v8M${number(from)} ${number(y)}H${number(to)}M${number(to)} ${number(y - 4)}v8`

const WORDS = { size: 11.5, leading: 17 }

/** Sentences, each broken to the width of the page; `y` is the baseline of the first. */
export function lines(sentences: readonly string[], y: number, fill: string = INK): Block {
  const all = sentences.flatMap((sentence) => broken(sentence, WORDS.size, PAGE.inner))
  const parts = all.map((line, at) => text(PAGE.margin, y + at * WORDS.leading, line, { size: WORDS.size, fill }))
  return { parts, bottom: y + Math.max(0, all.length - 1) * WORDS.leading }
}
