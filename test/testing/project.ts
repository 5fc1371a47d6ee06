import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../cli/cli.ts'

/** A project with tests of its own, in which a vitest of its own is run: as a user has it. */
export class Project {
  /** In the build, so that there `ipclab` means the copy that was built. */
  readonly folder: string = realpathSync(mkdtempSync(join(root, '.build/project-')))

  constructor(files: Files) {
    this.write({ 'vitest.config.mjs': CONFIG, ...files })
  }

  write(files: Files): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true })
      writeFileSync(join(this.folder, name), text)
    }
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8')
  }

  /** The schedules that are kept, with their paths. */
  kept(): string[] {
    const all = readdirSync(this.folder, { recursive: true }) as string[]
    return all.filter((name) => name.includes('__schedules__') && name.endsWith('.json')).sort()
  }

  /** Runs the tests; what each failing one says, `''` for one that passes, by its full name. */
  async run(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Results> {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const reporting = ['--reporter=json', '--outputFile=results.json']
    await this.#node([vitest, 'run', ...reporting, ...args], env)
    const { testResults } = JSON.parse(this.read('results.json')) as Json
    const found: Record<string, string> = {}
    for (const { assertionResults, message } of testResults) {
      if (assertionResults.length === 0) throw new Error(message)
      for (const { fullName, failureMessages, status } of assertionResults)
        if (status !== 'skipped' && status !== 'pending') found[fullName.trim()] = failureMessages.join('\n')
    }
    return found
  }

  /** The command line, in this project. */
  ipclab(args: readonly string[]): Promise<{ code: number; out: string }> {
    return this.#node([join(root, '.build/cli/main.js'), ...args], {})
  }

  #node(args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ code: number; out: string }> {
    const { CI: _, ...rest } = process.env
    const options = { cwd: this.folder, env: { ...rest, NO_COLOR: '1', ...env } }
    return new Promise((resolve) => {
      execFile(process.execPath, args, options, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out: out + err }),
      )
    })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What was built is loaded as a package is, not transformed as a project's own files are. */
const CONFIG = `export default {
  test: { include: ['**/*.spec.ts'], server: { deps: { external: [/\\.build\\/(?!project-)/] } } },
}
`

type Files = { readonly [name: string]: string }
type Results = { readonly [test: string]: string }

interface Json {
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}
