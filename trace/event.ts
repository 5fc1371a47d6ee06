import {
  type Args,
  type Call,
  CallError,
  DONE,
  FAIL,
  type Finished,
  GONE,
  type Id,
  type Machine,
  NEXT,
  type Outcome,
  SLEEP,
} from '../kernel/index.ts'
import { type Bytes, piece } from './bytes.ts'
import { jsonOf, writeJson, writeQuoted } from './json.ts'
import { TouchedText } from './touched.ts'

const STEP = piece('{"step":')
const TIME = piece(',"time":')
const NO_CALL = piece('","call":null,"stage":')
const ARGS = piece(',"args":{')
const RETURNS = piece(',"outcome":"returns"')
const RETURNS_VALUE = piece(',"outcome":"returns","value":')
const LINE = piece(',"line":')

/** Writes a machine's last step as a line of the trace. What comes again and again is put together once. */
export class EventWriter {
  readonly #machine: Machine
  readonly #touched = new TouchedText()
  /** Of each CPU. */
  readonly #actors: Map<Id, Uint8Array>[] = []
  readonly #calls = new WeakMap<object, Uint8Array>()
  #inTrouble = false

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Writes the line, without its end. Keys stand in the order of FORMAT.md. */
  write(to: Bytes): void {
    const { steps, state, actor, kind, call, callArgs, callStage, kernel, logged, finished } = this.#machine
    to.piece(STEP)
    to.number(steps)
    to.piece(TIME)
    to.number(state.clock)
    to.piece(this.#who(actor?.id ?? ''))
    to.text(kind)
    to.piece(call === null ? NO_CALL : this.#name(call))
    to.number(callStage)
    writeArgs(to, callArgs)
    this.#writeOutcome(to)
    if (kernel.woken.length > 0) to.text(`,"woken":${jsonOf(kernel.woken)}`)
    if (finished.length > 0) to.text(`,"finished":[${finished.map(finishedJson).join(',')}]`)
    if (kernel.spawned.length > 0) to.text(`,"made":${jsonOf(kernel.spawned.map(({ thread }) => thread))}`)
    if (kernel.ended.length > 0) to.text(`,"ended":${jsonOf(kernel.ended)}`)
    this.#touched.write(to, kernel.footprint, state)
    if (call !== null && call.site !== null) {
      to.piece(LINE)
      writeQuoted(to, call.site)
    }
    if (logged.length > 0) to.text(`,"log":${jsonOf(logged)}`)
    if (this.#machine.trouble !== null && !this.#inTrouble) to.text(this.#failed())
    to.text('}')
  }

  #who(thread: Id): Uint8Array {
    const { cpu } = this.#machine
    let actors = this.#actors[cpu]
    if (actors === undefined) {
      actors = new Map()
      this.#actors[cpu] = actors
    }
    let text = actors.get(thread)
    if (text === undefined) {
      const process = this.#machine.state.threads[thread]?.process ?? thread
      text = piece(`,"cpu":${cpu},"process":${jsonOf(process)},"thread":${jsonOf(thread)},"kind":"`)
      actors.set(thread, text)
    }
    return text
  }

  #name({ def }: Call<unknown>): Uint8Array {
    let text = this.#calls.get(def)
    if (text === undefined) {
      text = piece(`","call":${jsonOf(def.name)},"stage":`)
      this.#calls.set(def, text)
    }
    return text
  }

  #writeOutcome(to: Bytes): void {
    const { kind, outcome, result } = this.#machine
    if (kind === 'signal' || kind === 'sent')
      return to.text(`,"outcome":"${kind === 'sent' ? kind : 'delivered'}","signal":${jsonOf(String(result))}`)
    switch (outcome) {
      case DONE:
        if (result === undefined) return to.piece(RETURNS)
        to.piece(RETURNS_VALUE)
        return writeJson(to, result)
      case FAIL:
        return to.text(`,"outcome":${resultJson(outcome, result)}`)
      case SLEEP:
        return to.text(',"outcome":"sleeps"')
      case NEXT:
        return to.text(',"outcome":"goes on"')
      case GONE:
        return to.text(',"outcome":"ends"')
      default:
        return outcome satisfies never
    }
  }

  #failed(): string {
    const { trouble } = this.#machine
    if (trouble === null) return ''
    this.#inTrouble = true
    const { kind, message, site } = trouble
    return `,"failed":${jsonOf({ kind, message, line: site ?? undefined })}`
  }
}

/** `"address":`, by key. */
const keys = new Map<string, Uint8Array>()

function writeArgs(to: Bytes, args: Args | null): void {
  to.piece(ARGS)
  let any = false
  for (const key in args) {
    const item = args[key]
    if (item === undefined) continue
    if (any) to.text(',')
    any = true
    let name = keys.get(key)
    if (name === undefined) {
      name = piece(`${jsonOf(key)}:`)
      keys.set(key, name)
    }
    to.piece(name)
    writeJson(to, item)
  }
  to.text('}')
}

function finishedJson({ thread, call, outcome, result }: Finished): string {
  return `{"thread":${jsonOf(thread)},"call":${jsonOf(call)},"outcome":${resultJson(outcome, result)}}`
}

function resultJson(outcome: Outcome, result: unknown): string {
  if (outcome === DONE) return result === undefined ? '"returns"' : `"returns","value":${jsonOf(result)}`
  if (!(result instanceof CallError)) return `"fails","error":${jsonOf(result)}`
  const detail = result.detail === null ? '' : `,"detail":${jsonOf(result.detail)}`
  return `"fails","error":${jsonOf(result.code)}${detail}`
}
