import { invariant, type Machine, type Simulation, type Task, type WakeOrder } from '../../kernel/index.ts'
import type { Decider } from '../decider.ts'
import { type Numbers, numbers } from '../numbers.ts'
import { Pricing, unit } from './costs.ts'
import { Cpu, hasRoom, sooner, switchOver } from './cpu.ts'
import { Entity } from './entity.ts'
import { PlacedHeap } from './heap.ts'
import { MemoryCosts } from './memory-costs.ts'
import type { Coming, Policy } from './policy.ts'
import { Protocol } from './protocol.ts'
import { Queues } from './queues.ts'
import type { Recorder } from './recorder.ts'
import { Roster } from './roster.ts'
import { accepted, type DispatcherOptions, type DispatcherSettings } from './settings.ts'
import { Signalled } from './signalled.ts'
import { Totals } from './totals.ts'

/**
 * Makes a decider of a policy: virtual time, CPUs with a running thread each, slices, preemption, costs.
 *
 * A call takes effect when its cost is paid: a thread that has computed for 5 ms makes its next call then, and may have
 * been off its CPU several times meanwhile. What happens at one time happens in this order: calls and slices that come
 * to their end, in the order in which they were begun; a policy's tick; timers. Only then are idle CPUs given work, and
 * only when nobody has any does the clock go on. A call that takes no time is made at once, before the end of a slice.
 */
export class Dispatcher implements Decider {
  readonly keepsTime = true
  readonly complete = false
  readonly policy: Policy
  readonly settings: DispatcherSettings
  readonly wakeOrder: WakeOrder = 'fifo'
  readonly totals = new Totals()
  cpus: readonly Cpu[] = []
  readonly #seed: string
  readonly #recorder: Recorder | null
  /** What the policy draws and programs choose comes from there. */
  random: Numbers
  #machine: Machine | null = null
  #queues: Queues
  #pricing: Pricing
  #memory: MemoryCosts | null = null
  #protocol: Protocol | null = null
  #roster: Roster | null = null
  #signalled = new Signalled()
  readonly #ends = new PlacedHeap<Cpu>(sooner)
  #events = 0
  #idle = 0
  #nextTick = Number.POSITIVE_INFINITY
  /** Have become able to go on in the step just made, and are to be put in line. */
  readonly #fresh: Entity[] = []
  /** May run on some CPUs only, of which one was idle as they came into line: somebody else may get it. */
  readonly #hopeful: Entity[] = []
  /** Whose running thread takes the step. */
  #stepping: Cpu | null = null

  constructor(options: DispatcherOptions) {
    const { policy, cpus = 1, queues = 'global', costs = unit, seed = '1', recorder = null } = options
    this.policy = policy
    this.settings = { cpus: accepted(cpus), queues, costs }
    this.#seed = seed
    this.#recorder = recorder
    this.random = numbers(seed)
    this.#pricing = new Pricing(costs)
    this.#queues = new Queues(policy, queues, [], this.random)
  }

  get name(): string {
    return this.policy.name
  }

  /** Every thread that there has been, in the order of their coming. */
  get entities(): readonly Entity[] {
    return this.#roster?.entities ?? []
  }

  get now(): number {
    return this.#machine?.state.clock ?? 0
  }

