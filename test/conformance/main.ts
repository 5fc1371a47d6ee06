import { parseArgs } from 'node:util'
import { families } from './families.ts'
import { BadCases, type Family, inJson, inWords, play, type Recorded, readCases } from './runner.ts'
import { progress, say } from './terminal.ts'

/** `npm run conform -- FAMILY FILE [options]`. Exits with 1 if a case failed, with 2 on misuse. */

const USAGE = 'usage: npm run conform -- FAMILY FILE [--only ID] [--families a,b] [--most RUNS] [--verbose]'

/** A step that would make more runs than this is left out, unless --most says otherwise. */
const RUNS_MAX = 20_000_000

interface Wish {
  readonly family: Family
  readonly file: string
  readonly only: string | undefined
  readonly parts: readonly string[] | undefined
  readonly runsMax: number
  readonly verbose: boolean
}

function wish(): Wish {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      families: { type: 'string' },
      most: { type: 'string', default: String(RUNS_MAX) },
      verbose: { type: 'boolean', default: false },
    },
  })
  const [name, file, ...more] = positionals
  if (name === undefined || file === undefined || more.length > 0) throw new BadCases(USAGE)
  const family = families.get(name)
  if (family === undefined) throw new BadCases(`unknown family '${name}'; there are ${[...families.keys()].join(', ')}`)
  const { only, most, verbose } = values
  if (!/^\d+$/.test(most)) throw new BadCases(`--most takes a number of runs, not '${most}'`)
  return { family, file, only, parts: values.families?.split(','), runsMax: Number(most), verbose }
}

function chosen({ family, file, only, parts }: Wish): Recorded[] {
  const all = readCases(family, file)
  const known = new Set(all.map(({ part }) => part))
  for (const part of parts ?? []) {
    if (!known.has(part)) throw new BadCases(`${file} has no cases of '${part}'; it has ${[...known].join(', ')}`)
  }
  const cases = all.filter(({ id, part }) => (only === undefined || id === only) && (parts?.includes(part) ?? true))
  if (cases.length === 0) throw new BadCases(`${file} has no case '${only}'`)
  return cases
}

function conform(asked: Wish): number {
  const { family, verbose, runsMax } = asked
  const cases = chosen(asked)
  let failed = 0
  let leftOut = 0
  for (const [index, recorded] of cases.entries()) {
    const { id, steps } = recorded
    const reason = family.leftOut?.(recorded, runsMax) ?? null
    if (reason !== null) {
      leftOut += 1
      say(`${id}: left out: ${reason}`)
      continue
    }
    if (verbose) say(id)
    progress(`${index + 1} of ${cases.length}: ${id}`)
    const told = (step: number, got: unknown): void => {
      const { op, args } = steps[step] ?? {}
      if (verbose) say(`  ${step}: ${op} ${JSON.stringify(args)} -> ${inJson(got)}`)
    }
    const difference = play(family, recorded, told, (words) => progress(`${id}: ${words}`))
    if (difference === null) continue
    failed += 1
    say(inWords(difference))
  }
  const passed = cases.length - failed - leftOut
  say(`${passed} passed, ${failed} failed${leftOut === 0 ? '' : `, ${leftOut} left out`}`)
  return failed === 0 ? 0 : 1
}

try {
  process.exitCode = conform(wish())
} catch (error) {
  const misuse = error instanceof BadCases || (error instanceof TypeError && 'code' in error) // what parseArgs throws
  if (!misuse) throw error
  console.error(error.message)
  process.exitCode = 2
}
