import { boot } from 'ipclab/kernel'
import { type Decider, dpor, run } from 'ipclab/scheduler'
import { list, object, text, whole } from './fields.ts'
import { type Litmus, type Locations, litmusScenario, readLitmus } from './litmus-program.ts'
import { type Family, type Recorded, Unplayable } from './runner.ts'

/** Small programs with all final states that each memory model allows: test/oracles/litmus/README.md. */

export interface LitmusCase extends Recorded {
  readonly program: Litmus
}

/** What is observed at the end of a run. */
export type Row = readonly number[]

/** The memory models that there are here, by the columns of the recording. The others wait for theirs. */
const COLUMNS = ['sc'] as const

const STEPS_MAX = 1_000

export const litmus: Family<LitmusCase> = {
  read(one) {
    const fields = object(one, 'a case')
    const program = readLitmus(fields)
    const { id } = program
    const allowed = object(fields.allowed, `${id}: allowed`)
    const steps = COLUMNS.map((op) => ({ op, args: {}, expected: readRows(allowed[op], `${id}: allowed.${op}`) }))
    return { id, part: text(fields.family, `${id}: family`), program, steps, end: null }
  },

  begin: ({ program }) => ({
    perform: () => finalStates(program, dpor(), Number.POSITIVE_INFINITY),
    end: () => null,
  }),
}

const readRows = (rows: unknown, what: string): Row[] =>
  list(rows, what).map((row) => list(row, what).map((value) => whole(value, what)))

/** The final states that runs come to, each once, in order. Every strategy comes to some of them, an exhaustive one to all. */
export function finalStates(program: Litmus, decider: Decider, runsMax: number): Row[] {
  const { scenario, registers } = litmusScenario(program)
  const simulation = boot(scenario, { door: decider })
  const shared = simulation.shared as Locations // of the setup
  const { world } = simulation
  const places = program.observe.map((name) => name.split(':'))
  const seen = new Map<string, Row>()
  for (let index = 0; index < runsMax; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) break
    const { ending } = run(simulation, decider, { maxSteps: STEPS_MAX })
    if (ending !== 'done') throw new Unplayable(`run ${index + 1} of ${decider.name} is ${ending}`)
    const row = places.map(([place = '', register]) =>
      register === undefined ? world.load(shared[place] as number, 'i32') : (registers[Number(place)]?.[register] ?? 0),
    )
    seen.set(row.join(), row)
  }
  return [...seen.values()].sort(numerically)
}

function numerically(a: Row, b: Row): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}
