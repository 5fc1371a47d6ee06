import { textWidth } from '../../cli/draw/svg/width.ts'
import { all, readXml, type XmlElement } from './xml.ts'

/** What is wrong with how a picture is laid out. */

interface Box {
  readonly what: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Words that stand on each other, and what reaches over the edge of the page; the picture is well-formed XML. */
export function misplaced(svg: string): string[] {
  const root = readXml(svg)
  const [, , width = 0, height = 0] = (root.attributes.viewBox ?? '').split(' ').map(Number)
  const words = all(root, 'text').map(boxOf)
  const drawn = all(root, 'rect')
    .filter((rect) => rect.attributes.x !== undefined)
    .map(rectangle)
  const outside = [...words, ...drawn].filter(
    ({ left, right, top, bottom }) => !(left >= 0 && right <= width && top >= 0 && bottom <= height),
  )
  const sorted = [...words].sort((a, b) => a.top - b.top)
  const onEachOther = sorted.flatMap((one, at) => {
    const found: string[] = []
    for (const other of sorted.slice(at + 1)) {
      if (other.top >= one.bottom) break
      if (one.left < other.right && other.left < one.right) found.push(`'${one.what}' and '${other.what}'`)
    }
    return found
  })
  return [...outside.map(({ what }) => `'${what}' is outside`), ...onEachOther]
}

function boxOf({ attributes, text }: XmlElement): Box {
  const [x, y, size] = ['x', 'y', 'font-size'].map((name) => Number(attributes[name])) as [number, number, number]
  const width = textWidth(text, size, attributes['font-weight'] === 'bold')
  const anchor = attributes['text-anchor'] ?? 'start'
  const left = anchor === 'start' ? x : anchor === 'middle' ? x - width / 2 : x - width
  // What lies on and above the line; below it only tails are.
  return { what: text, left, right: left + width, top: y - size * 0.8, bottom: y + size * 0.2 }
}

function rectangle({ attributes }: XmlElement): Box {
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((name) => Number(attributes[name])) as [
    number,
    number,
    number,
    number,
  ]
  return { what: 'a rectangle', left: x, right: x + width, top: y, bottom: y + height }
}
