import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { int32Array } from '../../ipc/atomics/index.ts'
import { attachConsumer, attachProducer, close, create, declareDead, type RingHandle } from '../../ipc/ring/index.ts'
import * as layout from '../../ipc/ring/layout.ts'
import * as mpmcLayout from '../../ipc/ring/mpmc-layout.ts'
import type { Program } from '../../kernel/index.ts'
import * as ends from '../../scenarios/ring/ends.ts'
import * as mpmc from '../../scenarios/ring/mpmc.ts'
import { MpscConsumer } from '../../scenarios/ring/mpsc.ts'
import { wait } from '../../scenarios/ring/protocol.ts'
import { RecordConsumer, RecordProducer } from '../../scenarios/ring/records.ts'
import { Consumer, Producer } from '../../scenarios/ring/spsc.ts'
import { modelled, type Names, Notes, operationsOf, type Run, type Subject } from '../helpers/ring-steps.ts'

/**
 * The model of scenarios/ring is the code of ipc/ring: whatever is asked of them, and whoever comes between two operations, they
 * do the same operations to the same cells, with the same outcome. Who changes one of them has to change the other.
 */

/** Messages of eight bytes, numbered. */
const BYTES = 8
let sent = 0

const numbered = (): Int32Array => Int32Array.of(++sent, 0)

function popped(pop: (into: Int32Array) => boolean): number | null {
  const message = new Int32Array(2)
  return pop(message) ? (message[0] ?? 0) : null
}

const lanesNames =
  (at: number, doorbell: number, cells: typeof ends | typeof layout, size: number): Names =>
  (cell) => {
    if (cell === doorbell) return 'DOORBELL'
    const lane = Math.floor((cell - at) / size)
    for (const name of ['PRODUCER', 'CONSUMER', 'WRITTEN', 'READ'] as const)
      if (cell >= at && (cell - at) % size === cells[name]) return `${name}${lane}`
    return null
  }

/** As a number of the words of lanes: where positions begin, doubled. */
const STARTS = [0, 0x7ffffffa, -6]

function realLanes(handle: RingHandle, start: number): { names: Names; lanes: number } {
  const cells = new Int32Array(handle.memory)
  const lanes = cells[layout.LANES] ?? 1
  const size = (cells.length - layout.HEAD_CELLS) / lanes
  for (let lane = 0; lane < lanes; lane++)
    for (const cell of [layout.WRITTEN, layout.READ]) cells[layout.HEAD_CELLS + lane * size + cell] = start
  return { names: lanesNames(layout.HEAD_CELLS, layout.DOORBELL, layout, size), lanes }
}

function modelLanes(lanes: number, slots: number, start: number) {
  const size = ends.LANE_CELLS + slots
  const memory = new Int32Array(ends.HEAD_CELLS + lanes * size)
  const cells = int32Array({ address: 0, byteLength: memory.byteLength })
  const all = Array.from({ length: lanes }, (_, lane) => {
    const at = ends.HEAD_CELLS + lane * size
    memory[at + ends.WRITTEN] = start
    memory[at + ends.READ] = start
    return lanes === 1 ? ends.laneAt(cells, at, slots) : ends.laneAt(cells, at, slots, ends.DOORBELL)
  })
  return { memory, cells, lanes: all, names: lanesNames(ends.HEAD_CELLS, ends.DOORBELL, ends, size) }
}

/** Takes an end of a lane. */
function* owned<E extends { attach(ours: number): Program }>(lane: ends.Lane, end: number, made: E): Program<E> {
  yield* made.attach(yield* ends.takeEnd(lane.cells, lane.at + end, 0))
  return made
}

/** Writes up to two messages in place. */
function* claimed({ cells, at, slots }: ends.Lane, producer: Producer): Program<number> {
  const some = yield* producer.claim(2)
  const first = at + ends.LANE_CELLS + ((producer.at >>> 1) & (slots - 1))
  for (let i = 0; i < some; i++) yield* cells.set(first + i, ++sent)
  yield* producer.publish(some)
  return some
}

/** Reads up to two. */
function* readInPlace(consumer: Consumer): Program<number> {
  const some = yield* consumer.readable(2)
  yield* consumer.consume(some)
  return some
}

