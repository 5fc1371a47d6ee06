import { parseArgs } from 'node:util'
import { families } from './families.ts'
import { BadCases, type Family, inWords, play, type Recorded, readCases, say } from './runner.ts'

/** `npm run conform -- FAMILY FILE [--only ID] [--families a,b] [--verbose]`. Exits with 1 if a case failed, with 2 on misuse. */

const USAGE = 'usage: npm run conform -- FAMILY FILE [--only ID] [--families a,b] [--verbose]'

interface Wish {
  readonly family: Family
  readonly file: string
  readonly only: string | undefined
  readonly parts: readonly string[] | undefined
  readonly verbose: boolean
}

function wish(): Wish {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string' }, families: { type: 'string' }, verbose: { type: 'boolean', default: false } },
  })
  const [name, file, ...more] = positionals
  if (name === undefined || file === undefined || more.length > 0) throw new BadCases(USAGE)
  const family = families.get(name)
  if (family === undefined) throw new BadCases(`unknown family '${name}'; there is ${[...families.keys()].join(', ')}`)
  return { family, file, only: values.only, parts: values.families?.split(','), verbose: values.verbose }
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
  const { family, verbose } = asked
  const cases = chosen(asked)
  let failed = 0
  for (const recorded of cases) {
    if (verbose) console.log(recorded.id)
    const difference = play(family, recorded, (step, got) => {
      const { op, args } = recorded.steps[step] ?? {}
      if (verbose) console.log(`  ${step}: ${op} ${JSON.stringify(args)} -> ${say(got)}`)
    })
    if (difference === null) continue
    failed += 1
    console.log(inWords(difference))
  }
  console.log(`${cases.length - failed} passed, ${failed} failed`)
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
