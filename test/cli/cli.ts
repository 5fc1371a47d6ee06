import { execFile } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import { perform } from '../../cli/program.ts'

/** The command line in tests: in this process, where it is quick, or as a process of its own. */

export const root = join(import.meta.dirname, '../..')
export const main = join(root, '.build/cli/main.js')

export interface Done {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Does in this process what the arguments ask for. */
export async function ipclab(...args: string[]): Promise<Done> {
  let out = ''
  let err = ''
  const code = await perform(args, {
    colors: pc.createColors(false),
    width: 120,
    watched: false,
    exitCode: 0,
    print(lines) {
      out += `${typeof lines === 'string' ? lines : lines.join('\n')}\n`
    },
    tell(text) {
      err += text
    },
  })
  return { code, out, err }
}

/** The same in a process of its own. */
export function spawned(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Done> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

/** A folder of its own with these files in it, which becomes the working directory. */
export function folder(files: { readonly [name: string]: string } = {}): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'ipclab-cli-')))
  made.push(path)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  process.chdir(path)
  return path
}

const made: string[] = []

export function removeFolders(): void {
  process.chdir(root)
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
}

/** Two programs that each wait for the other's message. */
export const DEADLOCK = `
import { scenario } from 'ipclab'
import { receive, send } from 'ipclab/message'
export default scenario('each waits', {
  params: { rounds: { default: 1, min: 1, max: 5, about: 'how often' } },
  programs: { *ping() { yield* receive('pong') }, *pong() { yield* receive('ping'); yield* send('ping', 1) } },
  expect: 'deadlock',
})
`

/** Two processes that load, add and store. */
export const LOST = `
import { int32, map_anonymous, scenario } from 'ipclab'
export default scenario('a lost update', {
  *setup() {
    return int32(yield* map_anonymous(4, { name: 'sum' }))
  },
  programs: {
    p: {
      copies: 2,
      *program({ shared: sum }) {
        const seen = yield* sum.load()
        yield* sum.store(0, seen + 1)
      },
    },
  },
  atEnd: { 'both count': ({ load, shared }) => load(shared.at(0), 'i32') === 2 },
  expect: 'violates: both count',
})
`