const spsc = {
  real(slots: number, start: number): Subject {
    const handle = create({ kind: 'spsc', messageBytes: BYTES, capacity: slots })
    const { names } = realLanes(handle, start)
    let producer = attachProducer(handle)
    let consumer = attachConsumer(handle)
    const actions = {
      'producer push': () => producer.push(numbered()),
      'consumer pop': () => popped((into) => consumer.pop(into)),
      'producer wait': () => producer.wait({ spin: 0 }),
      'consumer wait': () => consumer.wait({ spin: 0 }),
      'producer write': () => producer.write(numbered()),
      'producer flush': () => producer.flush(),
      'consumer giveBack': () => consumer.giveBack(),
      'producer pushBatch': () =>
        producer.pushBatch(
          Int32Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? ++sent : 0)),
          3,
        ),
      'consumer popBatch': () => {
        const messages = new Int32Array(6)
        return Array.from({ length: consumer.popBatch(messages, 3) }, (_, i) => messages[2 * i]).join(' ')
      },
      'producer claim': () => {
        const some = producer.claim(2)
        for (let i = 0; i < some; i++)
          new Int32Array(producer.data.buffer, producer.data.byteOffset + producer.offset + i * producer.stride, 2)[0] =
            ++sent
        producer.publish(some)
        return some
      },
      'consumer readable': () => {
        const some = consumer.readable(2)
        consumer.consume(some)
        return some
      },
      'producer dies': () => {
        declareDead(handle, 'producer')
        producer = attachProducer(handle)
      },
      'consumer dies': () => {
        declareDead(handle, 'consumer')
        consumer = attachConsumer(handle)
      },
      'producer closes': () => producer.close(),
      'consumer closes': () => consumer.close(),
      'somebody closes': () => close(handle),
    }
    return { isReal: true, names, actions: () => actions }
  },
  model(slots: number, start: number): Subject {
    const { memory, cells, names, lanes } = modelLanes(1, slots, start)
    const lane = lanes[0] as ends.Lane // the one
    const silent = new Notes(() => null, { before() {}, asleep() {} })
    const take = <E extends { attach(ours: number): Program }>(end: number, made: E, run: Run): E =>
      run(memory, owned(lane, end, made))
    const quiet: Run = (on, program) => modelled(silent, on, program)
    const lump = Math.max(1, slots >> 3)
    let producer = take(ends.PRODUCER, new Producer(lane, 16), quiet)
    let consumer = take(ends.CONSUMER, new Consumer(lane, lump), quiet)
    return {
      isReal: false,
      names,
      actions: (run) => ({
        'producer push': () => run(memory, producer.push(++sent)),
        'consumer pop': () => run(memory, consumer.pop()),
        'producer wait': () => run(memory, wait(cells, producer)),
        'consumer wait': () => run(memory, wait(cells, consumer)),
        'producer write': () => run(memory, producer.write(++sent)),
        'producer flush': () => run(memory, producer.flush()),
        'consumer giveBack': () => run(memory, consumer.giveBack()),
        'producer pushBatch': () => run(memory, producer.pushBatch([++sent, ++sent, ++sent])),
        'consumer popBatch': () => run(memory, consumer.popBatch(3)).join(' '),
        'producer claim': () => run(memory, claimed(lane, producer)),
        'consumer readable': () => run(memory, readInPlace(consumer)),
        'producer dies': () => {
          run(memory, ends.declareDead(lane, ends.PRODUCER, 0))
          producer = take(ends.PRODUCER, new Producer(lane, 16), run)
        },
        'consumer dies': () => {
          run(memory, ends.declareDead(lane, ends.CONSUMER, 0))
          consumer = take(ends.CONSUMER, new Consumer(lane, lump), run)
        },
        'producer closes': () => run(memory, producer.close()),
        'consumer closes': () => run(memory, consumer.close()),
        'somebody closes': () => run(memory, ends.close(lane)),
      }),
    }
  },
}

