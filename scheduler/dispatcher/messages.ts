import { type Call, Footprint, type Id, invariant, type Machine, type Task, type Traffic } from '../../kernel/index.ts'
import type { CallTimes } from './call-times.ts'
import { Histogram } from './histogram.ts'

/** What is known of a queue of messages, or a stream of bytes, and of who went through it. Times in virtual ns. */
export interface QueueMeasures {
  /** As a reader would call it. */
  readonly name: string
  /** Of a stream lengths are in bytes, and a message is what one call writes at once. */
  readonly unit: 'messages' | 'bytes'
  /** From when a thread makes the call that sends a message until the call that receives it has returned. */
  readonly latency: Histogram
  /** What was in it: the mean over the time of the run, and the most for any time. */
  readonly lengthMean: number
  readonly lengthMax: number
  /** Messages that nobody received, and those that are in it still. */
  readonly dropped: number
  readonly left: number
}

interface Message {
  /** `null`: it was sent before anybody watched. */
  readonly sentAt: number | null
  /** The call that writes it, and at which step: what that writes more is of the same message. */
  readonly by: Call<unknown> | null
  readonly step: number
  size: number
}

interface Line {
  readonly name: string
  readonly unit: QueueMeasures['unit']
  /** In their places; of those that were there before anybody watched, none. */
  messages: Message[]
  readonly latency: Histogram
  dropped: number
  /** Sum of the sizes, since when, and its sum over the time before. */
  length: number
  since: number
  lengthNs: number
  lengthMax: number
}

interface Received {
  readonly line: Line
  readonly sentAt: number
}

/** Follows messages from send to receive. */
export class Messages implements Traffic {
  readonly #calls: CallTimes
  readonly #lines = new Map<Id, Line>()
  /** What calls have in hand that have not returned yet. */
  readonly #inHand = new Map<Call<unknown>, Received[]>()
  readonly #scratch = new Footprint()
  #machine: Machine | null = null
  #began = 0

  constructor(calls: CallTimes) {
    this.#calls = calls
    calls.onReturn = (call, at) => this.#returned(call, at)
  }

  begin(machine: Machine): void {
    this.#machine = machine
    this.#began = machine.state.clock
    this.#lines.clear()
    this.#inHand.clear()
  }

  get queues(): QueueMeasures[] {
    const elapsed = this.#now - this.#began
    return [...this.#lines.values()].map((line) => {
      this.#account(line)
      const { name, unit, latency, lengthNs, lengthMax, dropped, messages } = line
      const lengthMean = elapsed === 0 ? 0 : lengthNs / elapsed
      return { name, unit, latency, lengthMean, lengthMax, dropped, left: messages.length }
    })
  }

  enters(queue: Id, place: number, name: string | null, sender?: Id): void {
    const task = this.#task(sender)
    const line = this.#line(queue, 'messages', () => name ?? this.#subject(task))
    this.#account(line)
    while (line.messages.length < place) line.messages.push({ sentAt: null, by: null, step: 0, size: 1 })
    line.messages.splice(place, 0, this.#message(task, 1))
    line.length = line.messages.length
  }

  leaves(queue: Id, place: number, receiver?: Id): void {
    const line = this.#lines.get(queue)
    if (line === undefined) return
    this.#account(line)
    const [message] = line.messages.splice(place, 1)
    line.length = line.messages.length
    if (message !== undefined) this.#received(line, message, this.#task(receiver))
  }

  flows(stream: Id, bytes: number, name: string): void {
    if (bytes === 0) return
    const task = this.#task()
    const line = this.#line(stream, 'bytes', () => name)
    this.#account(line)
    line.length += bytes
    const last = line.messages.at(-1)
    if (last !== undefined && last.by === task?.pending && last.step === this.#steps) last.size += bytes
    else line.messages.push(this.#message(task, bytes))
  }

  drains(stream: Id, left: number): void {
    const line = this.#lines.get(stream)
    if (line === undefined) return
    this.#account(line)
    while (line.length > left) {
      const [first] = line.messages
      if (first === undefined) break
      const read = Math.min(first.size, line.length - left)
      first.size -= read
      line.length -= read
      if (first.size > 0) continue
      line.messages.shift()
      this.#received(line, first, this.#task())
    }
  }

  drops(queue: Id, place?: number): void {
    const line = this.#lines.get(queue)
    if (line === undefined) return
    this.#account(line)
    const dropped = place === undefined ? line.messages.splice(0) : line.messages.splice(place, 1)
    line.dropped += dropped.length
    line.length = line.messages.reduce((sum, { size }) => sum + size, 0)
  }

  get #now(): number {
    return this.#machine?.state.clock ?? 0
  }

  get #steps(): number {
    return this.#machine?.steps ?? 0
  }

  #task(thread?: Id): Task | null {
    const machine = this.#machine
    return thread === undefined ? (machine?.actor ?? null) : (machine?.tasks.get(thread) ?? null)
  }

  #message(task: Task | null, size: number): Message {
    const sentAt = (task === null ? null : this.#calls.madeAt(task)) ?? this.#now
    return { sentAt, by: task?.pending ?? null, step: this.#steps, size }
  }

  #line(queue: Id, unit: Line['unit'], name: () => string): Line {
    let line = this.#lines.get(queue)
    if (line !== undefined) return line
    const counts = { dropped: 0, length: 0, since: this.#now, lengthNs: 0, lengthMax: 0 }
    line = { name: name(), unit, messages: [], latency: new Histogram(), ...counts }
    this.#lines.set(queue, line)
    return line
  }

  /** What was in it until now was in it for so long. */
  #account(line: Line): void {
    const ns = this.#now - line.since
    if (ns === 0) return
    line.since += ns
    line.lengthNs += line.length * ns
    line.lengthMax = Math.max(line.lengthMax, line.length)
  }

  #received(line: Line, { sentAt }: Message, task: Task | null): void {
    const call = task?.pending ?? null
    if (sentAt === null || call === null) return
    const before = this.#inHand.get(call)
    if (before === undefined) this.#inHand.set(call, [{ line, sentAt }])
    else before.push({ line, sentAt })
  }

  #returned(call: Call<unknown>, at: number): void {
    for (const { line, sentAt } of this.#inHand.get(call) ?? []) line.latency.add(at - sentAt)
    this.#inHand.delete(call)
  }

  #subject(task: Task | null): string {
    const machine = this.#machine
    invariant(task?.pending != null && machine !== null, 'who sends is in a call')
    const { kernel } = machine
    const { def, args } = task.pending
    const before = kernel.footprint
    kernel.footprint = this.#scratch
    const name = def.subject?.(kernel, machine.thread(task), args) ?? def.name
    kernel.footprint = before
    this.#scratch.clear()
    return name
  }
}
