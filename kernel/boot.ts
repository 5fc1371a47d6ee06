import { peekMemory, sizeOf, type Type, type ValueOf } from './access.ts'
import type { Program, SiteProbe } from './call.ts'
import { BadInput, invariant } from './errors.ts'
import { FaultBook } from './faults.ts'
import { Journal } from './journal.ts'
import { type Door, type Kernel, peek, threadOf } from './kernel.ts'
import { Looks } from './looks.ts'
import { Machine } from './machine.ts'
import { type MemoryObject, PAGE_SIZE, touchPage } from './paging.ts'
import { createProcess, createThread, forkProcess, pause } from './process.ts'
import { leaveQueue } from './queue.ts'
import type { Task } from './ready.ts'
import {
  type AnyValues,
  type Context,
  type ProgramOf,
  type ProgramSpec,
  parameters,
  type Scenario,
  type World,
} from './scenario.ts'
import { copiesOf, schedulingOf } from './scenario-check.ts'
import { schedule } from './sched.ts'
import { type Id, type KernelState, NO_ENTRIES, NO_ITEMS, type Process, type WakeOrder } from './state.ts'
import { registeredSubsystems } from './subsystems.ts'
import type { Transact } from './turns.ts'

/** Turning a scenario into a machine that stands before its first step, and bringing it back there. */

export interface BootOptions {
  readonly params?: AnyValues
  /** Default: the scenario's, else `any`. */
  readonly wakeOrder?: WakeOrder
  /** Answers the choices inside steps. */
  readonly door: Door
  /** Note where in its program each call was made. */
  readonly sites?: SiteProbe | null
  /** It will be started but once: nothing is kept to bring the state back. */
  readonly once?: boolean
  /** Run transitions on drafts, for histories. */
  readonly transact?: Transact | null
}

interface Member {
  readonly id: Id
  /** Of its program. */
  readonly name: string
  readonly program: ProgramOf<AnyValues, unknown, unknown>
  readonly context: { -readonly [K in keyof Context]: Context[K] }
  /** When it arrives; `null`: it is there from the start. */
  readonly arrives: number | null
  /** From the first run on. */
  task: Task | null
}

const UID = 1000

/** While a setup runs there is nothing to choose. */
const firstOption: Door = { pick: () => 0 }

/** A scenario with its parameters, on a machine. `start` begins a run; each further `start` begins another from the same state. */
export class Simulation {
  readonly scenario: Scenario
  readonly params: AnyValues
  readonly machine: Machine
  readonly shared: unknown
  readonly #members: Member[] = []
  readonly #transact: Transact | null
  readonly #once: boolean
  #journal: Journal | null = null
  /** Kinds of objects that the setup has made. */
  #kinds = new Set<string>()
  #started = false
  /** Made anew for each run. */
  ghost: unknown = undefined
  /** What invariants are given. */
  readonly world: World
  /** Told of what is looked at, while somebody wants to know. */
  looks: Looks | null = null
  /** From the next start on, for as long as the same door is there. */
  #told: { readonly door: Door; readonly looks: Looks } | null = null

