import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { type Fields, object } from '../fields.ts'
import type { Issue } from '../posix.ts'
import type { Program } from './game.ts'

/** Plays programs on this machine's own kernel: starts recorder/main.c, where there is a C compiler and Linux. */

/** What came of a program: of each step, and at the end; of fewer steps where the next one's process could make no call. */
export interface Recording {
  readonly steps: readonly Fields[]
  readonly end: Fields
}

/** Why this machine can't record. */
export class NoRecorder extends Error {}

/** What it was found to be. */
export interface Found {
  readonly kernel: string
  readonly libc: string
  readonly root: boolean
  /** Each program has name spaces of its own: without them there are no message queues and the like to play with. */
  readonly own: boolean
}

/** What the recorder says of such a step. */
const GONE = 'the process can make no call'

const SOURCES = 'test/conformance/live/recorder'

export class Recorder {
  readonly found: Found
  readonly #process: ChildProcess
  readonly #folder: string
  readonly #input: Writable
  readonly #lines: AsyncIterator<string>

  private constructor(
    process: ChildProcess,
    input: Writable,
    lines: AsyncIterator<string>,
    folder: string,
    found: Found,
  ) {
    this.#process = process
    this.#input = input
    this.#lines = lines
    this.#folder = folder
    this.found = found
  }

  /** @throws NoRecorder where there is no Linux or no C compiler */
  static async start(): Promise<Recorder> {
    const program = build()
    const folder = mkdtempSync(join(tmpdir(), 'ipclab-live-'))
    const process = spawn(program, [folder], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: process.stdout as Readable })[Symbol.asyncIterator]() // as spawned: a pipe
    const first = await lines.next()
    if (first.done === true) throw new NoRecorder(`${program} says nothing`)
    return new Recorder(process, process.stdin as Writable, lines, folder, JSON.parse(first.value) as Found)
  }

  async record({ uids, steps }: Program): Promise<Recording> {
    this.#input.write(`${[uids.join(','), ...steps.map(asLine)].join('\n')}\n\n`)
    const told: Fields[] = []
    for (;;) {
      const { done, value } = await this.#lines.next()
      if (done === true) throw new Error('the recorder has ended')
      const line = object(JSON.parse(value), 'a line')
      if (line.wrong === GONE) return { steps: told, end: {} }
      if (line.wrong !== undefined) throw new Unsettled(`${line.wrong} after step ${told.length}`)
      if (line.end !== undefined) return { steps: told, end: object(line.end, 'the end') }
      told.push(line)
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.on('exit', resolve))
    this.#input.end()
    await ended
    rmSync(this.#folder, { recursive: true })
  }
}

/** The program did not come to an end: the machine never became quiet. */
export class Unsettled extends Error {}

/** The number of the process, the operation, and each argument with its name, with tabs between. */
const asLine = ({ p, op, args }: Issue): string =>
  [p, op, ...Object.entries(args).map(([name, value]) => `${name}=${asText(value)}`)].join('\t')

function asText(value: unknown): string {
  if (value === null) return '-'
  if (Array.isArray(value)) return value.map(asText).join(',')
  return typeof value === 'object' ? Object.values(value).map(asText).join(':') : String(value)
}

/** The compiled recorder: compiled anew when a source is newer. */
function build(): string {
  if (process.platform !== 'linux') throw new NoRecorder(`this is ${process.platform}, and no Linux`)
  const root = checkout(import.meta.dirname)
  const sources = join(root, SOURCES)
  const program = join(root, '.build/live/recorder')
  const changed = (file: string): number => statSync(file).mtimeMs
  const files = readdirSync(sources).map((name) => join(sources, name))
  if (spawnSync('cc', ['--version']).status !== 0) throw new NoRecorder('there is no C compiler (cc)')
  if (existsSync(program) && files.every((file) => changed(file) < changed(program))) return program
  mkdirSync(dirname(program), { recursive: true })
  const mine = `${program}-${process.pid}`
  const compiled = spawnSync('cc', ['-O1', '-pthread', '-o', mine, ...files.filter((name) => name.endsWith('.c'))])
  if (compiled.status !== 0) throw new NoRecorder(`cc can't compile ${SOURCES}: ${compiled.stderr}`)
  renameSync(mine, program) // at once, as others may be doing the same
  return program
}

/** This file runs from the sources, and from .build/, which has no C. */
function checkout(from: string): string {
  return existsSync(join(from, SOURCES)) ? from : checkout(dirname(from))
}