  begin(simulation: Simulation, index: number): boolean {
    const { machine } = simulation
    const { cpus, queues, costs } = this.settings
    this.#machine = machine
    this.random = numbers(this.#seed)
    this.cpus = Array.from({ length: cpus }, (_, number) => new Cpu(number))
    this.#idle = cpus
    this.#queues = new Queues(this.policy, queues, this.cpus, this.random)
    this.#memory = costs.cacheLine > 0 || costs.pageFault > 0 || costs.copy > 0 ? new MemoryCosts(costs) : null
    this.#protocol = this.policy.protocol === undefined ? null : new Protocol(this.policy.protocol, machine)
    this.#signalled = new Signalled()
    this.#ends.clear()
    this.#events = 0
    this.#nextTick = machine.state.clock + (this.policy.every ?? Number.POSITIVE_INFINITY)
    this.#fresh.length = 0
    this.#hopeful.length = 0
    this.#stepping = null
    this.#roster = new Roster(machine, cpus, this.totals, this.#recorder)
    for (const task of machine.tasks.values()) {
      task.kept = null // the dispatcher of the run before may have met it as this one was begun
      this.#meet(task)
    }
    machine.kernel.cpus = cpus
    machine.kernel.urgent = this.policy.wakesUrgent === true ? (sleepers) => this.#there.mostUrgent(sleepers) : null
    machine.onReady = this.#comes
    machine.onWait = this.#goes
    return index === 0
  }

  next(machine: Machine): number {
    this.#settle(machine)
    for (;;) {
      const cpu = this.#ends.first
      const end = cpu === undefined ? Number.POSITIVE_INFINITY : cpu.until
      const timer = machine.state.timers[0]?.at ?? Number.POSITIVE_INFINITY
      const now = machine.state.clock
      const at = Math.min(end, timer, this.#nextTick)
      if (at > now) {
        if (this.#idle > 0 && this.#queues.waiting > 0 && this.#dispatch(machine)) continue
        const until = Math.min(end, timer)
        invariant(until !== Number.POSITIVE_INFINITY, 'somebody runs, or a timer will fire')
        // While nobody runs all ticks but the last are as good as none.
        if (this.#idle === this.cpus.length) this.#skipTicks(until)
        this.#passTime(machine, Math.min(until, this.#nextTick) - now)
      } else if (end <= now) {
        const option = this.#end(cpu as Cpu, machine) // its end is a number
        if (option >= 0) return option
      } else if (this.#nextTick <= now) {
        this.#tick()
      } else {
        machine.cpu = 0
        this.totals.events += 1
        return machine.ready.size
      }
    }
  }

  pick(kind: 'choose' | 'wake', _thread: string, count: number, label: (index: number) => string): number {
    if (kind === 'choose') return count === 1 ? 0 : this.random.below(count)
    if (this.policy.wakesUrgent !== true) return 0
    return this.#there.mostUrgent(Array.from({ length: count }, (_, index) => label(index)))
  }

  /** Closes all accounts, for measures: at the end of a run, or in its midst. */
  settleAccounts(): void {
    for (const cpu of this.cpus) this.#account(cpu)
    this.#roster?.settle()
  }

  #meet(task: Task): Entity {
    const known = task.kept instanceof Entity
    const entity = this.#there.meet(task)
    if (!known && task.slot >= 0) this.#fresh.push(entity)
    return entity
  }

  get #there(): Roster {
    return this.#roster as Roster // the run has begun
  }

  readonly #comes = (task: Task): void => {
    if (!(task.kept instanceof Entity)) return void this.#meet(task)
    this.#fresh.push(task.kept)
    this.#protocol?.goesOn(task.kept)
  }

  readonly #goes = (task: Task): void => {
    const entity = this.#meet(task)
    const { cpu } = entity
    if (entity.inLine) this.#queues.remove(entity)
    else if (cpu !== null) this.#stop(cpu)
    if (task.ended) this.#there.ends(entity)
    else this.#there.becomes(entity, 'waiting')
    if (cpu !== null) entity.queue?.left?.(entity, entity.waitsForIo && !task.ended)
    if (task.ended) this.#protocol?.ended(entity)
    else this.#protocol?.waits(entity)
  }

  /** What the step just made has changed. */
  #settle(machine: Machine): void {
    const cpu = this.#stepping
    this.#stepping = null
    const runner = cpu === null ? null : cpu.running
    if (runner !== null) runner.left = -1
    this.#there.stepIsOver()
    if (machine.steps > 0) this.#effects(machine, cpu)
    for (let i = 0; i < this.#fresh.length; i++) {
      const entity = this.#fresh[i] as Entity // below length
      if (entity.task.slot < 0 || entity.inLine || entity.cpu !== null) continue
      const how = entity.activity === 'away' || entity.queue === null ? 'new' : 'woken'
      if (entity.activity === 'away') this.#there.arrives(entity)
      this.#there.becomes(entity, 'ready')
      entity.left = -1
      this.#enter(entity, how)
    }
    while (this.#fresh.length > 0) this.#fresh.pop()
    if (cpu === null || runner === null || cpu.running !== runner) return
    if (machine.kind === 'call' && machine.call?.def.name === 'yield') return this.#putOff(cpu, 'yielded')
    this.#price(runner)
    if (cpu.slice <= 0 && runner.left > 0) this.#putOff(cpu, 'expired')
    else this.#arm(cpu)
  }

