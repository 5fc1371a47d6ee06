import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { mailbox_create, mailbox_receive, mailbox_send } from '../../ipc/message/index.ts'
import { type Context, map_anonymous, type Program, scenario, store } from '../../kernel/index.ts'
import { random, replay } from '../../scheduler/index.ts'
import { type History, history, loadScenarioFile, parseTrace, record, show, showState } from '../../trace/index.ts'
import { cases, scenarioOf } from '../helpers/random-programs.ts'

const fixtures = join(import.meta.dirname, '../fixtures/traces')
let past: History

beforeAll(async () => {
  const trace = parseTrace(readFileSync(join(fixtures, 'random.ndjson'), 'utf8'), 'random.ndjson')
  past = history(trace, await loadScenarioFile(join(fixtures, 'mixed.ts')))
})

/** The first step of a call by a thread. */
function stepOf(thread: string, call: string, outcome: string): number {
  for (let step = 1; step <= past.length; step++) {
    const event = past.event(step)
    if (event.thread === thread && event.call === call && event.outcome === outcome) return step
  }
  throw new Error(`no ${call} by ${thread} ${outcome}`)
}

const changes = (thread: string, call: string, outcome = 'returns'): readonly string[] =>
  show(past, stepOf(thread, call, outcome)).changes

test('what a step changed is told in words', () => {
  expect(changes('other2', 'store')).toContain('counter+0: 0 → 1')
  expect(changes('parent', 'rmw')).toEqual(expect.arrayContaining(['counter+8: 0 → -2', 'counter+12: 0 → -1']))
  expect(changes('parent', 'fork')).toEqual(
    expect.arrayContaining([
      'process parent/2 begins (pid 5)',
      'thread parent/2 begins',
      'parent/2 comes to sleep(ns 10)',
    ]),
  )
  expect(changes('parent/2', 'sleep', 'sleeps')).toEqual([
    'parent/2 falls asleep in sleep(ns 10)',
    'parent/2 has a timer until 10 ns',
  ])
  expect(changes('parent/2', 'thread_exit', 'ends')).toEqual(
    expect.arrayContaining(['SIGCHLD is pending for parent', 'thread parent/2 ends', 'process parent/2 is a zombie']),
  )
  expect(changes('parent', 'futex_wait', 'sleeps')[0]).toBe(
    'parent falls asleep in futex_wait(counter+16, expected 0, timeout 50) on counter+16',
  )
  expect(changes('parent', 'futex_wait', 'fails')).toEqual([
    'time goes on from 10 to 60 ns',
    'parent wakes',
    'parent comes to wait(pid -1)',
  ])
  expect(changes('parent', 'wait')).toContain('process parent/2 is gone')
})

test('processes, threads, queues and timers are shown as tables', () => {
  const step = stepOf('parent', 'futex_wait', 'sleeps')
  const shown = show(past, step)
  expect(shown.time).toBe(10)
  expect(shown.event).toEqual(past.event(step))
  expect(shown.processes.map(({ pid, name, status }) => [pid, name, status])).toEqual([
    [1, 'init', 'alive'],
    [2, 'parent', 'alive'],
    [3, 'other1', 'reaped (exit code 0)'],
    [4, 'other2', 'reaped (exit code 0)'],
    [5, 'parent/2', 'zombie (exit code 0)'],
  ])
  expect(shown.processes[1]?.mappings).toEqual([{ at: '0x10000', bytes: 4096, how: 'rw-s', what: 'counter' }])
  expect(shown.threads[0]).toEqual({
    thread: 'parent',
    process: 'parent',
    status: 'sleeping',
    call: 'futex_wait(counter+16, expected 0, timeout 50)',
    stage: 1,
    queue: 'counter+16',
    signals: [],
  })
  expect(shown.queues).toEqual([{ queue: 'counter+16', sleepers: ['parent'] }])
  expect(shown.timers.map(({ at, thread }) => [at, thread])).toEqual([[60, 'parent']])
  expect(shown.objects.map(({ kind, label }) => [kind, label])).toEqual([
    ['pids', 'pids'],
    ['memory', 'counter'],
  ])
})

test('before the first step everybody stands before a call, and nothing has changed', () => {
  const shown = show(past, 0)
  expect(shown.event).toBeNull()
  expect(shown.changes).toEqual([])
  expect(shown.threads.map(({ status }) => status)).toEqual(['ready', 'ready', 'ready'])
})

test('objects of any kind are shown by their fields, and what changed in them', () => {
  const it = scenario('mail', {
    *setup(): Program<string> {
      return yield* mailbox_create('jobs', { capacity: 3 })
    },
    programs: { p, q },
    expect: 'holds',
  })
  function* p({ shared }: Context<unknown, string>): Program {
    yield* mailbox_send(shared, { job: 1 })
    yield* mailbox_send(shared, { job: 2 })
    const own = yield* map_anonymous(64, { shared: false, name: 'own' })
    for (const word of [1, 2]) yield* store(own + word * 4, 'i32', 7)
  }
  function* q({ shared }: Context<unknown, string>): Program {
    yield* mailbox_receive(shared)
  }
  const mail = history(record(it, { decider: replay(['p', 'p', 'p', 'p', 'q']) }), it)
  const row = show(mail, 2).objects.find(({ kind }) => kind === 'mailbox')
  expect(row?.label).toBe('jobs')
  expect(row?.fields.map(({ name }) => name)).not.toContain('id')
  expect(show(mail, 1).changes.join('\n')).toMatch(/^mailbox jobs: .*\{"job":1\}/m)
  expect(show(mail, 3).changes).toContain('p has mapped memory')
  expect(show(mail, 4).changes).toContain('own+4 of p: 0 → 7')
})

test('any state can be shown, and what is shown is plain text and numbers', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const it = scenarioOf(one)
      const trace = record(it, { decider: random(one.seed), lines: false })
      const past = history(trace, it)
      for (let step = 0; step <= past.length; step++) {
        const shown = show(past, step)
        expect(JSON.parse(JSON.stringify(shown))).toEqual(shown)
        for (const change of shown.changes) expect(change).not.toMatch(/undefined|\[object|→ $/)
        expect(showState(past.at(step), null, [], step, null).changes).toEqual([])
      }
    }),
    { numRuns: 40 },
  )
})