const records = {
  real(words: number, start: number): Subject {
    const handle = create({ kind: 'records', capacity: words * 8 })
    const { names } = realLanes(handle, start)
    const producer = attachProducer(handle)
    const consumer = attachConsumer(handle)
    const push = (length: number) => () => {
      const record = new Int32Array(2 * length)
      for (let i = 0; i < length; i++) record[2 * i] = ++sent
      return producer.pushBytes(record)
    }
    function pop(): string | null {
      const record = new Int32Array(64)
      const bytes = consumer.popBytes(record)
      return bytes < 0 ? null : Array.from({ length: bytes / 8 }, (_, i) => record[2 * i]).join(' ')
    }
    const actions = {
      'producer push 2': push(2),
      'consumer pop': pop,
      'producer push 0': push(0),
      'producer push 3': push(3),
      'producer wait': () => producer.wait({ spin: 0 }),
      'consumer wait': () => consumer.wait({ spin: 0 }),
      'producer closes': () => producer.close(),
      'consumer closes': () => consumer.close(),
    }
    return { isReal: true, names, actions: () => actions }
  },
  model(words: number, start: number): Subject {
    const { memory, cells, names, lanes } = modelLanes(1, words, start)
    const lane = lanes[0] as ends.Lane // the one
    const silent = new Notes(() => null, { before() {}, asleep() {} })
    const producer = modelled(silent, memory, owned(lane, ends.PRODUCER, new RecordProducer(lane)))
    const consumer = modelled(silent, memory, owned(lane, ends.CONSUMER, new RecordConsumer(lane, words >> 3)))
    return {
      isReal: false,
      names,
      actions: (run) => {
        const push = (length: number) => () => {
          const record = Array.from({ length }, () => ++sent)
          return run(memory, producer.push(record))
        }
        return {
          'producer push 2': push(2),
          'consumer pop': () => run(memory, consumer.pop())?.join(' ') ?? null,
          'producer push 0': push(0),
          'producer push 3': push(3),
          'producer wait': () => run(memory, wait(cells, producer)),
          'consumer wait': () => run(memory, wait(cells, consumer)),
          'producer closes': () => run(memory, producer.close()),
          'consumer closes': () => run(memory, consumer.close()),
        }
      },
    }
  },
}

const mpsc = {
  real(slots: number, start: number): Subject {
    const handle = create({ kind: 'mpsc', messageBytes: BYTES, capacity: slots, producers: 2 })
    const { names } = realLanes(handle, start)
    const producers = [0, 1].map((lane) => attachProducer(handle, { lane }))
    const consumer = attachConsumer(handle)
    const of = producers.map((producer, lane) => ({
      [`producer${lane} push`]: () => producer.push(numbered()),
      [`producer${lane} wait`]: () => producer.wait({ spin: 0 }),
      [`producer${lane} closes`]: () => producer.close(),
    }))
    const actions = Object.assign({}, ...of, {
      'consumer pop': () => popped((into) => consumer.pop(into)),
      'consumer wait': () => consumer.wait({ spin: 0 }),
    })
    return { isReal: true, names, actions: () => actions }
  },
  model(slots: number, start: number): Subject {
    const { memory, cells, names, lanes } = modelLanes(2, slots, start)
    const silent = new Notes(() => null, { before() {}, asleep() {} })
    const producers = lanes.map((lane) => modelled(silent, memory, owned(lane, ends.PRODUCER, new Producer(lane))))
    const consumers = lanes.map((lane) =>
      modelled(silent, memory, owned(lane, ends.CONSUMER, new Consumer(lane, Math.max(1, slots >> 3)))),
    )
    const consumer = new MpscConsumer(consumers)
    return {
      isReal: false,
      names,
      actions: (run) =>
        Object.assign(
          {},
          ...producers.map((producer, lane) => ({
            [`producer${lane} push`]: () => run(memory, producer.push(++sent)),
            [`producer${lane} wait`]: () => run(memory, wait(cells, producer)),
            [`producer${lane} closes`]: () => run(memory, producer.close()),
          })),
          {
            'consumer pop': () => run(memory, consumer.pop()),
            'consumer wait': () => run(memory, wait(cells, consumer)),
          },
        ),
    }
  },
}

const mpmcNames =
  (cells: typeof mpmcLayout | typeof mpmc, slots: number): Names =>
  (cell) => {
    if (cell === cells.CLOSING) return 'CLOSING'
    if (cell >= cells.STATES) return cell < cells.STATES + slots ? `STATE${cell - cells.STATES}` : null
    return cell > cells.ENDS ? `END${cell - cells.ENDS}` : null
  }

/** As many of each. */
const ENDS = 2