  #effects(machine: Machine, cpu: Cpu | null): void {
    const { kernel, call, actor } = machine
    if (kernel.spawned.length > 0)
      for (const { thread } of kernel.spawned) {
        const task = machine.tasks.get(thread)
        if (task !== undefined) this.#meet(task)
      }
    if (cpu !== null) this.#memory?.charge(machine, cpu.number)
    if (kernel.woken.length > 0) for (const id of kernel.woken) this.#signals(machine, id)
    if (call?.def.reschedules === true && actor !== null) this.#reschedules(machine, actor)
    const changed = this.#protocol?.observe() ?? null
    if (changed !== null) for (const entity of changed) this.#ranksAnew(entity)
  }

  /** Who is in the midst of a long call is taken out of it by a signal, and comes back to what is left of it. */
  #signals(machine: Machine, id: string): void {
    const entity = machine.tasks.get(id)?.kept
    if (!(entity instanceof Entity) || entity.left <= 0 || machine.state.threads[id]?.pending.length === 0) return
    if (entity.cpu !== null) this.#account(entity.cpu)
    this.#signalled.suspend(entity)
    this.#price(entity)
    if (entity.cpu !== null && entity.cpu !== this.#stepping) this.#arm(entity.cpu)
  }

  #reschedules(machine: Machine, actor: Task): void {
    const own = this.#meet(actor)
    this.#there.hasMade(own)
    for (const task of this.#there.tasksOf(machine.call?.args.pid, own)) {
      const entity = this.#meet(task)
      this.#there.read(entity)
      this.#protocol?.changed(entity)
      this.#ranksAnew(entity)
    }
  }

  /** What its policy goes by has changed. */
  #ranksAnew(entity: Entity): void {
    const { cpu } = entity
    if (entity.inLine) {
      this.#queues.remove(entity)
      this.#enter(entity, 'moved')
    } else if (cpu !== null) {
      const goes = !entity.mayRunOn(cpu.number)
      if (goes || entity.queue?.puts?.(entity) === true) this.#putOff(cpu, 'put off')
      if (goes) this.#contest(entity)
    }
  }

  /** Puts a thread in line, and off its CPU whoever it takes the place of. */
  #enter(entity: Entity, how: Coming): void {
    if (this.policy.looksAhead === true && entity.left < 0) this.#price(entity)
    this.#queues.enter(entity, how, this.now)
    this.#contest(entity)
  }

  /** The thread, which is in line, takes the CPU of whoever is the last to keep it, if there is no other for it. */
  #contest(entity: Entity): void {
    if (this.#idle >= this.#queues.waiting && hasRoom(this.cpus, entity)) {
      if (entity.cpus !== null) this.#hopeful.push(entity)
      return
    }
    let victim: Cpu | null = null
    let other: Entity | null = null
    for (const cpu of this.#queues.contested(entity)) {
      if (cpu.running === null || !entity.mayRunOn(cpu.number)) continue
      this.#account(cpu)
      if (!(entity.queue?.preempts(entity, cpu.running) ?? false)) continue
      if (other !== null && entity.queue?.preempts(other, cpu.running) !== true) continue
      victim = cpu
      other = cpu.running
    }
    if (victim === null || other === null) return
    this.#putOff(victim, 'put off')
    if (entity.cpus !== null) this.#contest(other) // elsewhere there may be one that has less of a claim
  }

  /** The running thread goes back in line. */
  #putOff(cpu: Cpu, how: Coming): void {
    const entity = cpu.running
    if (entity === null) return
    this.#stop(cpu)
    this.#there.becomes(entity, 'ready')
    entity.putOff = how === 'put off' || how === 'expired'
    if (this.policy.looksAhead === true && entity.left < 0) this.#price(entity)
    this.#queues.put(entity, how, this.now)
  }

  /** The CPU has nothing to do for now. */
  #stop(cpu: Cpu): void {
    const entity = cpu.running
    if (entity === null) return
    this.#account(cpu)
    cpu.last = entity
    cpu.running = null
    entity.cpu = null
    entity.lastCpu = cpu.number
    this.#idle += 1
    if (cpu.place >= 0) this.#ends.remove(cpu)
    if (cpu.since > this.now) this.#there.breaksOff(entity, cpu)
  }

  /** Charges what runs for the time until now. */
  #account(cpu: Cpu): void {
    const entity = cpu.running
    const ns = this.now - cpu.since
    if (entity === null || ns <= 0) return
    cpu.since += ns
    cpu.busyNs += ns
    cpu.slice -= ns
    entity.cpuNs += ns
    entity.left -= ns
    entity.queue?.charge?.(entity, ns)
  }

  /** A call or a slice is over: the option of the step that is due, or -1. */
  #end(cpu: Cpu, machine: Machine): number {
    this.totals.events += 1
    this.#account(cpu)
    const entity = cpu.running
    invariant(entity !== null, 'what ends has been running')
    if (entity.left > 0) {
      this.#putOff(cpu, 'expired')
      return -1
    }
    this.#stepping = cpu
    machine.cpu = cpu.number
    return entity.task.slot
  }

  #tick(): void {
    this.totals.events += 1
    this.#nextTick += this.policy.every ?? Number.POSITIVE_INFINITY
    for (const cpu of this.cpus.toReversed()) this.#putOff(cpu, 'put off') // so each goes on where it ran
    this.#queues.tick()
  }

  #skipTicks(until: number): void {
    const { every = 1 } = this.policy // without ticks there is none before
    if (this.#nextTick < until) this.#nextTick += Math.floor((until - this.#nextTick) / every) * every
  }

  /** Gives idle CPUs work; whether it found any. */
  #dispatch(machine: Machine): boolean {
    let found = false
    for (const cpu of this.cpus) {
      if (cpu.running !== null) continue
      const entity = this.#queues.take(cpu, machine.state.clock)
      if (entity === null) continue
      this.#run(cpu, entity)
      found = true
      if (this.#queues.waiting === 0) break
    }
    if (this.#hopeful.length > 0) for (const entity of this.#hopeful.splice(0)) if (entity.inLine) this.#contest(entity)
    return found
  }

  #run(cpu: Cpu, entity: Entity): void {
    this.totals.events += 1
    this.#idle -= 1
    const cost = cpu.last === entity ? 0 : switchOver(cpu, entity, this.settings.costs)
    cpu.since = this.now + cost
    this.#there.runs(entity, cpu.since)
    cpu.running = entity
    cpu.switchNs += cost
    entity.cpu = cpu
    entity.putOff = false
    if (entity.left < 0) this.#price(entity)
    cpu.slice = entity.queue?.slice(entity) ?? Number.POSITIVE_INFINITY
    this.#arm(cpu)
  }

  #price(entity: Entity): void {
    const machine = this.#machine as Machine // the run has begun
    const { task } = entity
    const thread = machine.thread(task)
    entity.left = (this.#signalled.resumes(entity, thread) ?? this.#pricing.of(task, thread)) + entity.debt
    entity.debt = 0
  }

  /** The event at which what runs comes to the end of its call or its slice. */
  #arm(cpu: Cpu): void {
    const entity = cpu.running
    if (entity === null) return
    cpu.until = Math.max(cpu.since, this.now) + Math.min(entity.left, Math.max(cpu.slice, 0))
    this.#events += 1
    cpu.event = this.#events
    if (cpu.place < 0) this.#ends.add(cpu)
    else this.#ends.moved(cpu)
  }

  #passTime(machine: Machine, ns: number): void {
    this.totals.pass(ns, this.#queues.waiting, this.cpus.length - this.#idle)
    machine.passTime(ns)
    this.#recorder?.timePassed(this.now)
    if (this.policy.compares === true) for (const cpu of this.cpus) this.#account(cpu)
  }
}
