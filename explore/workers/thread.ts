import { parentPort, workerData } from 'node:worker_threads'
import { attachProducer } from '../../ipc/ring/index.ts'
import { BadInput, invariant } from '../../kernel/index.ts'
import { loadScenarioFile, sourceOf } from '../../trace/index.ts'
import { seconds } from '../budget.ts'
import { guarded } from '../guarded.ts'
import { phasesOf } from '../phases.ts'
import { Maker } from '../search/maker.ts'
import type { Order } from '../search/unit.ts'
import { pack, type Report, type Start } from './mail.ts'
import { sendValue } from './pieces.ts'

/** A worker's whole life: it loads the scenario, then makes the units that it is given, one after another. */

/** How long it makes runs until it looks up, and how many steps pass from one look at the clock to the next. */
const SLICE_SECONDS = 0.1
const STEPS_PER_LOOK = 1_000

invariant(parentPort !== null, 'this file is run as a worker')
const port = parentPort
const { file, hash, wishes, stop, ring } = workerData as Start // of the pool's making
const producer = attachProducer(ring)

const tell = (report: Report): boolean => sendValue(producer, report)

async function load(): Promise<Maker> {
  const loaded = await loadScenarioFile(file)
  if (loaded.hash !== hash) throw new BadInput(`${file} was changed after it was loaded; explore it again`)
  const { strategy, seed, executions, prefix } = wishes
  return new Maker(loaded.scenario, wishes, phasesOf(strategy, seed, executions, prefix), sourceOf(loaded).probe)
}

function make(maker: Maker, order: Order): void {
  const unit = maker.begin(order)
  try {
    for (;;) {
      const more = guarded(
        () => maker.simulation?.machine ?? null,
        () => goOn(maker),
      )
      if (!more || Atomics.load(stop, 0) !== 0) break
      tell({ kind: 'progress', executions: unit.executions, steps: unit.steps, share: unit.share })
    }
    tell({ kind: 'result', tally: unit.tally(), thrown: null })
  } catch (error) {
    tell({ kind: 'result', tally: unit.tally(), thrown: pack(error) })
  }
}

/** Makes runs for a while; says whether there are more to make. */
function goOn(maker: Maker): boolean {
  const until = seconds() + SLICE_SECONDS
  let look = 0
  for (;;) {
    if (!maker.another()) return false
    const work = (maker.unit?.steps ?? 0) + (maker.unit?.executions ?? 0)
    if (work < look) continue
    if (seconds() >= until) return true
    look = work + STEPS_PER_LOOK
  }
}

try {
  const maker = await load()
  port.on('message', (order: Order) => make(maker, order))
  tell({ kind: 'ready' })
} catch (error) {
  tell({ kind: 'failed', thrown: pack(error) })
}