const mpmcPair = {
  real(slots: number, start: number): Subject {
    const handle = create({ kind: 'mpmc', messageBytes: BYTES, capacity: slots })
    const cells = new Int32Array(handle.memory)
    const laps = mpmcLayout.lapsOf(slots)
    cells[mpmcLayout.TAIL_HINT] = start
    cells[mpmcLayout.HEAD_HINT] = start
    for (let ticket = start; ticket < start + slots; ticket++)
      cells[mpmcLayout.STATES + (ticket & (slots - 1))] = mpmcLayout.state(
        (ticket >>> Math.log2(slots)) & (laps - 1),
        0,
        0,
      )
    const producers = Array.from({ length: ENDS }, () => attachProducer(handle))
    const consumers = Array.from({ length: ENDS }, () => attachConsumer(handle))
    const actions = Object.assign(
      {},
      ...producers.map((producer, i) => ({
        [`producer${i} push`]: () => producer.push(numbered()),
        [`producer${i} wait`]: () => producer.wait({ spin: 0 }),
        [`somebody buries ${i}`]: () => declareDead(handle, 'producer', producer.number),
      })),
      ...consumers.map((consumer, i) => ({
        [`consumer${i} pop`]: () => popped((into) => consumer.pop(into)),
        [`consumer${i} wait`]: () => consumer.wait({ spin: 0 }),
        [`somebody buries -${i}`]: () => declareDead(handle, 'consumer', consumer.number),
      })),
      { 'producer0 closes': () => producers[0]?.close() },
    )
    return { isReal: true, names: mpmcNames(mpmcLayout, slots), actions: () => actions }
  },
  model(slots: number, start: number): Subject {
    const memory = new Int32Array(mpmc.STATES + 2 * slots)
    const cells = int32Array({ address: 0, byteLength: memory.byteLength })
    const ring: mpmc.Ring = { cells, slots, laps: mpmc.lapsOf(slots) }
    memory[mpmc.TAIL_HINT] = start
    memory[mpmc.HEAD_HINT] = start
    for (let ticket = start; ticket < start + slots; ticket++)
      memory[mpmc.STATES + (ticket & (slots - 1))] = mpmc.state(
        (ticket >>> Math.log2(slots)) & (ring.laps - 1),
        mpmc.FREE,
        0,
      )
    const silent = new Notes(() => null, { before() {}, asleep() {} })
    const producers = Array.from({ length: ENDS }, (_, i) => new mpmc.Producer(ring, 1 + i))
    const consumers = Array.from({ length: ENDS }, (_, i) => new mpmc.Consumer(ring, 1 + ENDS + i))
    for (const end of [...producers, ...consumers]) modelled(silent, memory, end.attach())
    return {
      isReal: false,
      names: mpmcNames(mpmc, slots),
      actions: (run) =>
        Object.assign(
          {},
          ...producers.map((producer, i) => ({
            [`producer${i} push`]: () => run(memory, producer.push(++sent)),
            [`producer${i} wait`]: () => run(memory, wait(cells, producer)),
            [`somebody buries ${i}`]: () => run(memory, mpmc.bury(ring, 1 + i)),
          })),
          ...consumers.map((consumer, i) => ({
            [`consumer${i} pop`]: () => run(memory, consumer.pop()),
            [`consumer${i} wait`]: () => run(memory, wait(cells, consumer)),
            [`somebody buries -${i}`]: () => run(memory, mpmc.bury(ring, 1 + ENDS + i)),
          })),
          { 'producer0 closes': () => run(memory, (producers[0] as mpmc.Producer).close()) },
        ),
    }
  },
}

/** What to do, by number: seldom what comes behind the first of the list, as ends and closes do. */
const actionOf = (first: number) =>
  fc.oneof({ weight: 12, arbitrary: fc.nat(first - 1) }, { weight: 1, arbitrary: fc.nat(30) })

describe('the model does what the code does:', () => {
  test.each([
    ['one to one', spsc, [1, 2, 16], 11],
    ['records', records, [8, 16], 6],
    ['many to one', mpsc, [1, 4], 6],
    ['many to many', mpmcPair, [1, 2, 4], 6],
  ] as const)('%s', (_kind, { real, model }, sizes, first) => {
    const action = actionOf(first)
    const sleeps = { slept: 0 }
    fc.assert(
      fc.property(
        fc.array(action, { minLength: 5, maxLength: 60 }),
        fc.array(fc.record({ after: fc.nat(12), action }), { maxLength: 12 }),
        fc.constantFrom(...sizes),
        fc.constantFrom(...STARTS),
        (actions, interruptions, slots, start) => {
          sent = 0
          const does = operationsOf(real(slots, start), actions, interruptions)
          sent = 0
          const says = operationsOf(model(slots, start), actions, interruptions)
          expect(says).toEqual(does)
          sleeps.slept += does.filter((operation) => operation.startsWith('wait')).length
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 150) },
    )
    expect(sleeps.slept).toBeGreaterThan(0)
  })
})
