/** A strict reader of the XML that pictures are made of: elements, attributes in double quotes, text, the five entities. */

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** Of itself and all in it. */
  readonly text: string
}

const TAG = /<(\/?)([A-Za-z][\w-]*)((?: [A-Za-z][\w:-]*="[^"<]*")*)(\/?)>/y
const ATTRIBUTE = / ([A-Za-z][\w:-]*)="([^"<]*)"/g
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The root element. @throws Error for what is not well-formed, or has an id twice */
export function readXml(source: string): XmlElement {
  const ids = new Set<string>()
  let at = source.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n') ? source.indexOf('\n') + 1 : 0

  function element(): XmlElement {
    const [, close, name = '', attributes = '', empty] = tag()
    if (close === '/') throw new Error(`</${name}> was not open, at ${at}`)
    const said: Record<string, string> = {}
    for (const [, key = '', value = ''] of attributes.matchAll(ATTRIBUTE)) {
      if (key in said) throw new Error(`${key} twice, at ${at}`)
      said[key] = plain(value)
    }
    if (said.id !== undefined && ids.has(said.id)) throw new Error(`the id ${said.id} twice`)
    if (said.id !== undefined) ids.add(said.id)
    const children: XmlElement[] = []
    let text = ''
    while (empty !== '/') {
      const next = source.indexOf('<', at)
      if (next < 0) throw new Error(`<${name}> is not closed`)
      text += plain(source.slice(at, next))
      at = next
      if (source.startsWith('</', at)) {
        const [, , closed] = tag()
        if (closed !== name) throw new Error(`</${closed}> closes <${name}>, at ${at}`)
        break
      }
      const child = element()
      children.push(child)
      text += child.text
    }
    return { name, attributes: said, children, text }
  }

  function tag(): RegExpExecArray {
    TAG.lastIndex = at
    const found = TAG.exec(source)
    if (found === null) throw new Error(`no tag at ${at}: ${source.slice(at, at + 40)}`)
    at = TAG.lastIndex
    return found
  }

  const root = element()
  if (source.slice(at).trim() !== '') throw new Error('something follows the root')
  return root
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 leaves out
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/u.test(text)) throw new Error('no sign of XML')
  return text.replace(/&(\w*);?/g, (whole, name: string) => {
    const sign = whole.endsWith(';') ? ENTITIES[name] : undefined
    if (sign === undefined) throw new Error(`no entity: ${whole}`)
    return sign
  })
}

/** All elements of a name in it. */
export const all = (root: XmlElement, name: string): XmlElement[] => [
  ...(root.name === name ? [root] : []),
  ...root.children.flatMap((child) => all(child, name)),
]
