import type { Command } from 'commander'
import { indent, table } from '../draw/table.ts'
import { libraryNames, loadNamed } from '../scenario.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab list`: the library. */

export function addList(program: Command, terminal: Terminal): void {
  program
    .command('list')
    .argument('[word]', 'only scenarios with this in their name or title')
    .summary('list the library of scenarios')
    .description('Lists the scenarios that come with ipclab, with what exploring each should find.')
    .option('--json', 'print the list as JSON')
    .addHelpText(
      'after',
      `
Examples:
  ipclab list
  ipclab list mailbox
  ipclab explore textbook/bounded-buffer`,
    )
    .action(async (word: string | undefined, { json }: { json?: boolean }) => {
      const all = await library()
      const wanted = (word ?? '').toLowerCase()
      const listed = all.filter(({ name, title }) => `${name} ${title}`.toLowerCase().includes(wanted))
      if (json === true) return terminal.print(JSON.stringify(listed, null, 2))
      if (listed.length === 0) return terminal.print(`nothing in the library has '${word ?? ''}' in its name or title`)
      terminal.print(listing(listed, terminal))
    })
}

interface Listed {
  readonly name: string
  readonly title: string
  readonly expect: string
  readonly about: string
  readonly params: object
}

async function library(): Promise<Listed[]> {
  const listed: Listed[] = []
  for (const name of libraryNames()) {
    const { title, expect, about = '', params } = (await loadNamed(`ipclab:${name}`)).scenario
    listed.push({ name, title, expect, about, params })
  }
  return listed
}

function listing(listed: readonly Listed[], { colors }: Terminal): string[] {
  const rows = listed.map(({ name, title, expect }) => [name, expect, title])
  return [
    ...table(['name', 'exploring finds', 'title'], rows, colors.dim),
    '',
    'explore one:',
    ...indent([`ipclab explore ${listed[0]?.name ?? 'NAME'}`]),
  ]
}
