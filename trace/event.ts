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
import { jsonOf, listJson, quote } from './json.ts'
import { TouchedText } from './touched.ts'

/** Writes a machine's last step as a line of the trace. */
export class EventWriter {
  readonly #machine: Machine
  readonly #touched = new TouchedText()
  readonly #actors = new Map<Id, string>()
  readonly #calls = new WeakMap<object, string>()
  #inTrouble = false

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** The line, without its end. Keys stand in the order of FORMAT.md. */
  line(): string {
    const { steps, state, actor, kind, call, callArgs, callStage, kernel, logged, finished } = this.#machine
    let text = `{"step":${steps},"time":${state.clock},${this.#who(actor?.id ?? '')}`
    text += kind === 'call' ? '"call"' : `"${kind}"`
    text += `${call === null ? ',"call":null' : this.#name(call)},"stage":${callStage},"args":${argsJson(callArgs)}`
    text += this.#outcome()
    if (kernel.woken.length > 0) text += `,"woken":${listJson(kernel.woken)}`
    if (finished.length > 0) text += `,"finished":[${finished.map(finishedJson).join(',')}]`
    if (kernel.spawned.length > 0) text += `,"made":${listJson(kernel.spawned.map(({ thread }) => thread))}`
    if (kernel.ended.length > 0) text += `,"ended":${listJson(kernel.ended)}`
    text += `,"touched":${this.#touched.list(kernel.footprint, state)}`
    if (call !== null && call.site !== null) text += `,"line":${quote(call.site)}`
    if (logged.length > 0) text += `,"log":${listJson(logged)}`
    if (this.#machine.trouble !== null && !this.#inTrouble) text += this.#failed()
    return `${text}}`
  }

  #who(thread: Id): string {
    let text = this.#actors.get(thread)
    if (text === undefined) {
      const process = this.#machine.state.threads[thread]?.process ?? thread
      text = `"cpu":0,"process":${quote(process)},"thread":${quote(thread)},"kind":`
      this.#actors.set(thread, text)
    }
    return text
  }

  #name({ def }: Call<unknown>): string {
    let text = this.#calls.get(def)
    if (text === undefined) {
      text = `,"call":${quote(def.name)}`
      this.#calls.set(def, text)
    }
    return text
  }

  #outcome(): string {
    const { kind, outcome, result } = this.#machine
    if (kind === 'signal') return `,"outcome":"delivered","signal":${quote(String(result))}`
    switch (outcome) {
      case DONE:
      case FAIL:
        return `,"outcome":${resultJson(outcome, result)}`
      case SLEEP:
        return ',"outcome":"sleeps"'
      case NEXT:
        return ',"outcome":"goes on"'
      case GONE:
        return ',"outcome":"ends"'
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

function argsJson(args: Args | null): string {
  if (args === null) return '{}'
  let text = ''
  for (const key in args) {
    const item = args[key]
    if (item !== undefined) text += text === '' ? `{${quote(key)}:${jsonOf(item)}` : `,${quote(key)}:${jsonOf(item)}`
  }
  return text === '' ? '{}' : `${text}}`
}

function finishedJson({ thread, call, outcome, result }: Finished): string {
  return `{"thread":${quote(thread)},"call":${quote(call)},"outcome":${resultJson(outcome, result)}}`
}

function resultJson(outcome: Outcome, result: unknown): string {
  if (outcome === DONE) return result === undefined ? '"returns"' : `"returns","value":${jsonOf(result)}`
  if (!(result instanceof CallError)) return `"fails","error":${jsonOf(result)}`
  const detail = result.detail === null ? '' : `,"detail":${jsonOf(result.detail)}`
  return `"fails","error":${quote(result.code)}${detail}`
}
