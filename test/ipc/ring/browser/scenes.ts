import {
  attachConsumer,
  attachProducer,
  close,
  create,
  declareDead,
  popJson,
  popText,
  pushJson,
  pushText,
  type RingHandle,
  type RingKind,
  struct,
} from 'ipclab/ring'
import { kinds } from '../../../../ipc/ring/layout.ts'
import { type Manner, manners } from '../stress/ends.ts'
import { MESSAGE_BYTES } from '../stress/messages.ts'
import { give } from './hands.ts'
import { type Job, type Moved, Peer } from './peers.ts'
import { web } from './web.ts'

/** What happens in a page, each by a name of its own; the test asks for them, and looks at what they give. */

type Role = Job['role']
export type Place = 'page' | 'worker'

export interface Crossing {
  /** Messages of each producer, by its number. */
  readonly sent: Moved
  readonly got: Moved
}

/** Small, so that both sides have to wait. */
function ringOf(kind: RingKind, producers = 1): RingHandle {
  if (kind === 'records') return create({ kind, capacity: 512 })
  return create({ kind, messageBytes: MESSAGE_BYTES, capacity: 8, ...(kind === 'mpsc' ? { producers } : {}) })
}

/** Producers send, in each manner, until they have sent enough; consumers read until the end of the stream. */
export async function carry(
  kind: RingKind,
  producers: readonly Place[],
  consumers: readonly Place[],
  count: number,
): Promise<Crossing> {
  const all: Crossing = { sent: {}, got: {} }
  for (const manner of manners) {
    const handle = ringOf(kind, producers.length)
    const receiving = await employ(handle, 'consumer', consumers, manner, Infinity)
    const sending = await employ(handle, 'producer', producers, manner, count)
    for (const moved of await Promise.all(sending)) add(all.sent, moved)
    if (kind === 'mpmc') close(handle)
    for (const moved of await Promise.all(receiving)) add(all.got, moved)
  }
  return all
}

/** They are at it, each in its place. */
async function employ(
  handle: RingHandle,
  role: Role,
  places: readonly Place[],
  manner: Manner,
  count: number,
): Promise<Promise<Moved>[]> {
  const moved: Promise<Moved>[] = []
  for (const [who, place] of places.entries()) {
    const job: Job = { handle, role, who, manner, count }
    if (place === 'page') moved.push(here(job))
    else moved.push((await give(job)).moved)
  }
  return moved
}

const here = (job: Job): Promise<Moved> => new Peer(job, (end) => end.waitAsync()).play()

function add(to: Moved, moved: Moved): void {
  for (const [who, count] of Object.entries(moved)) to[Number(who)] = (to[Number(who)] ?? 0) + count
}

/** How often the page has slept. */
let sleeps = 0
export const sleepsCounted = (): number => sleeps
const { waitAsync } = Atomics
Atomics.waitAsync = ((...all: Parameters<typeof waitAsync>) => {
  sleeps += 1
  return waitAsync(...all)
}) as typeof waitAsync

/** As it is in browsers that don't have it. */
export const takeWaitAsyncAway = (): boolean => Reflect.deleteProperty(Atomics, 'waitAsync')

interface Death {
  /** What the page is told of it. */
  readonly told: string
  /** And when it moves messages again, with a fresh worker. */
  readonly afterwards: string
}

/** Workers are terminated at their work, one at each end of each kind; all at once, as it takes Chromium two seconds. */
export async function deaths(): Promise<Record<string, Record<Role, Death>>> {
  const all = kinds.map(async (kind) => {
    const [producer, consumer] = await Promise.all([death(kind, 'producer'), death(kind, 'consumer')])
    return [kind, { producer, consumer }] as const
  })
  return Object.fromEntries(await Promise.all(all))
}

