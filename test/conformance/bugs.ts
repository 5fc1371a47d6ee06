import { boot } from 'ipclab/kernel'
import { type Decider, dfs, isPreemption, MAX_STEPS, pct, pos, random, run } from 'ipclab/scheduler'
import { bugOf } from '../helpers/bugs-by-id.ts'
import { apart, exactly, rateOf } from '../helpers/rates.ts'
import { type Fields, object, text, whole } from './fields.ts'
import { type Family, type RecordedStep, type Session, Unplayable } from './runner.ts'

/** Known bugs, and how they were found by others: test/oracles/explorer/README.md. */

/** Schedules that are made one by one, at most. */
const SCHEDULES_MAX = 500_000
/** Runs of each sampler, and how many combined standard errors its rate may lie off. */
const SAMPLES = 2_000
const ERRORS_MAX = 4
const SEED = 'conform'

type Sampler = (steps: number) => Decider

const samplers: { readonly [rate: string]: Sampler } = {
  random_walk: () => random(SEED),
  pct_d1: (steps) => pct(SEED, 1, steps),
  pct_d2: (steps) => pct(SEED, 2, steps),
  pct_d3: (steps) => pct(SEED, 3, steps),
  pos: () => pos(SEED),
}

export const bugs: Family = {
  read(one) {
    const recorded = object(one, 'a case')
    const id = text(recorded.id, 'id')
    return { id, part: text(recorded.family, `family of ${id}`), steps: readSteps(id, recorded), end: null }
  },
  begin: ({ id, steps }) => new Hunt(id, steps),
}

function readSteps(id: string, recorded: Fields): RecordedStep[] {
  const rates = object(recorded.bug_probability_per_schedule_here, `rates of ${id}`)
  const { interleavings, random_walk_exact: exact, max_steps: longest, samples_each: samples } = rates
  const { min_preemptions: least } = recorded
  const steps: RecordedStep[] = []
  if (interleavings !== undefined && whole(interleavings, `${id}: interleavings`) <= SCHEDULES_MAX)
    steps.push({ op: 'dfs', args: {}, expected: { interleavings, random_walk: Number(exact).toPrecision(8) } })
  if (typeof least === 'number' && orders(whole(recorded.threads, `${id}: threads`)) <= SCHEDULES_MAX)
    steps.push({ op: 'dfs:preemptions', args: {}, expected: { min_preemptions: least } })
  for (const name of Object.keys(samplers)) {
    const args = { rate: Number(rates[name]), samples: Number(samples), steps: Number(longest) }
    if (rates[name] !== undefined) steps.push({ op: name, args, expected: 'as often' })
  }
  return steps
}

/** In how many orders threads can come that none interrupts: as many schedules there are without a preemption, and more. */
const orders = (threads: number): number => (threads <= 1 ? 1 : threads * orders(threads - 1))

class Hunt implements Session {
  readonly #id: string
  readonly #steps: readonly RecordedStep[]

  constructor(id: string, steps: readonly RecordedStep[]) {
    this.#id = id
    this.#steps = steps
  }

  perform(at: number): unknown {
    const { op, args } = this.#steps[at] as RecordedStep // it is asked for the steps that there are
    const { made, params } = bugOf(this.#id)
    if (op === 'dfs') {
      const { schedules, probability } = exactly(made, params)
      return { interleavings: schedules, random_walk: probability.toPrecision(8) }
    }
    if (op === 'dfs:preemptions') return { min_preemptions: this.#fewest() }
    const sampler = samplers[op] as Sampler // of readSteps
    const { rate: known, samples, steps } = args as { readonly rate: number; samples: number; steps: number } // likewise
    const rate = rateOf(made, params, sampler(steps), SAMPLES)
    const off = apart(rate, SAMPLES, known, samples)
    return off <= ERRORS_MAX ? 'as often' : `${rate} of ${SAMPLES} runs, ${off.toFixed(1)} standard errors off`
  }

  /** The preemptions of the first schedule that fails, where those with fewer are made first. */
  #fewest(): number {
    const { made, params } = bugOf(this.#id)
    const all = dfs({ preemptions: Number.MAX_SAFE_INTEGER })
    let preemptions = 0
    const counting: Decider = {
      ...all,
      next(machine) {
        const option = all.next(machine)
        if (isPreemption(machine, option)) preemptions += 1
        return option
      },
    }
    const simulation = boot(made, { door: counting, params })
    for (let index = 0; ; index++) {
      preemptions = 0
      simulation.start()
      if (!counting.begin(simulation, index)) throw new Unplayable('no schedule fails')
      if (run(simulation, counting, { maxSteps: MAX_STEPS }).failure !== null) return preemptions
    }
  }

  end(): null {
    return null
  }
}
