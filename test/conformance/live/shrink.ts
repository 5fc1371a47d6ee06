import type { Fields } from '../fields.ts'
import type { Issue } from '../posix.ts'
import type { Difference } from '../runner.ts'
import type { Game, Program } from './game.ts'
import { played } from './programs.ts'

/** The shortest program that one comes to, a few steps or one process fewer at a time, while it still does the same. */

type Differs = (program: Program) => Promise<Difference | null>

/** @param first what the program does otherwise: the same operation has to */
export async function shrunk(program: Program, first: Difference, differs: Differs): Promise<Program> {
  const stillDiffers = async (tried: Program): Promise<boolean> =>
    played(tried) !== null && (await differs(tried))?.op === first.op
  let least = program
  const end = first.step === null ? program : { ...program, steps: program.steps.slice(0, first.step + 1) }
  if (await stillDiffers(end)) least = end
  for (let length = least.steps.length >> 1; length >= 1; ) {
    const fewer = await firstThat(without(least, length), stillDiffers)
    if (fewer !== null) least = fewer
    else length >>= 1
  }
  return (await firstThat([withoutIdlers(least)], stillDiffers)) ?? least
}

async function firstThat(
  tries: Iterable<Program>,
  holds: (program: Program) => Promise<boolean>,
): Promise<Program | null> {
  for (const one of tries) if (await holds(one)) return one
  return null
}

/** So many steps in a row left out, the last first; once with the descriptors that come after called by lower numbers. */
function* without({ uids, steps }: Program, length: number): Iterable<Program> {
  const game = played({ uids, steps })
  for (let at = steps.length - length; at >= 0; at--) {
    const rest = steps.slice(at + length)
    const before = steps.slice(0, at)
    yield { uids, steps: [...before, ...rest] }
    const opened = new Map(steps.slice(at, at + length).flatMap((step) => descriptorsOf(game, step)))
    if (opened.size > 0) yield { uids, steps: [...before, ...rest.map((step) => lowered(step, opened))] }
  }
}

const OPENS = ['open', 'socket', 'accept', 'shm_open', 'mq_open']
const NUMBERS = ['fd', 'mqd', 'which', 'newfd']

/** What the step opened, and of what each is a second one. */
function descriptorsOf(game: Game | null, step: Issue): [fd: number, of: number | null][] {
  const out = game?.log.findLast(({ p, op, args }) => p === step.p && op === step.op && args === step.args)?.out
  if (out === undefined || !('ret' in out)) return []
  if (Array.isArray(out.fds)) return out.fds.map((fd) => [Number(fd), null])
  if (step.op === 'dup') return [[Number(out.ret), Number(step.args.fd)]]
  return OPENS.includes(step.op) ? [[Number(out.ret), null]] : []
}

function lowered({ p, op, args }: Issue, gone: ReadonlyMap<number, number | null>): Issue {
  const lower = (fd: number): number => {
    const same = gone.get(fd) ?? fd
    return same - [...gone.keys()].filter((one) => one < same).length
  }
  const changed = Object.entries(args).map(([name, value]): [string, unknown] => {
    if (NUMBERS.includes(name)) return [name, lower(Number(value))]
    return name === 'fds' ? [name, (value as number[]).map(lower)] : [name, value] // poll's list
  })
  return { p, op, args: Object.fromEntries(changed) }
}

/** The processes that do something and to whom something is done get the lowest numbers; the others are not there. */
function withoutIdlers({ uids, steps }: Program): Program {
  const named = ({ p, args }: Issue): unknown[] => [p, args.to, args.child]
  const needed = new Set(steps.flatMap(named))
  const numbers = [...Array(uids.length).keys()].filter((p) => needed.has(p))
  const forked = steps.flatMap(({ op, args }) => (op === 'fork' ? [Number(args.child)] : []))
  const order = [...numbers, ...forked]
  const renamed = (name: string, value: unknown): unknown =>
    name === 'to' || name === 'child' ? order.indexOf(Number(value)) : value
  return {
    uids: numbers.map((p) => uids[p] ?? 0),
    steps: steps.map(({ p, op, args }) => {
      const changed: Fields = Object.fromEntries(Object.entries(args).map(([key, value]) => [key, renamed(key, value)]))
      return { p: order.indexOf(p), op, args: changed }
    }),
  }
}
