import { int32, map_anonymous, type Program, type Scenario, scenario } from 'ipclab/kernel'
import { type Mailbox, mailbox_create } from 'ipclab/message'
import { type Params, PROGRAMS, type Shared } from './explorer-programs.ts'
import { Unplayable } from './runner.ts'

/** The programs of the table as scenarios. */

/** Of mapped pages: cells, variables beside them, and locks. */
const [CELLS, BESIDE, LOCKS, PAGES] = [0, 16, 32, 64]
const PAGE = 4096
const LINE = 64

/** A program of the table with its parameters. @throws Unplayable when there is no such program or it takes others */
export function programOf(name: string, params: Params): Scenario {
  const entry = PROGRAMS.get(name)
  if (entry === undefined)
    throw new Unplayable(`there is no program '${name}'; there are ${[...PROGRAMS.keys()].join(', ')}`)
  const given = Object.keys(params)
  if (given.length !== entry.params.length || !entry.params.every((one) => given.includes(one)))
    throw new Unplayable(`${name} takes ${entry.params.join(', ')}, not ${given.join(', ') || 'nothing'}`)
  const { threads, body, boxes, setup } = entry
  const programs = Array.from({ length: threads(params) }, (_, i) => [
    `t${i}`,
    ({ shared }: { readonly shared: Shared }): Program => body(i, shared, params),
  ])
  return scenario(name, {
    *setup(): Program<Shared> {
      const at = yield* map_anonymous(PAGES * PAGE)
      const made: Mailbox[] = []
      for (let i = 0; i < (boxes?.(params) ?? 0); i++) made.push(yield* mailbox_create(`box${i}`))
      const shared = {
        x: int32(at + CELLS * PAGE),
        y: int32(at + BESIDE * PAGE),
        // Each has a cache line of its own.
        lock: (number: number) => at + LOCKS * PAGE + LINE * number,
        boxes: made,
      }
      if (setup !== undefined) yield* setup(shared, params)
      return shared
    },
    programs: Object.fromEntries(programs) as Record<string, (given: { readonly shared: Shared }) => Program>,
    deadlocks: 'total',
    expect: 'holds',
  })
}