  constructor(scenario: Scenario, options: BootOptions) {
    this.scenario = scenario
    this.params = parameters(scenario, options.params)
    this.#transact = options.transact ?? null
    this.#once = options.once ?? false
    const wakeOrder = options.wakeOrder ?? scenario.wakeOrder ?? 'any'
    this.machine = new Machine({ wakeOrder, door: firstOption, sites: options.sites ?? null })
    this.shared = this.#setUp()
    if (scenario.faults !== undefined) this.machine.faultBook = new FaultBook(scenario.faults, this.#mortal(scenario))
    this.machine.kernel.door = options.door
    this.world = this.#makeWorld()
  }

  get state(): KernelState {
    return this.machine.kernel.state
  }

  /** What programs and checks look at is told from the next start on, until there is another door. */
  tell(): Looks {
    const looks = new Looks(() => this.machine.speaking)
    this.#told = { door: this.machine.kernel.door, looks }
    return looks
  }

  /** Begins a run: every program stands before its first call. */
  start(): void {
    const { machine } = this
    if (this.#started) {
      invariant(this.#journal !== null, 'a run that begins again was kept a journal of')
      this.#journal.restore(this.state)
      if (this.#journal.mappingsChanged) machine.kernel.mappingsEpoch += 1
      machine.reset()
      this.#forgetKinds()
    } else if (this.#transact === null && !this.#once) {
      this.#journal = new Journal(this.state)
      machine.kernel.journal = this.#journal
    }
    if (!this.#started) this.#kinds = new Set(machine.kernel.kinds)
    this.#started = true
    try {
      this.ghost = this.scenario.ghost?.(this.params as never) // params are what the scenario's own specs make them
    } catch (error) {
      throw unusable('ghost', error)
    }
    this.looks = this.#told?.door === machine.kernel.door ? this.#told.looks : null
    machine.begin(this.#transact, this.#startMembers)
    if (this.#once) this.#members.length = 0
  }

  /** What kinds of objects there have been in the run before is nothing to this one: ends would touch what is not there. */
  #forgetKinds(): void {
    const { kernel } = this.machine
    if (kernel.kinds.size === this.#kinds.size) return
    kernel.kinds = new Set(this.#kinds)
    kernel.concerned = null
  }

  readonly #startMembers = (): void => {
    const { machine, looks } = this
    const ghost = looks === null ? this.ghost : looks.ghostFor(this.ghost)
    for (const member of this.#members) {
      const { id, program, context, arrives, task } = member
      context.ghost = ghost
      if (looks !== null) looks.starting = id
      const made = generator(id, program, context)
      if (task === null) member.task = machine.start(id, made, arrives)
      else machine.startAgain(task, made, arrives)
    }
    if (looks !== null) looks.starting = null
  }

  /** Runs `setup` to its end in the process `init`, forks the programs' processes from it, and takes its thread away. */
  #setUp(): unknown {
    const { machine, scenario, params } = this
    const { kernel } = machine
    const init = createProcess(kernel, { id: 'init', parent: null, uid: UID, gid: UID })
    const thread = createThread(kernel, init, 'init')
    let shared: unknown
    if (scenario.setup !== undefined) {
      let over = false
      const program = setupProgram(setupOf(scenario, params), (result) => {
        shared = result
        over = true
      })
      machine.begin(null, () => void machine.start('init', program))
      while (!over && machine.options > 0 && machine.trouble === null) machine.step(0)
      if (machine.trouble !== null)
        throw new BadInput(`setup of '${scenario.title}' failed: ${machine.trouble.message}`)
      if (!over)
        throw new BadInput(`setup of '${scenario.title}' waits in ${thread.call?.name}, and nobody else runs yet`)
      if (machine.tasks.size > 1)
        throw new BadInput(`setup of '${scenario.title}' makes processes or threads; those belong into 'programs'`)
      if (machine.ready.size > 0) machine.step(0) // into its pause
    }
    freeze(shared)
    this.#populate(shared)
    // What setup mapped stays mapped, for invariants to read; what it had open is closed, or no pipe would ever end.
    for (const subsystem of registeredSubsystems()) {
      if (subsystem.name !== 'mappings') subsystem.processExit?.(kernel, init, thread)
    }
    leaveQueue(kernel, threadOf(kernel, 'init'))
    // New tables rather than deletions: an object from which something was deleted is slow from then on.
    kernel.state.threads = without('init', kernel.state.threads)
    kernel.state.queues = without('', kernel.state.queues)
    init.threads = NO_ITEMS
    init.children = NO_ENTRIES
    machine.reset()
    machine.forget('init')
    touchShared(kernel, init)
    return shared
  }

  #populate(shared: unknown): void {
    const { scenario, params, machine } = this
    const { kernel } = machine
    const pids: Record<string, number> = {}
    for (const name of Object.keys(scenario.programs)) {
      const spec = scenario.programs[name]
      if (spec === undefined) continue
      const said = typeof spec === 'function' ? ({ program: spec } as ProgramSpec<AnyValues, unknown, unknown>) : spec
      const { program, copies, uid, priority } = said
      const count = copies === undefined ? undefined : copiesOf(name, asked(`copies of '${name}'`, copies, params))
      for (let index = 1; index <= (count ?? 1); index++) {
        const id = count === undefined ? name : `${name}${index}`
        if (id === 'init' || kernel.state.processes[id] !== undefined)
          throw new BadInput(`'${scenario.title}' has two processes called '${id}'`)
        const process = forkProcess(kernel, 'init', id)
        if (uid !== undefined) {
          process.uid = uid
          process.gid = uid
        }
        if (priority !== undefined) process.priority = priority
        const { arrives = null, ...scheduling } = schedulingOf(name, said, params, index)
        schedule(process, scheduling)
        createThread(kernel, process, id)
        pids[id] = process.pid
        const context = { params, shared, ghost: undefined, name: id, index, pids }
        kernel.footprint.clear() // of what nobody asks for
        this.#members.push({ id, name, program, context, arrives, task: null })
      }
    }
    if (this.#members.length === 0) throw new BadInput(`'${scenario.title}' has no programs to run`)
  }

  /** The processes that a fault may kill, where they are said. */
  #mortal({ faults }: Scenario): ReadonlySet<Id> | null {
    const { kill } = faults ?? {}
    if (typeof kill !== 'object') return null
    return new Set(this.#members.filter(({ name }) => kill.includes(name)).map(({ id }) => id))
  }

  #makeWorld(): World {
    const simulation = this
    const { kernel } = this.machine
    return {
      params: this.params,
      shared: this.shared,
      get ghost() {
        if (simulation.looks !== null) simulation.looks.checksGhost = true
        return simulation.ghost
      },
      get state() {
        if (simulation.looks !== null) simulation.looks.checksState = true
        return kernel.state
      },
      load<T extends Type>(address: number, type: T): ValueOf<T> {
        simulation.looks?.word(kernel, 'init', address)
        if (sizeOf[type] === 8) simulation.looks?.word(kernel, 'init', address + 4)
        return peekMemory(kernel, 'init', address, type)
      },
    }
  }
}

/** Put together one by one: what a spread makes of a large table is slow to look things up in. */
function without<T>(id: Id, table: Record<Id, T>): Record<Id, T> {
  const others: Record<Id, T> = {}
  for (const key in table) if (key !== id) others[key] = table[key] as T // a key has its value
  return others
}

/** Pages that are sure to be used, made now, or every run would make them anew. */
const TOUCHED_MAX = 64

function touchShared(kernel: Kernel, init: Process): void {
  let left = TOUCHED_MAX
  for (const { object, shared } of init.mappings) {
    const memory = peek<MemoryObject>(kernel, object)
    for (let page = 0; shared && page * PAGE_SIZE < memory.size && left > 0; page++, left--)
      touchPage(kernel, memory, page)
  }
}

/** The scenario's setup, which runs nothing yet. */
function setupOf({ setup, title }: Scenario, params: AnyValues): Program<unknown> {
  let made: unknown
  try {
    made = setup?.({ params: params as never })
  } catch (error) {
    throw unusable(`setup of '${title}'`, error)
  }
  if (isGenerator(made)) return made
  throw new BadInput(`setup of '${title}' is no generator; write it with a star: *setup() { … }`)
}

function asked(what: string, copies: ProgramSpec<AnyValues, unknown, unknown>['copies'], params: AnyValues): unknown {
  try {
    return typeof copies === 'function' ? copies(params as never) : copies
  } catch (error) {
    throw unusable(what, error)
  }
}

function* setupProgram(setup: Program<unknown>, over: (result: unknown) => void): Program {
  over(yield* setup)
  yield* pause()
}

function generator(id: Id, program: ProgramOf<AnyValues, unknown, unknown>, context: Context): Program<unknown> {
  let made: unknown
  try {
    made = program(context) // a generator function runs nothing yet, but it may take its arguments apart
  } catch (error) {
    throw unusable(`program '${id}'`, error)
  }
  if (!isGenerator(made))
    throw new BadInput(`program '${id}' is no generator; write it with a star: function* ${id}() { … }`)
  return made
}

/** What it yields is looked at as it comes. */
const isGenerator = (made: unknown): made is Program<unknown> =>
  typeof made === 'object' && made !== null && Symbol.iterator in made && 'next' in made && 'throw' in made

/** What to throw when a function of the scenario's has thrown. */
export function unusable(what: string, error: unknown): BadInput {
  if (error instanceof BadInput) return error
  const bad = new BadInput(
    `${what} threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
  )
  if (error instanceof Error && error.stack !== undefined) bad.stack = error.stack
  return bad
}

/** What all runs share must not carry anything from one to the next. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  if (!plain || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const item of Object.values(value)) freeze(item)
}

/** Boots a scenario: setup is run, and a run can start. */
export const boot = (scenario: Scenario, options: BootOptions): Simulation => new Simulation(scenario, options)
