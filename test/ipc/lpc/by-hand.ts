import { type Call, type Completion, Driver, type HandOutcome, type Id } from 'ipclab/kernel'
import * as lpc from 'ipclab/lpc'

/** Processes driven by hand, and what came of each call: its value, a status, `blocks`, `ended`. */
export class Hand {
  readonly driver = new Driver()
  /** What the last call set loose, in order: `c: STATUS_LPC_REPLY_LOST`. */
  released: string[] = []

  constructor(uids: { readonly [name: string]: number }) {
    for (const [id, uid] of Object.entries(uids)) this.driver.process({ id, uid })
  }

  do<T>(id: Id, call: Call<T>): T | string {
    const { outcome, completed } = this.driver.perform(id, call)
    this.released = completed.map(line)
    return word(outcome) as T | string
  }

  /** The same for a call that has to succeed at once. */
  get<T>(id: Id, call: Call<T>): T {
    const value = this.do(id, call)
    if (typeof value === 'string') throw new Error(`${id}: ${call.def.name} came to ${value}`)
    return value
  }

  pid(id: Id): number {
    return this.driver.state.processes[id]?.pid ?? 0
  }

  wait(ms: number): string[] {
    return this.driver.advanceClock(ms).map(line)
  }

  /** What the thread's call came to that the last call of another has ended. */
  result<T>(id: Id, report: readonly Completion[]): T {
    return word(report.find(({ thread }) => thread === id)?.outcome ?? null) as T
  }

  /** `client` connects to `server`'s port of that name; both ends. */
  connect(server: Id, port: number, client: Id, name: string, options: lpc.ConnectOptions = {}) {
    this.do(client, lpc.NtConnectPort(name, options))
    const request = this.get(server, lpc.NtListenPort(port))
    const accepted = this.get(server, lpc.NtAcceptConnectPort(null, request, true, { clientView: true }))
    const { completed } = this.driver.perform(server, lpc.NtCompleteConnectPort(accepted.port))
    return { connection: this.result<lpc.Connection>(client, completed), accepted, request }
  }

  /** How many objects of that kind there are. */
  count(kind: string): number {
    return Object.values(this.driver.state.objects).filter((object) => object.kind === kind).length
  }
}

const line = ({ thread, outcome }: Completion): string => `${thread}: ${String(word(outcome))}`

function word(outcome: HandOutcome | null): unknown {
  if (outcome === null) return 'blocks'
  if (outcome.how === 'failed') return outcome.error.code
  return outcome.how === 'returned' ? (outcome.value ?? 'ok') : 'ended'
}
