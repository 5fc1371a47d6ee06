import { existsSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname } from 'node:path'
import type { Command } from 'commander'
import { BadInput } from '../../kernel/index.ts'
import { invocation, quoted } from '../invocation.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab new FILE`: a first scenario to change. */

export function addNew(program: Command, terminal: Terminal): void {
  program
    .command('new')
    .argument('<file>', 'where to write it; its name must end in .ts')
    .summary('write a first scenario to start from')
    .description('Writes a small commented scenario that explores to what it expects. Never writes over a file.')
    .addHelpText(
      'after',
      `
Examples:
  ipclab new my.ts
  ipclab explore my.ts`,
    )
    .action((file: string) => {
      write(file)
      terminal.print([`wrote ${file}`, `next: ${invocation()} explore ${quoted(file)}`])
    })
}

function write(file: string): void {
  if (file === '') throw new BadInput("the file's name is empty; write 'ipclab new my.ts'")
  if (!/\.m?ts$/.test(file))
    throw new BadInput(
      `a scenario's name ends in .ts, and ${file} does not; write 'ipclab new ${basename(file, extname(file))}.ts'`,
    )
  try {
    writeFileSync(file, STARTER, { flag: 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new BadInput(`${file} exists, and is left as it is; choose another name`)
    if (code === 'ENOENT' && !existsSync(dirname(file)))
      throw new BadInput(`cannot write ${file}: there is no such folder; make it first`)
    if (code === 'ENOENT') throw new BadInput(`cannot write ${file}: no file can be made there; choose another path`)
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw new BadInput(`cannot write ${file}: permission denied; choose another path`)
    throw new BadInput(`cannot write ${file}: ${message}`)
  }
}

const STARTER = `import { int32, map_anonymous, scenario } from 'ipclab'

/**
 * Two clerks book deposits into one account, each by reading the balance and writing it back. Between a clerk's load and
 * its store the other may book: then one deposit is lost.
 *
 * Explore it, and look at the schedule that loses one. Then mend it: write
 *     yield* shared.balance.add(0, 10)
 * in place of the load and the store, set \`expect\` to 'proved', and explore again.
 */
export default scenario('two clerks and one account', {
  // Other values with --set deposits=3.
  params: {
    deposits: { default: 1, min: 1, max: 10, about: 'how many deposits each clerk books' },
  },

  // Runs first, alone. What it maps, all processes share; what it returns, they find in \`shared\`.
  *setup() {
    return { balance: int32(yield* map_anonymous(4, { name: 'balance' })) }
  },

  // The processes. Every \`yield*\` is a call into the kernel, and between any two of them another process may run.
  programs: {
    clerk: {
      copies: 2,
      *program({ params, shared }) {
        for (let i = 0; i < params.deposits; i++) {
          const before = yield* shared.balance.load()
          yield* shared.balance.store(0, before + 10)
        }
      },
    },
  },

  // Checked when all programs have ended; what stands in \`invariants\` is checked after every step.
  atEnd: {
    'every deposit is in the balance': ({ params, shared, load }) => {
      const balance = load(shared.balance.at(0), 'i32')
      return balance === 20 * params.deposits || \`the balance is \${balance}\`
    },
  },

  // What exploring should find: 'proved', 'holds', 'deadlock', 'violates: NAME', 'error: CODE', 'step limit'.
  expect: 'violates: every deposit is in the balance',
})
`
