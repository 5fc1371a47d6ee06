import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { BadInput } from 'ipclab/kernel'
import { dispatcher } from 'ipclab/scheduler'
import {
  Divergence,
  deciderOf,
  parseTrace,
  readTrace,
  record,
  replayTrace,
  Trace,
  type TraceHeader,
  writeTrace,
} from 'ipclab/trace'
import { expect, test } from 'vitest'
import { machines, OWN, POLICIES, type TimedProcess, timedPrograms, timedScenario } from '../helpers/timed-programs.ts'

/** Runs under a policy, recorded and made again from what the trace says. */

const runs = Number(process.env.RUNS ?? 8)
const seeds = fc.string({ minLength: 1, maxLength: 3 })

const recorded = (
  processes: readonly TimedProcess[],
  policy: string,
  on: object,
  seed: string,
  maxSteps = 400,
): Trace =>
  record(timedScenario(processes), {
    decider: dispatcher(policy, seed, on),
    from: { decider: policy, seed, run: 0 },
    maxSteps,
    lines: false,
  })

test.each(POLICIES)('a run under %s is made again to the byte, on whatever CPUs, at whatever costs', async (policy) => {
  await fc.assert(
    fc.asyncProperty(timedPrograms(), machines, seeds, async (processes, on, seed) => {
      const trace = recorded(processes, policy, on, seed)
      const { cpus, queues, costs } = on
      expect(trace.header.machine).toEqual({ cpus, queues, costs })
      const again = await replayTrace(parseTrace(trace.text, 'trace'), { scenario: timedScenario(processes) })
      expect(again.trace.text).toBe(trace.text)
      expect(again.note).toBeNull()
    }),
    { numRuns: runs },
  )
})

test('also through a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipclab-'))
  try {
    const [processes = []] = fc.sample(timedPrograms(), { seed: 3, numRuns: 1 })
    const [file, other] = [join(folder, 'a.ndjson'), join(folder, 'b.ndjson')]
    writeTrace(recorded(processes, 'eevdf:slice=30', { cpus: 2 }, '1'), file)
    const { trace } = await replayTrace(readTrace(file), { scenario: timedScenario(processes) })
    writeTrace(trace, other)
    expect(readFileSync(other).equals(readFileSync(file))).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** Three that compute and sleep on two CPUs: whatever is said of the machine makes a difference. */
const BUSY: readonly TimedProcess[] = [3, 5, 7].map((a) => ({
  priority: 0,
  arrives: 0,
  ops: [1, 2, 3, 4].flatMap((b) => [
    { op: 'compute', a: 10 * a, b, body: [] },
    { op: 'store', a: b, b, body: [] },
    { op: 'sleep', a: b, b, body: [] },
  ]),
}))
const machine = { cpus: 2, queues: 'global', costs: OWN } as const

const changes: readonly (readonly [what: string, header: Partial<TraceHeader>])[] = [
  ['one CPU less', { machine: { ...machine, cpus: 1 } }],
  ['a queue for each CPU', { machine: { ...machine, queues: 'per-cpu' } }],
  ['another cost', { machine: { ...machine, costs: { ...OWN, processSwitch: 12 } } }],
  ['another quantum', { decider: 'lottery:quantum=30' }],
  ['another policy', { decider: 'rr:quantum=20' }],
  ['another seed', { seed: '2' }],
]

test.each(changes)('with %s in its header a trace is told to differ, in one line', async (_, changed) => {
  const trace = recorded(BUSY, 'lottery:quantum=20', machine, '1')
  const { header, choices, startLog, lines, verdict } = trace
  // As somebody would write it who also makes the digest anew.
  const forged = parseTrace(new Trace({ ...header, ...changed }, choices, startLog, lines, verdict).text, 'forged')
  const told = await replayTrace(forged, { scenario: timedScenario(BUSY) }).then(
    () => null,
    (error: unknown) => error,
  )
  expect(told).toBeInstanceOf(Divergence)
  expect((told as Divergence).message).toMatch(/^the replay differs at step \d+: expected [^\n]+; found [^\n]+$/)
})

test('a header that was changed in the file is refused, and one that says of no machine', () => {
  const { text, header, choices, startLog, lines, verdict } = recorded(BUSY, 'fifo', machine, '1')
  expect(() => parseTrace(text.replace('"cpus":2', '"cpus":1'), 'run.ndjson')).toThrow(
    /^run\.ndjson:\d+: the digest is not/,
  )
  for (const wrong of [
    { ...machine, cpus: -1 },
    { ...machine, queues: 'none' },
    { ...machine, costs: { call: 1 } },
    {},
  ]) {
    const forged = new Trace({ ...header, machine: wrong as never }, choices, startLog, lines, verdict).text
    expect(() => parseTrace(forged, 'run.ndjson')).toThrow(
      /^run\.ndjson:1: the header's machine is [^\n]+; record the run anew$/,
    )
  }
  const many = new Trace({ ...header, machine: { ...machine, cpus: 5000 } }, choices, startLog, lines, verdict).text
  expect(() => deciderOf(parseTrace(many, 'run.ndjson'))).toThrow(BadInput)
})