async function death(kind: RingKind, role: Role): Promise<Death> {
  const handle = ringOf(kind)
  const job: Job = { handle, role, who: 0, manner: 'one', count: Infinity }
  const page = new Peer({ ...job, role: role === 'producer' ? 'consumer' : 'producer' }, (end) =>
    end.waitAsync({ timeout: 150 }),
  )
  const victim = await give(job)
  let gone = false
  const ended = victim.end().then(() => (gone = true))
  while (!gone) {
    await page.move(10)
    await pause(0)
  }
  await ended
  declareDead(handle, role, victim.number)
  const told = await page.move(Infinity)
  const fresh = await give(job)
  const afterwards = await page.move(50)
  close(handle)
  await fresh.moved.catch(() => {})
  return { told, afterwards }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const texts = ['', 'ring', 'grüße 🎈', '\ufeffmark', 'x'.repeat(90)]

/** Strings, values and fields there and back in the page, whose encoders may not know shared memory. */
export function codecs(): { texts: boolean; json: unknown; fields: unknown } {
  const records = create({ kind: 'records', capacity: 1024 })
  const [writer, reader] = [attachProducer(records), attachConsumer(records)]
  for (const text of texts) pushText(writer, text)
  const read = texts.map(() => popText(reader))
  pushJson(writer, { a: [1, 'ü', null] })
  const json = popJson(reader)
  const Order = struct({ id: 'u32', price: 'f64', at: 'i64' })
  const orders = create({ kind: 'spsc', messageBytes: Order.byteLength, capacity: 4 })
  const [order, got] = [Order.make(), Order.make()]
  Object.assign(order, { id: 7, price: 1.25, at: 2n ** 62n })
  attachProducer(orders).push(Order.bytes(order))
  attachConsumer(orders).pop(Order.bytes(got))
  const fields = { id: got.id, price: got.price, at: String(got.at) }
  return { texts: read.every((text, i) => text === texts[i]), json, fields }
}

/** A worker's messages as they come, to the end of the stream. */
export async function stream(kind: RingKind, count: number): Promise<number> {
  const handle = ringOf(kind)
  const consumer = attachConsumer(handle)
  const worker = await give({ handle, role: 'producer', who: 0, manner: 'one', count })
  // Of many to many, somebody else has to say that all is sent.
  if (kind === 'mpmc') void worker.moved.then(() => close(handle))
  let messages = 0
  for await (const _ of consumer) messages += 1
  return messages
}

/** What a worker is told that blocks before its own worker has begun, and when it awaits. */
export function blocksTooSoon(): Promise<unknown> {
  const worker = new web.Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  worker.postMessage('make another')
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      worker.terminate()
      resolve(data)
    }
  })
}

/** How waits end that nobody else ends: each by its name. */
export async function givenUp(): Promise<Record<string, string>> {
  const consumer = attachConsumer(ringOf('spsc') as RingHandle<'spsc'>)
  const message = new Int32Array(MESSAGE_BYTES / 4)
  const how = (wait: Promise<unknown>): Promise<string> =>
    wait.then(String, (error: Error) => `${error.name}: ${error.message}`)
  const later = new AbortController()
  setTimeout(() => later.abort(new Error('enough')), 5)
  const drain = async (signal: AbortSignal): Promise<void> => {
    for await (const _ of consumer.messages({ signal }));
  }
  return {
    'timed out': await how(consumer.popAsync(message, { timeout: 5 })),
    'aborted before': await how(consumer.waitAsync({ signal: AbortSignal.abort(new Error('no')) })),
    'aborted meanwhile': await how(consumer.popAsync(message, { signal: later.signal })),
    'a stream': await how(drain(AbortSignal.timeout(5))),
  }
}

/** What a RingError says of something that can't be done in this page. */
export function refusal(what: 'create' | 'block'): string {
  try {
    if (what === 'create') ringOf('spsc')
    else attachConsumer(ringOf('spsc')).wait()
    return 'nothing'
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string }
    return `${name}, ${code}: ${message}`
  }
}
