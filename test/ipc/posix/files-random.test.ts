import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { copy } from 'ipclab/kernel'
import { dfs, dpor } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import type { Pipe } from '../../../ipc/posix/pipe.ts'
import type { Socket } from '../../../ipc/posix/socket-object.ts'
import { DATAGRAM_MAX, SNDBUF } from '../../../ipc/posix/socket-room.ts'
import { ByteFlow } from '../../helpers/byte-flow.ts'
import { drafted, notATree } from '../../helpers/drafted.ts'
import { seenBy } from '../../helpers/ends.ts'
import { sleepInVain, withoutReason } from '../../helpers/in-vain.ts'
import { type Comparison, compareOrders } from '../../helpers/independence.ts'
import { fileCases, filesScenario } from '../../helpers/random-files.ts'
import { wrongCounts } from '../../helpers/references.ts'
import { Stepper } from '../../helpers/stepper.ts'

/** Random programs over pipes, FIFOs and sockets: what holds whatever they do. RUNS makes so many of each. */

const runs = (usual: number): { numRuns: number } => ({ numRuns: Number(process.env.RUNS ?? usual) })

test('in place, on drafts, and when a run begins again it is the same, step for step', () => {
  fc.assert(
    fc.property(fileCases(), (one) => {
      const made = filesScenario(one)
      const inPlace = new Stepper(made, one.seed, null, false)
      const onDrafts = new Stepper(made, one.seed, drafted)
      const before = copy(inPlace.state)
      const steps: unknown[] = []
      for (let step = inPlace.step(); step !== null; step = inPlace.step()) {
        steps.push(step)
        expect(onDrafts.step()).toEqual(step)
        if (!isDeepStrictEqual(onDrafts.state, inPlace.state)) expect(onDrafts.state).toEqual(inPlace.state)
      }
      expect(onDrafts.step()).toBeNull()
      inPlace.start()
      if (!isDeepStrictEqual(inPlace.state, before)) expect(inPlace.state).toEqual(before)
      for (const step of steps) expect(inPlace.step()).toEqual(step)
    }),
    runs(60),
  )
})

test('bytes come out as they went in, nothing outlives its last reference or goes before it, nothing holds more than it may, nobody sleeps in vain', () => {
  fc.assert(
    fc.property(fileCases(), (one) => {
      const run = new Stepper(filesScenario(one), one.seed, null)
      const flow = new ByteFlow(run.state)
      do {
        expect(flow.wrongWith(run.simulation.machine)).toBeNull()
        expect([...wrongCounts(run.state), ...withoutReason(run.simulation)]).toEqual([])
        for (const object of Object.values(run.state.objects)) {
          if (object.kind === 'pipe') expect(tooFull(object as Pipe)).toBeNull()
          if (object.kind === 'socket') expect(oddSocket(object as Socket, run.state.objects as never)).toBeNull()
        }
      } while (run.step() !== null)
      expect(sleepInVain(run.simulation)).toEqual([])
      expect(notATree(run.state)).toBeNull()
    }),
    runs(300),
  )
})

function tooFull({ id, slots, capacity, readers, writers }: Pipe): string | null {
  if (slots.length * 4096 > capacity) return `${id} has ${slots.length} pages in ${capacity} bytes`
  if (slots.some(({ data, end }) => data === '' || data.length > end || end > 4096))
    return `${id} has a page that is none`
  return readers < 0 || writers < 0 || readers + writers === 0
    ? `${id} has ${readers} readers, ${writers} writers`
    : null
}

/** What it has sent is what others have of it. */
function oddSocket(
  { id, sent, queue, connections, backlog, type }: Socket,
  objects: { [id: string]: Socket },
): string | null {
  const those = Object.values(objects).flatMap((other) => (other.kind === 'socket' ? other.queue : []))
  const charged = those.filter(({ from }) => from === id).reduce((sum, { cost }) => sum + cost, 0)
  if (charged !== sent) return `${id} has sent ${sent} and ${charged} are there`
  const [largest = 0] = those
    .filter(({ from }) => from === id)
    .map(({ cost }) => cost)
    .sort((a, b) => b - a)
  if (sent - largest >= SNDBUF) return `${id} has sent ${sent}`
  if (connections.length > backlog + 1) return `${id} has ${connections.length} connections`
  return queue.some(({ data }) => data.length > DATAGRAM_MAX || (type === 1 && data === ''))
    ? `${id} has an odd message`
    : null
}

test('two steps whose footprints do not meet come to the same in either order', () => {
  const result: Comparison = { compared: 0, differing: [] }
  fc.assert(
    fc.property(fileCases({ ops: 6, signals: false }), fc.array(fc.nat(50), { maxLength: 14 }), (one, numbers) => {
      compareOrders(filesScenario(one), numbers, result)
      expect(result.differing).toEqual([])
    }),
    runs(250),
  )
  expect(result.compared).toBeGreaterThan(100)
})

test('dpor comes to all ends that there are', () => {
  let compared = 0
  fc.assert(
    fc.property(fileCases({ ops: 2 }), (one) => {
      const made = filesScenario(one)
      const all = seenBy(made, dfs(), 400)
      if (all === null) return
      compared += 1
      expect([...(seenBy(made, dpor(), 2_000)?.ends ?? [])].sort()).toEqual([...all.ends].sort())
    }),
    runs(40),
  )
  expect(compared).toBeGreaterThan(10)
})
