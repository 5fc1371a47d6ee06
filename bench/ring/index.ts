import { parseArgs } from 'node:util'
import { median, ratio, table } from '../table.ts'
import { type Cell, cells } from './cells.ts'
import { type Measured, measure } from './measure.ts'
import { build } from './native.ts'
import { Pair } from './pair.ts'
import { twoProcessors } from './pin.ts'

/** The ring beside its peers: `npm run bench:ring [-- --only CELL] [--repeats N]`. */
export async function bench(args: readonly string[]): Promise<void> {
  const options = optionsIn(args)
  if (options === null) return
  const processors = twoProcessors()
  const native = build(processors)
  if (processors === null) console.log('  not pinned: there is no taskset here, or only one processor')
  if (native === null) console.log('  without C++: there is no g++ here')
  const line = native === null ? null : () => native.trip('line', 100_000)
  const bare = line === null ? await Pair.start('line', { bytes: 8, batch: 1 }, processors) : null
  const rows: string[][] = []
  try {
    for (const cell of options.cells) {
      const lineTrip = async () => (line === null ? median((await bare?.run(100_000))?.times ?? []) : line())
      rows.push(...compared(cell, await measure(cell, options.repeats, processors, native, lineTrip)))
      process.stderr.write(`  ${cell.name}\r`)
    }
  } finally {
    native?.remove()
    await bare?.stop()
  }
  table('medians of ratios, round by round; the line is what a bare cache line takes there and back', [
    ['', 'here', 'against', 'there', 'got', 'asked', '', 'line'],
    ...rows,
  ])
}

interface Options {
  readonly cells: readonly Cell[]
  readonly repeats: number
}

const REPEATS = 7
const REPEATS_LEAST = 5

/** `null`: they make no sense, which has been said. */
function optionsIn(args: readonly string[]): Options | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { only: { type: 'string' }, repeats: { type: 'string', default: String(REPEATS) } },
    })
    const repeats = Number(values.repeats)
    if (!(Number.isInteger(repeats) && repeats >= REPEATS_LEAST))
      throw new Error(`repeats is a whole number from ${REPEATS_LEAST} on, not ${values.repeats}`)
    const chosen = cells.filter(({ name }) => values.only === undefined || name === values.only)
    if (chosen.length > 0) return { cells: chosen, repeats }
    throw new Error(`there is no cell '${values.only}'; there are ${cells.map(({ name }) => name).join(', ')}`)
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 2
    return null
  }
}

function compared({ name, measure, comparisons }: Cell, { figures, line }: Measured): string[][] {
  const inWords = measure === 'trips' ? nanoseconds : rate
  return comparisons.flatMap(({ ours, peer, asked }) => {
    const mine = figures.get(ours) ?? []
    const theirs = figures.get(peer)
    if (theirs === undefined) return []
    const got = median(mine.map((figure, round) => figure / (theirs[round] ?? Number.NaN)))
    const reached = measure === 'trips' ? got <= asked : got >= asked
    return [
      [
        `${name}, ${ours.replace('ours, ', '')}`,
        inWords(median(mine)),
        peer,
        inWords(median(theirs)),
        ratio(got, 1),
        `${measure === 'trips' ? '<=' : '>='} ${asked}x`,
        reached ? '' : 'missed',
        nanoseconds(median(line)),
      ],
    ]
  })
}

const rate = (perSecond: number): string =>
  perSecond >= 1e7 ? `${(perSecond / 1e6).toFixed(0)} M/s` : `${(perSecond / 1e3).toFixed(0)} k/s`

const nanoseconds = (ns: number): string => (ns >= 10_000 ? `${(ns / 1000).toFixed(0)} us` : `${ns.toFixed(0)} ns`)
