import { exitCode, explore } from 'ipclab/explore'
import { assert, boot, int32, type Program } from 'ipclab/kernel'
import { byTurns, Departure, decider } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { type Body, counter, type Given, made } from '../helpers/explored.ts'

/** How far a search went, where it could not make every schedule; and searches that go on from where a run has come to. */

const steps = (count: number) =>
  function* ({ shared }: Given): Program {
    for (let i = 0; i < count; i++) yield* int32(shared.base).store(i, i)
  }
/** Far more schedules than anybody makes. */
const crowd = { P: steps(8), Q: steps(8), R: steps(8), S: steps(8) }

const lost: Partial<Body> = {
  atEnd: { 'nothing is lost': ({ load, shared }) => load(shared.base, 'i32') === 2 },
  expect: 'violates: nothing is lost',
}

describe('a bound on preemptions', () => {
  test('proved up to it, where not every schedule has so few', async () => {
    const found = await explore(made(counter(2), { expect: 'holds' }), { strategy: 'dfs:preemptions=1' })
    expect(found).toMatchObject({ verdict: 'bounded', bound: 1, schedules: null, met: 'as expected' })
    expect(found.text).toMatch(/^proved up to 1 preemption: holds in every schedule with no more \(\d+ runs\)/)
  })

  test('is no proof for a scenario that asks for one', async () => {
    const found = await explore(made(counter(2)), { strategy: 'dfs:preemptions=1' })
    expect(exitCode(found.met)).toBe(3)
  })

  test('proved, where no schedule has more', async () => {
    const found = await explore(made(counter(), { races: 'ignore' }), { strategy: 'dfs:preemptions=9' })
    expect(found).toMatchObject({ verdict: 'proved', bound: 2 })
    expect(found.text).toBe('proved: holds in every schedule')
  })

  test('a failure has no more preemptions than it needs', async () => {
    const one = made(counter(3), {
      ...lost,
      atEnd: { 'nothing is lost': ({ load, shared }) => load(shared.base, 'i32') === 6 },
    })
    const { failure } = await explore(one, { strategy: 'dfs:preemptions=5', shrink: false })
    expect(failure?.schedule.preemptions).toBe(1)
  })

  test('the budget ran out before the first bound was through', async () => {
    const found = await explore(made(crowd), { strategy: 'dfs:preemptions=3', executions: 5 })
    expect(found).toMatchObject({ verdict: 'sampled', bound: null })
  })
})

describe('the default search', () => {
  test('turns to few preemptions when it sees that it will not get through', async () => {
    const found = await explore(made(crowd, { expect: 'holds' }), { executions: 20_000 })
    expect(found).toMatchObject({ verdict: 'bounded', bound: 1, executions: 20_000 })
    expect(found.text).toContain('pct finds a bug of depth 3')
  })

  test('still proves what its budget allows', async () => {
    // 12870 schedules of two with eight steps each, of which each can be the first or second to its word
    const found = await explore(made({ P: steps(8), Q: steps(8) }), { executions: 1_600 })
    expect(found).toMatchObject({ verdict: 'proved', schedules: null, traces: 256 })
    expect(found.promises).toEqual([])
  })
})

describe('behind a prefix', () => {
  test('every run begins with it', async () => {
    const one = made(counter(), lost)
    expect(await explore(one, { strategy: 'dfs', prefix: ['P', 'P'] })).toMatchObject({
      verdict: 'proved',
      schedules: 1,
    })
    expect(await explore(one, { strategy: 'dfs', prefix: ['P', 'Q'] })).toMatchObject({
      verdict: 'failed',
      failure: { execution: 1 },
    })
    const found = await explore(one, { prefix: ['Q', 'P'] })
    expect(found.failure?.schedule.choices.slice(0, 2)).toEqual(['Q', 'P'])
    expect(found.failure?.shrunk).toBe(null)
  })

  test('what can not happen is told', async () => {
    await expect(explore(made(counter()), { prefix: ['P', 'P', 'P'] })).rejects.toThrow(Departure)
    await expect(explore(made(counter()), { prefix: ['X'] })).rejects.toThrow("the schedule says 'X'")
  })

  test('a failure on the way is one', async () => {
    const one = made({
      *P({ shared }) {
        yield* int32(shared.base).store(0, 1)
        yield* assert(false, 'never')
        yield* int32(shared.base).store(0, 2)
      },
    })
    expect(await explore(one, { prefix: ['P', 'P', 'P'] })).toMatchObject({
      verdict: 'failed',
      failure: { name: 'never' },
    })
  })

  test('a policy keeps time, and can not go on from there', async () => {
    await expect(explore(made(counter()), { strategy: 'fifo', prefix: ['P'] })).rejects.toThrow('use a strategy')
  })
})

test('the samplers take turns: one run of each, two of each, and so on', async () => {
  const names: string[] = []
  for (let at = 1; at <= 12; at++) {
    const by = byTurns(['random', 'pos', 'surw', 'pct'].map((name) => decider(name, '1')))
    const simulation = boot(made(counter()), { door: by })
    simulation.start()
    for (let index = 0; index < at; index++) by.begin(simulation, index)
    names.push(by.name)
  }
  expect(names.join(' ')).toBe('random pos surw pct random random pos pos surw surw pct pct')
})

test('the budget is one for all phases', async () => {
  // The search for a proof is given its chance, and does not get through.
  const found = await explore(made(crowd, { expect: 'holds' }), { executions: 5_000 })
  expect(found.executions).toBe(5_000)
})

test('dpor proves with one run for all schedules that differ only in the order of independent steps', async () => {
  const elsewhere = function* ({ shared }: Given): Program {
    for (let i = 100; i < 108; i++) yield* int32(shared.base).store(i, i)
  }
  const found = await explore(made({ P: steps(8), Q: elsewhere }), { strategy: 'dpor' })
  expect(found).toMatchObject({ verdict: 'proved', executions: 1, schedules: null, traces: 1 })
  expect(found.text).toBe(
    'proved: holds in every schedule (1 run, one for all that differ only in the order of independent steps)',
  )
  const broken = await explore(made(counter(), lost), { strategy: 'dpor' })
  expect(broken).toMatchObject({ verdict: 'failed', failure: { schedule: { preemptions: 1 } } })
})
