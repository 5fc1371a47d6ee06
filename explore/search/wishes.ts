import { type AnyValues, BadInput, type Scenario, type WakeOrder } from '../../kernel/index.ts'
import { type Choice, MAX_STEPS } from '../../scheduler/index.ts'
import type { Surveyed } from '../coverage/survey.ts'
import type { ExploreOptions } from '../explore.ts'

/** What a search is to do, as plain data, with all that was left out filled in. */
export interface Wishes {
  readonly strategy: string
  readonly seed: string
  readonly executions: number
  readonly maxSteps: number
  readonly prefix: readonly Choice[]
  readonly params?: AnyValues
  readonly wakeOrder?: WakeOrder
  readonly checkDeterminism?: number
  /** Which runs are looked at for what they cover. */
  readonly surveyed: Surveyed
  readonly unit: UnitSizes
}

/** Runs in one unit. */
export interface UnitSizes {
  /** Of a sampler, which learns anew in each. */
  readonly block: number
  /** Of a depth-first search: what is left then is for others. */
  readonly part: number
}

const EXECUTIONS = 100_000
const REFINED = 'refined'
const UNIT: UnitSizes = { block: 2_000, part: 1_000 }

/** @throws BadInput for a number that is none */
export function wishesOf(scenario: Scenario, options: ExploreOptions, unit = UNIT): Wishes {
  const { checkDeterminism } = options
  return {
    strategy: strategyOf(options),
    seed: String(options.seed ?? 1),
    executions: atLeastOne('executions', options.executions ?? EXECUTIONS),
    maxSteps: atLeastOne('maxSteps', options.maxSteps ?? scenario.maxSteps ?? MAX_STEPS),
    prefix: options.prefix ?? [],
    surveyed: surveyedOf(options),
    unit,
    ...bootOptions(options),
    ...(checkDeterminism === undefined ? {} : { checkDeterminism }),
  }
}

function surveyedOf({ vacuity, coverage, onProgress }: ExploreOptions): Surveyed {
  if (vacuity === true) return 'lines'
  if (coverage === true) return 'all'
  return onProgress === undefined ? 'none' : 'some'
}

/** The strategy, which says of dpor on what it goes. */
function strategyOf({ strategy = 'portfolio', dependency = 'object' }: ExploreOptions): string {
  if (dependency === 'object') return strategy
  if (dependency !== 'refined') throw new BadInput(`dependency is object or refined, not ${String(dependency)}`)
  const [name = '', ...options] = strategy.split(':')
  if (name !== 'dpor' && name !== 'portfolio')
    throw new BadInput(
      `dependency is for dpor, and for portfolio, which ends with it; ${name} does not ask what commutes`,
    )
  if (options.some((one) => one.startsWith('preemptions')))
    throw new BadInput('dependency is for dpor without a bound: within one, what commutes may cost more')
  return options.includes(REFINED) ? strategy : `${strategy}:${REFINED}`
}

/** What boot is to be told. */
export function bootOptions({ params, wakeOrder }: Pick<ExploreOptions, 'params' | 'wakeOrder'>): {
  readonly params?: AnyValues
  readonly wakeOrder?: WakeOrder
} {
  return { ...(params === undefined ? {} : { params }), ...(wakeOrder === undefined ? {} : { wakeOrder }) }
}

export function atLeastOne(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new BadInput(`${name} takes a whole number of at least 1, not ${value}`)
  return value
}
