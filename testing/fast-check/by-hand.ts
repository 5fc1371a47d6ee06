import {
  BadInput,
  createThread,
  type Driver,
  forkProcess,
  type HandOutcome,
  type Id,
  type Program,
} from '../../kernel/index.ts'

/** Who is there in a kernel that is driven by hand. */

const INIT = 'init'

/** Runs the setup in a process `init`, and forks the others from it, each with an idle thread. Returns what the setup returned. */
export function populate(driver: Driver, threads: readonly Id[], setup: (() => Program<unknown>) | undefined): unknown {
  driver.process({ id: INIT })
  const shared = setup === undefined ? undefined : perform(driver, setup())
  for (const id of threads) {
    const [process = id] = id.split('.')
    if (process === id) fork(driver, id)
    else if (threads.includes(process)) driver.thread(process, id)
    else throw new BadInput(`thread '${id}' needs a process '${process}' among the threads`)
  }
  return shared
}

function perform(driver: Driver, program: Program<unknown>): unknown {
  let step = program.next()
  while (step.done !== true) {
    const call = step.value
    const { outcome } = driver.perform(INIT, call)
    if (outcome === null) throw new BadInput(`setup waits in ${call.def.name}, and nobody else runs yet`)
    if (outcome.how === 'died') throw new BadInput(`setup ended its process in ${call.def.name}`)
    step = outcome.how === 'returned' ? program.next(outcome.value) : program.throw(outcome.error)
  }
  return step.value
}

function fork({ machine }: Driver, id: Id): void {
  machine.begin(null, () => {
    createThread(machine.kernel, forkProcess(machine.kernel, INIT, id), id)
    machine.start(id, null)
  })
}

/** What came of a call in a word: its value, an error's code, a signal, `blocks`, `exit 1`, `killed SIGKILL`. */
export function outcomeInWord(outcome: HandOutcome | null): unknown {
  if (outcome === null) return 'blocks'
  if (outcome.how === 'failed') return outcome.error.code
  if (outcome.how === 'returned') return outcome.value
  const { signal, code } = outcome.exit
  return signal === null ? `exit ${code}` : `killed ${signal}`
}
