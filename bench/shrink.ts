import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { shrink } from '../explore/shrink/index.ts'
import { boot, type Scenario } from '../kernel/index.ts'
import { MAX_STEPS, random, run, witnessed, writeSchedule } from '../scheduler/index.ts'

/** How long it takes to make the library's failures small, each as random runs find it. `node scripts/run.mjs bench/shrink.ts [NAME]` */

const folder = join(import.meta.dirname, '../scenarios')
const wanted = process.argv[2] ?? ''
const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))

/** The choices of the first random run that fails, its parameters those of the scenario. */
function found(made: Scenario, seed: string) {
  const decider = random(seed)
  const maxSteps = made.maxSteps ?? MAX_STEPS
  const simulation = boot(made, { door: decider })
  const { params, state } = simulation
  for (let i = 0; i < 2_000; i++) {
    const noted = witnessed(decider)
    simulation.machine.kernel.door = noted
    simulation.start()
    noted.begin(simulation, 0)
    const { failure } = run(simulation, noted, { maxSteps })
    if (failure !== null) {
      const { choices, preemptions, steps } = noted.schedule()
      return { from: { params, wakeOrder: state.wakeOrder, maxSteps, choices, failure }, preemptions, steps }
    }
  }
  return null
}

for (const name of names.sort()) {
  if (!name.includes(wanted)) continue
  const { default: made } = (await import(pathToFileURL(join(folder, name)).href)) as { default: Scenario }
  const before = found(made, 'bench')
  if (before === null) continue
  const began = performance.now()
  const after = shrink(made, before.from)
  const ms = (performance.now() - began).toFixed(0)
  const proved = `${after.fewestPreemptions ? 'fewest preemptions' : ''} ${after.fewestSteps ? 'fewest steps' : ''}`
  console.log(
    `${name}: ${before.preemptions}/${before.steps} → ${after.preemptions}/${after.steps} ${after.failure.name} in ${after.executions} runs, ${ms} ms; ${proved}; ${JSON.stringify(after.params)}\n    ${writeSchedule(after.choices).slice(0, 200)}`,
  )
}
