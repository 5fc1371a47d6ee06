import { parseArgs } from 'node:util'
import { kinds } from '../../../../ipc/ring/layout.ts'
import { Crew } from './crew.ts'
import { proveAll } from './proofs.ts'
import { rounds } from './rounds.ts'

/**
 * `npm run stress -- [--rounds 500] [--seed 1] [--kind KIND]`: exit code 1 where a ring was left unusable, or its books don't agree.
 * `npm run stress -- proofs [SCENARIO]`: explores the algorithms instead; exit code 1 where one does not hold.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string' },
  },
})

async function stress(): Promise<void> {
  const crew = new Crew(new URL('./peer-worker.js', import.meta.url))
  for (const kind of kinds) {
    if (values.kind !== undefined && values.kind !== kind) continue
    const began = performance.now()
    const tally = await rounds(kind, Number(values.rounds), Number(values.seed), crew)
    const { failures, messages, lost, doubled, sleeps, timedOut, missed } = tally
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    process.stdout.write(
      `${kind.padEnd(8)}${tally.rounds} rounds, each with a death: ${failures.length} unusable; ${messages} messages, ${lost} lost and ${doubled} read twice, as stated; ${sleeps} sleeps, ${timedOut} timed out, ${missed} of them over news; ${seconds} s\n`,
    )
    for (const failure of failures) process.stdout.write(`  ${failure}\n`)
    // Whoever dies may die between its news and the wake-up.
    if (failures.length > 0 || missed > tally.rounds) process.exitCode = 1
    if (failures.length > 0) break
  }
  await crew.dismiss()
}

if (positionals[0] === 'proofs') process.exitCode = (await proveAll(positionals[1])) ? 0 : 1
else await stress()
