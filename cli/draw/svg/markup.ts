/** SVG as text. Numbers have two digits behind the point at most, and the same picture is always the same text. */

export type Attributes = { readonly [name: string]: string | number }

/** An element; its children are markup. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly string[]): string {
  const said = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(written(value))}"`)
  const open = `<${name}${said.join('')}`
  if (children.length === 0) return `${open}/>`
  return children.length === 1 && !children[0]?.startsWith('<')
    ? `${open}>${children[0]}</${name}>`
    : `${open}>\n${children.join('\n')}\n</${name}>`
}

/** Text in which nothing is markup, nor what XML can't hold. */
export const escaped = (text: string): string =>
  text.replace(UNFIT, '\uFFFD').replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign)

// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 leaves out, as are halves of surrogate pairs
const UNFIT = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF\uFFFE\uFFFF]/gu
const ENTITIES: { readonly [sign: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const written = (value: string | number): string => (typeof value === 'string' ? value : number(value))

export const number = (value: number): string => String(Number(value.toFixed(2)))

export interface TextStyle {
  readonly size: number
  readonly bold?: boolean
  readonly italic?: boolean
  readonly fill?: string
  readonly anchor?: 'start' | 'middle' | 'end'
}

/** Text whose baseline is at y. */
export function text(x: number, y: number, words: string, style: TextStyle): string {
  const { size, bold = false, italic = false, fill = '#1a1a1a', anchor = 'start' } = style
  return element(
    'text',
    {
      x,
      y,
      'font-size': size,
      ...(bold ? { 'font-weight': 'bold' } : {}),
      ...(italic ? { 'font-style': 'italic' } : {}),
      ...(anchor === 'start' ? {} : { 'text-anchor': anchor }),
      fill,
    },
    escaped(words),
  )
}

export interface Picture {
  /** Read out in place of the picture, and shown when it is pointed at. */
  readonly title: string
  readonly description: string
  readonly width: number
  readonly height: number
  readonly definitions: readonly string[]
  readonly parts: readonly string[]
}

/** A picture as a file of its own, on white. */
export function picture({ title, description, width, height, definitions, parts }: Picture): string {
  const svg = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${number(width)} ${number(height)}`,
      width,
      height,
      role: 'img',
      'aria-labelledby': 'ipclab-title ipclab-description',
      'font-family': 'sans-serif',
    },
    element('title', { id: 'ipclab-title' }, escaped(title)),
    element('desc', { id: 'ipclab-description' }, escaped(description)),
    element('defs', {}, ...definitions),
    element('rect', { width, height, fill: '#ffffff' }),
    ...parts,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`
}
