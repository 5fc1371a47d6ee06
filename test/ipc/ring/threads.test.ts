import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { attachConsumer, attachProducer, create } from 'ipclab/ring'
import { afterAll, describe, expect, test } from 'vitest'
import { kinds } from '../../../ipc/ring/layout.ts'
import { Crew } from './stress/crew.ts'
import { Ledger } from './stress/ledger.ts'
import { MESSAGE_BYTES, read, write } from './stress/messages.ts'
import { type Waiting, waitings } from './stress/peer.ts'
import { rounds } from './stress/rounds.ts'

const built = (path: string): URL => pathToFileURL(resolve(import.meta.dirname, '../../../.build', path))
const crew = new Crew(built('test/ipc/ring/stress/peer-worker.js'))
afterAll(() => crew.dismiss())

describe('real threads, with a death in each round (many more: npm run stress)', () => {
  test.each(kinds)(
    '%s: no ring is left unusable, and the books agree',
    async (kind) => {
      const tally = await rounds(kind, 3, 7, crew)
      expect(tally.failures).toEqual([])
      expect(tally).toMatchObject({ rounds: 3 })
      // Whoever dies may die between its news and the wake-up.
      expect(tally.missed).toBeLessThanOrEqual(3)
      expect(tally.messages).toBeGreaterThan(900)
      // Threads that spin take long where others need the processors, too; rounds that get nowhere say so themselves.
    },
    120_000,
  )
})

/** Round trips of a bounded sleep would take 100 ms. */
const SOON_MS = 50

describe('the main thread awaits, and is woken', () => {
  test.each(waitings)('by a worker whose way of waiting is: %s', async (waiting) => {
    expect(await medianRoundTrip(waiting)).toBeLessThan(SOON_MS)
  })
})

/** The main thread sends, and waits until the worker has read; the worker then has nothing to do but to sleep. */
async function medianRoundTrip(waiting: Waiting): Promise<number> {
  const handle = create({ kind: 'spsc', messageBytes: MESSAGE_BYTES, capacity: 1 })
  const ledger = new Ledger()
  const producer = attachProducer(handle)
  const job = { handle, ledger: ledger.memory, role: 'consumer', who: 0, manner: 'one', waiting } as const
  const hand = await crew.give(job)
  const message = new Int32Array(MESSAGE_BYTES / 4)
  const times: number[] = []
  for (let seq = 0; seq < 20; seq++) {
    write(message, 0, 0, seq)
    const began = performance.now()
    expect(producer.push(message)).toBe(true)
    expect(await producer.waitAsync()).toBe('ready')
    times.push(performance.now() - began)
  }
  producer.close()
  await hand.done
  crew.takeBack(hand)
  return times.sort((a, b) => a - b)[times.length >> 1] ?? Infinity
}

test('the main thread may block, once its worker runs', async () => {
  const handle = create({ kind: 'spsc', messageBytes: MESSAGE_BYTES, capacity: 4 })
  const ledger = new Ledger()
  const consumer = attachConsumer(handle)
  const job = { handle, ledger: ledger.memory, role: 'producer', who: 0, manner: 'one', waiting: 'blocking' } as const
  const hand = await crew.give(job)
  const message = new Int32Array(MESSAGE_BYTES / 4)
  const stamp = { producer: 0, seq: 0 }
  for (let seq = 0; seq < 100; ) {
    if (!consumer.pop(message)) expect(consumer.wait({ timeout: 10_000 })).toBe('ready')
    else {
      read(message, 0, stamp)
      expect(stamp.seq).toBe(seq)
      seq += 1
    }
  }
  consumer.close()
  await hand.done
  crew.takeBack(hand)
})

const ring = built('ipc/ring/index.js').href

/** A process of its own runs it: what it prints, and how it ends. */
async function program(text: string): Promise<{ printed: string; code: number | null }> {
  const source = `import { attachConsumer, attachProducer, create } from '${ring}'\n${text}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (piece) => (printed += piece))
  const code = await new Promise<number | null>((done) => child.on('close', done))
  return { printed: printed.trim(), code }
}

const empty = `const consumer = attachConsumer(create({ kind: 'spsc', messageBytes: 8, capacity: 4 }))`

describe('a process', () => {
  test('goes on while it awaits, and ends when it no longer does', async () => {
    const awaits = `${empty}; consumer.waitAsync({ timeout: 30 }).then(console.log)`
    expect(await program(awaits)).toEqual({ printed: 'timed out', code: 0 })
  })

  test('likewise where Atomics.waitAsync is missing', async () => {
    const awaits = `delete Atomics.waitAsync; ${empty}; consumer.waitAsync({ timeout: 30 }).then(console.log)`
    expect(await program(awaits)).toEqual({ printed: 'timed out', code: 0 })
  })

  test.each(['', 'delete Atomics.waitAsync;'])(
    'ends when a signal has ended its wait, in its sleep: %s',
    async (first) => {
      const awaits = `${first} ${empty}
      let sleptOn = true
      const { waitAsync } = Atomics
      if (waitAsync) Atomics.waitAsync = (...args) => {
        const sleep = waitAsync(...args)
        sleep.value.then(() => (sleptOn = false))
        return sleep
      }
      const stop = new AbortController()
      consumer.waitAsync({ signal: stop.signal }).catch((error) => console.log(error.message, sleptOn))
      stop.abort(new Error('enough'))`
      expect(await program(awaits)).toEqual({ printed: 'enough true', code: 0 })
    },
  )
})
