/** The code blocks of a Markdown file. */

export interface Block {
  /** `ts`, `sh`, `text` … */
  readonly language: string
  /** What the info string says further: `file=my.ts`, `of="npx ipclab list"`. */
  readonly hints: Readonly<Record<string, string>>
  readonly text: string
  /** Of its first line in the file, from 1. */
  readonly line: number
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  const fence = /^```(\w+)(.*)\n([\s\S]*?)^```$/gm
  for (const found of markdown.matchAll(fence)) {
    const [, language = '', info = '', text = ''] = found
    const hints: Record<string, string> = {}
    for (const [, name = '', quoted, bare] of info.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g))
      hints[name] = quoted ?? bare ?? ''
    blocks.push({ language, hints, text, line: markdown.slice(0, found.index).split('\n').length + 1 })
  }
  return blocks
}

/** A shell line as words, without its comment; quotes keep words together. */
export function wordsOf(line: string): string[] {
  const words = line.match(/#.*|"[^"]*"|[^\s"]+/g) ?? []
  const end = words.findIndex((word) => word.startsWith('#'))
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/^"(.*)"$/, '$1'))
}
