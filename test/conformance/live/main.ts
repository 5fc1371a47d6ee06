import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { numbers } from '../../../scheduler/numbers.ts'
import { BadCases, inWords } from '../runner.ts'
import { progress, say } from '../terminal.ts'
import { compare } from './compare.ts'
import { type FamilyName, familyNames, randomProgram } from './programs.ts'
import { NoRecorder, Recorder } from './recorder.ts'

/**
 * `npm run conform:live -- [options]`: random programs on this machine's kernel and on the model. Exits with 1 if they
 * differ, with 2 on misuse, with 3 where nothing could be recorded.
 */

const USAGE = 'usage: npm run conform:live -- [--programs N] [--seed S] [--families a,b] [--length N]'
const FOLDER = 'ipclab-out'
/** What can be played on where programs have no name spaces of their own. */
const WITHOUT_NAME_SPACES: readonly FamilyName[] = ['pipe', 'unix']

interface Wish {
  readonly programs: number
  readonly seed: string
  readonly families: readonly FamilyName[]
  readonly length: number
}

function wish(): Wish {
  const { values } = parseArgs({
    options: {
      programs: { type: 'string', default: '2000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      families: { type: 'string', default: familyNames.join(',') },
      length: { type: 'string', default: '30' },
    },
  })
  const families = values.families.split(',').map((name) => {
    const known = familyNames.find((one) => one === name)
    if (known === undefined) throw new BadCases(`unknown family '${name}'; there are ${familyNames.join(', ')}`)
    return known
  })
  if (!/^[\w-]+$/.test(values.seed)) throw new BadCases(`--seed takes letters and digits, not '${values.seed}'`)
  return {
    families,
    seed: values.seed,
    programs: count('programs', values.programs),
    length: count('length', values.length, LENGTH_MAX),
  }
}

/** Of a program, in steps: the recorder takes a megabyte. */
const LENGTH_MAX = 1000

function count(option: string, text: string, most = 999_999_999): number {
  if (!/^[1-9]\d{0,8}$/.test(text) || Number(text) > most)
    throw new BadCases(`--${option} takes a whole number from 1 to ${most}, not '${text}'\n${USAGE}`)
  return Number(text)
}

async function live(asked: Wish): Promise<number> {
  const recorder = await Recorder.start()
  try {
    return await played(asked, recorder)
  } finally {
    progress('')
    await recorder.stop()
  }
}

async function played({ programs, seed, families, length }: Wish, recorder: Recorder): Promise<number> {
  const { kernel, libc, root, own } = recorder.found
  console.log(`Linux ${kernel}, glibc ${libc}, ${root ? 'as root' : 'as one user'}; seed ${seed}`)
  const chosen = own ? families : families.filter((name) => WITHOUT_NAME_SPACES.includes(name))
  const leftOut = families.filter((name) => !chosen.includes(name))
  if (leftOut.length > 0) console.log(`no name spaces of one's own are permitted here: left out ${leftOut.join(', ')}`)
  if (chosen.length === 0) throw new NoRecorder('none of the families can be played here')

  const file = `${FOLDER}/live-${seed}.jsonl`
  rmSync(file, { force: true })
  let steps = 0
  let differ = 0
  let unstable = 0
  for (let at = 0; at < programs; at++) {
    const family = chosen[at % chosen.length] as FamilyName // the remainder is an index
    const id = `live-${seed}-${at}`
    progress(`${at} of ${programs}: ${family}; ${differ} differ, ${unstable} unstable`)
    const stream = numbers(id)
    const program = randomProgram((n) => stream.below(n), { family, length, users: root })
    steps += program.steps.length
    const verdict = await compare(recorder, id, family, program)
    if (verdict.kind === 'unstable') {
      unstable += 1
      say(`${id}: unstable: ${verdict.why}`)
    }
    if (verdict.kind === 'differs') {
      differ += 1
      say(`${story(verdict.line.steps as Told[])}\n${inWords(verdict.difference)}`)
      keep(file, `${JSON.stringify(verdict.line)}\n`)
    }
  }
  if (differ > 0) say(`npm run conform -- posix ${file}`)
  say(`${programs} programs, ${steps} steps: ${differ} differ, ${unstable} unstable`)
  if (differ > 0) return 1
  return unstable < programs ? 0 : 3
}

function keep(file: string, line: string): void {
  try {
    mkdirSync(FOLDER, { recursive: true })
    appendFileSync(file, line)
  } catch (error) {
    throw new BadCases(`what differs can't be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A step of a line. */
interface Told {
  readonly p: number
  readonly op: string
  readonly args: object
}

const story = (steps: readonly Told[]): string =>
  steps.map(({ p, op, args }, at) => `  ${at}: p${p} ${op} ${JSON.stringify(args)}`).join('\n')

try {
  process.exitCode = await live(wish())
} catch (error) {
  if (error instanceof NoRecorder) {
    console.log(`nothing was played, and nothing passed: ${error.message}`)
    process.exitCode = 3
  } else if (error instanceof BadCases || (error instanceof TypeError && 'code' in error)) {
    console.error(error.message) // BadCases, or what parseArgs throws
    process.exitCode = 2
  } else throw error
}
