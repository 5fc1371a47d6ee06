import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { boot, copy, type Id, type KernelState, type MemoryObject, type Scenario, type Simulation } from 'ipclab/kernel'
import { type Decider, decider, random, run } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { drafted } from '../helpers/drafted.ts'
import { posixCases, posixScenario } from '../helpers/random-posix.ts'
import { faultyCases, scenarioOf } from '../helpers/random-programs.ts'

/** What must be true of the kernel after every step of whatever programs. */

const deciders: Record<string, (seed: string) => Decider> = {
  random,
  fifo: () => decider('fifo', '1'),
  rr: () => decider('rr:quantum=2', '1'),
}

function check({ machine, state }: Simulation): void {
  queuesAreLists(state)
  exitedThreadsHaveNothing(state)
  framesAreCounted(state)
  const [top] = state.timers
  if (top !== undefined) expect(state.threads[top.thread]?.timer, 'the next timer is an armed one').toBe(top.number)
  for (const thread of Object.values(state.threads)) {
    if (thread.timer === 0) continue
    expect(
      state.timers.some(({ number }) => number === thread.timer),
      `${thread.id}'s timer is there`,
    ).toBe(true)
  }
  for (const task of machine.tasks.values()) {
    const was = task.slot >= 0
    machine.refresh(task)
    expect(task.slot >= 0, `${task.id} can go on, looked at again`).toBe(was)
  }
}

function queuesAreLists({ queues, threads }: KernelState): void {
  const seen = new Set<Id>()
  for (const [id, { first, last, length }] of Object.entries(queues)) {
    let ahead: Id | null = null
    let count = 0
    for (let at: Id | null = first; at !== null; at = threads[at]?.behind ?? null) {
      const thread = threads[at]
      expect([thread?.queue, thread?.ahead, thread?.status]).toEqual([id, ahead, 'sleeping'])
      seen.add(at)
      ahead = at
      count += 1
    }
    expect([count, ahead]).toEqual([length, last])
    expect(length).toBeGreaterThan(0)
  }
  for (const { id, queue, status, timer } of Object.values(threads)) {
    expect(queue !== null, `${id} is on a queue`).toBe(seen.has(id))
    if (status === 'sleeping') expect(queue !== null || timer !== 0, `something can wake ${id}`).toBe(true)
  }
}

function exitedThreadsHaveNothing({ threads, processes }: KernelState): void {
  for (const { id, process, status, call, pending, interrupted, queue, timer } of Object.values(threads)) {
    const alive = processes[process]?.threads.includes(id) === true
    expect(alive, `${id} is ${status}`).toBe(status !== 'exited')
    if (alive) continue
    expect({ id, call, pending, interrupted, queue, timer }).toEqual({
      id,
      call: null,
      pending: [],
      interrupted: [],
      queue: null,
      timer: 0,
    })
  }
}

function framesAreCounted({ frames, objects, processes }: KernelState): void {
  const counts: Record<Id, number> = {}
  const count = (id: Id): void => {
    counts[id] = (counts[id] ?? 0) + 1
  }
  const mapped: Record<Id, number> = {}
  for (const { mappings } of Object.values(processes)) {
    for (const { object, copied } of mappings) {
      mapped[object] = (mapped[object] ?? 0) + 1
      for (const frame of Object.values(copied)) count(frame)
    }
  }
  for (const object of Object.values(objects)) {
    if (object.kind !== 'memory' && object.kind !== 'shm segment') continue
    const { id, refs, pages } = object as MemoryObject // of those kinds
    for (const frame of Object.values(pages)) count(frame)
    expect(refs, `${id} is mapped, named or open`).toBeGreaterThanOrEqual(mapped[id] ?? 1)
  }
  expect(Object.fromEntries(Object.entries(frames).map(([id, { refs }]) => [id, refs]))).toEqual(counts)
}

const runs = Number(process.env.RUNS ?? 140)

const scenarios: [string, fc.Arbitrary<Scenario>][] = [
  ["the kernel's own calls", faultyCases.map(scenarioOf)],
  ['the POSIX calls', posixCases.map(posixScenario)],
]

describe.each(scenarios)('with %s', (_what, arbitrary) => {
  test.each([
    ['in place', null],
    ['on drafts', drafted],
  ])('%s, after every step queues, timers, pages and who can go on are what they should be', (_how, transact) => {
    fc.assert(
      fc.property(arbitrary, fc.constantFrom('random', 'random', 'fifo', 'rr'), fc.string(), (one, name, seed) => {
        const decider = (deciders[name] ?? random)(seed)
        const simulation = boot(one, { door: decider, transact, once: true })
        simulation.start()
        decider.begin(simulation, 0)
        check(simulation)
        run(simulation, decider, { maxSteps: 150, observers: [check] })
      }),
      { numRuns: transact === null ? runs : runs / 4 },
    )
  })

  test('whatever a run did, the next one begins in the same state', () => {
    fc.assert(
      fc.property(arbitrary, fc.string(), (one, seed) => {
        const decider = random(seed)
        const simulation = boot(one, { door: decider })
        simulation.start()
        const first = copy(simulation.state)
        for (let index = 0; index < 4; index++) {
          run(simulation, decider, { maxSteps: 150 })
          simulation.start()
          if (!isDeepStrictEqual(simulation.state, first)) expect(simulation.state).toEqual(first)
        }
      }),
      { numRuns: runs },
    )
  })
})
