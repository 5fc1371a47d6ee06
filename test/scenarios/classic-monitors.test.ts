import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explore, type Found, findings } from '../../explore/index.ts'
import { type AnyValues, boot, isScenario, type Scenario } from '../../kernel/index.ts'
import {
  type Choice,
  decider,
  dfs,
  type Failure,
  isPreemption,
  MAX_STEPS,
  run,
  writeSchedule,
} from '../../scheduler/index.ts'
import { loadScenarioFile, record } from '../../trace/index.ts'

/**
 * Classic mistakes with condition variables, barriers, monitors, semaphores, mutexes, and locks by loads and stores: the
 * broken ones are found with as little as it takes, the mended ones hold, and break when the mistake is put back in.
 */

const folder = join(import.meta.dirname, '../../scenarios/classic')

async function load(name: string): Promise<Scenario> {
  const { default: made } = (await import(join(folder, `${name}.ts`))) as { default: unknown }
  if (!isScenario(made)) throw new Error(`${name} exports no scenario`)
  return made
}

const nameOf = (failure: Failure | null): string => (failure === null ? 'none' : `${failure.kind}: ${failure.name}`)

/** Copies of one program numbered in the order in which they appear: two schedules that differ only in that are one. */
function numbered(choices: readonly Choice[]): string {
  const names = new Map<string, string>()
  const seen = new Map<string, number>()
  const rename = (name: string, program: string): string => {
    if (!names.has(name)) {
      seen.set(program, (seen.get(program) ?? 0) + 1)
      names.set(name, `${program}${seen.get(program)}`)
    }
    return names.get(name) ?? name
  }
  return writeSchedule(choices.map((choice) => choice.replace(/([a-z]+)\d+/, rename)))
}

/** name, parameters, how it fails, preemptions, steps, the schedule */
const broken: [name: string, params: AnyValues, how: string, preemptions: number, steps: number, schedule: string][] = [
  ['lost-wakeup', {}, 'deadlock: deadlock', 1, 7, 'parent child*4 parent*2'],
  ['lost-wakeup', { looks: 'never' }, 'deadlock: deadlock', 0, 6, 'child*4 parent*2'],
  [
    'if-for-while',
    {},
    'invariant: nobody takes from an empty slot',
    0,
    18,
    'consumer1*3 producer*8 consumer2*5 consumer1*2',
  ],
  ['barrier-reuse', {}, 'invariant: nobody goes through before all have come', 0, 9, 'worker1 worker2*8'],
  ['nested-monitor', {}, 'deadlock: deadlock', 0, 4, 'consumer*4'],
  ['peterson-careless', {}, 'invariant: one at a time is inside', 2, 6, 'worker1 worker2*3 worker1*2'],
  ['peterson-careless', { turn: 'after-the-look' }, 'invariant: one at a time is inside', 1, 6, 'worker1*3 worker2*3'],
  ['dekker-attempts', {}, 'deadlock: deadlock', 1, 2, 'worker1 worker2'],
  ['dekker-attempts', { attempt: 2 }, 'invariant: one at a time is inside', 2, 4, 'worker1 worker2*2 worker1'],
  ['dekker-attempts', { attempt: 1, rests: true, rounds: 2 }, 'deadlock: deadlock', 0, 3, 'worker1*3'],
  ['bakery-hasty', {}, 'invariant: one at a time is inside', 2, 6, 'worker1 worker2*3 worker1*2'],
  ['semaphore-wrong-owner', {}, 'invariant: one at a time is inside', 1, 4, 'worker1 guest*2 worker2'],
  [
    'semaphore-wrong-owner-mended',
    { type: 'normal' },
    'invariant: one at a time is inside',
    1,
    4,
    'worker1 guest*2 worker2',
  ],
  ['killed-with-mutex', {}, 'deadlock: deadlock', 0, 2, 'worker1 -worker1'],
]

describe('a broken one is found within the default budget, and shrinks to the least that fails', () => {
  test.each(broken)('%s %j: %s with %i preemptions in %i steps: %s', async (name, params, how, ...least) => {
    const made = await load(name)
    const found = await explore(made, { params })
    expect(nameOf(found.failure), found.text).toBe(how)
    if (found.failure === null) return
    const { preemptions, steps, choices } = found.failure.schedule
    expect([preemptions, steps, numbered(choices)]).toEqual(least)
    expect(leastOfAll(made, found.failure)).toEqual(least.slice(0, 2))
  })

  test('the shrunk schedule does not hang on the seed', async () => {
    for (const name of ['if-for-while', 'bakery-hasty', 'semaphore-wrong-owner']) {
      const made = await load(name)
      const schedules = new Set<string>()
      for (const seed of [2, 3, 4]) {
        const { failure } = await explore(made, { seed })
        schedules.add(numbered(failure?.schedule.choices ?? []))
      }
      expect([...schedules]).toEqual([broken.find(([one]) => one === name)?.[5]])
    }
  })
})

/** The fewest preemptions, and with those the fewest steps, of all the runs there are that fail like that one: every one is made. */
function leastOfAll(made: Scenario, failure: Found): number[] {
  const all = dfs()
  let preemptions = 0
  const counting = {
    ...all,
    next(machine: Parameters<typeof all.next>[0]): number {
      const option = all.next(machine)
      if (isPreemption(machine, option)) preemptions += 1
      return option
    },
  }
  const simulation = boot(made, { params: failure.params, door: counting })
  const { machine } = simulation
  let least: number[] = []
  for (let index = 0; ; index++) {
    simulation.start()
    preemptions = 0
    if (!counting.begin(simulation, index)) return least
    const outcome = run(simulation, counting, { maxSteps: MAX_STEPS })
    if (nameOf(outcome.failure) !== nameOf(failure)) continue
    const [preemptionsLeast = Number.POSITIVE_INFINITY, stepsLeast = Number.POSITIVE_INFINITY] = least
    if (preemptions < preemptionsLeast || (preemptions === preemptionsLeast && machine.steps < stepsLeast))
      least = [preemptions, machine.steps]
  }
}

describe('a mended one holds', () => {
  const mended: [name: string, params: AnyValues][] = [
    ['lost-wakeup-mended', {}],
    ['lost-wakeup-mended', { children: 4 }],
    ['if-for-while-mended', {}],
    ['barrier-reuse-mended', {}],
    ['nested-monitor-mended', {}],
    ['nested-monitor-mended', { by: 'sharing' }],
    ['dekker', {}],
    ['bakery', {}],
    ['semaphore-wrong-owner-mended', {}],
    ['killed-with-mutex-mended', {}],
    ['priority-inversion-mended', {}],
    ['convoy-mended', {}],
    ['thundering-herd-mended', { workers: 2 }],
    ['dekker', { rounds: 2 }],
    ['bakery', { workers: 3 }],
    ['bakery', { rounds: 2 }],
    ['thundering-herd', {}],
    ['thundering-herd-mended', {}],
  ]
  test.each(mended)('%s %j: proved, with the default budget', async (name, params) => {
    const found = await explore(await load(name), { params })
    expect([found.verdict, found.met, found.neverReached], found.text).toEqual(['proved', 'as expected', []])
  })

  // More of them than can be proved here.
  const sampled: [name: string, params: AnyValues][] = [
    ['barrier-reuse-mended', { workers: 3 }],
    ['convoy-mended', { rounds: 2 }],
  ]
  test.each(sampled)('%s %j: holds in 3,000 schedules', async (name, params) => {
    const found = await explore(await load(name), { params, executions: 3_000 })
    expect([found.failure, found.executions, found.neverReached], found.text).toEqual([null, 3_000, []])
  })
})

describe('what a lesson tells its reader to try', () => {
  const tries: [name: string, params: AnyValues][] = [
    ['if-for-while', { consumers: 1 }],
    ['barrier-reuse', { rounds: 1 }],
    ['semaphore-wrong-owner', { workers: 1, rounds: 2 }],
    ['killed-with-mutex', { workers: 1 }],
    ['peterson-careless', { turn: 'between', rounds: 2 }],
    ['dekker-attempts', { attempt: 1, rounds: 3 }],
  ]
  test.each(tries)('%s %j holds', async (name, params) => {
    const found = await explore(await load(name), { params })
    expect(found.verdict, found.text).toBe('proved')
  })

  test('the fourth attempt can be polite for ever, and chance ends it', async () => {
    const made = await load('dekker-attempts')
    const params = { attempt: 4 }
    expect((await explore(made, { params, strategy: 'dfs' })).failure?.kind).toBe('step limit')
    expect((await explore(made, { params, strategy: 'random', executions: 1_000 })).failure).toBe(null)
  })
})

describe('what has a name is named, and is not there in the mended twin', () => {
  const policies = ['fifo', 'rr:quantum=1', 'rr:quantum=2', 'rr:quantum=3', 'priority']

  async function named(name: string, policy: string, params: AnyValues): Promise<string[]> {
    const made = await load(name)
    const trace = record(made, { decider: decider(policy, '1'), params })
    expect(trace.verdict.ending).toBe('done')
    return findings(made, trace).map((finding) => finding.name)
  }

  test.each([
    ['convoy', 'rr:quantum=1', { workers: 3, rounds: 4 }],
    ['thundering-herd', 'fifo', {}],
    ['priority-inversion', 'priority', {}],
  ])('%s under %s', async (name, policy, params) => {
    expect(new Set(await named(name, policy, params))).toEqual(new Set([name.replace('-', ' ')]))
    for (const each of policies) expect(await named(`${name}-mended`, each, params)).toEqual([])
  })

  test('lost-wakeup', async () => {
    const made = await load('lost-wakeup')
    // Who looks outside of the mutex reads what the other writes.
    for (const [looks, names] of [
      ['outside', ['lost wake-up', 'data race']],
      ['never', ['lost wake-up']],
    ] as const) {
      const { failure } = await explore(made, { params: { looks } })
      if (failure === null) throw new Error('it is broken')
      expect(findings(made, failure.trace).map(({ name }) => name)).toEqual(names)
    }
    for (const each of policies) expect(await named('lost-wakeup-mended', each, {})).toEqual([])
  })

  test('the larger the radio, the longer the manager waits, until it has the ceiling', async () => {
    const waits = async (name: string, radio: number): Promise<number> => {
      const trace = record(await load(name), { decider: decider('priority', '1'), params: { radio } })
      return trace.events.findLast(({ thread }) => thread === 'manager')?.step ?? 0
    }
    expect((await waits('priority-inversion', 12)) - (await waits('priority-inversion', 2))).toBe(10)
    expect((await waits('priority-inversion-mended', 12)) - (await waits('priority-inversion-mended', 2))).toBe(0)
  })
})

describe('a mistake put into a mended one is found', () => {
  let place = ''
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'ipclab-classic-'))
  })
  afterAll(() => rmSync(place, { recursive: true }))

  const INSIDE = 'invariant: one at a time is inside'
  const STUCK = 'deadlock: deadlock'
  const planted: [name: string, mistake: string, was: RegExp, is: string, how: string][] = [
    ['lost-wakeup-mended', 'a child that does not signal', /yield\* pthread_cond_signal\(cond\)/, '', STUCK],
    [
      'lost-wakeup-mended',
      'a child that does without the mutex',
      /yield\* pthread_mutex_lock\(mutex\)(\s+const seen[^;]+?)yield\* pthread_mutex_unlock\(mutex\)/,
      '$1',
      STUCK,
    ],
    [
      'if-for-while-mended',
      'a producer that does not look again',
      /while (\(\(yield\* count.load\(\)\) === 1\))/,
      'if $1',
      'invariant: nobody puts into a full slot',
    ],
    [
      'if-for-while-mended',
      'a consumer that does not look again',
      /ghost.overtaken \|\|= looks > 0/,
      'if (looks > 0) break',
      'invariant: nobody takes from an empty slot',
    ],
    [
      'barrier-reuse-mended',
      'no second turnstile',
      /yield\* sem_wait\(turnstile2\)/,
      '',
      'invariant: nobody goes through before all have come',
    ],
    [
      'nested-monitor-mended',
      'a consumer that comes through the outer monitor',
      /(yield\* pthread_mutex_lock\(inner\))(\s+while)/,
      'yield* pthread_mutex_lock(outer)\n$1$2',
      STUCK,
    ],
    ['dekker', 'a turn that is not handed on', /yield\* Atomics.store\(cells, TURN, other\)/, '', STUCK],
    ['dekker', 'one who does not step back', /yield\* Atomics.store\(cells, WANTS \+ me, 0\)(\s+ghost)/, '$1', STUCK],
    ['dekker', 'one who does not speak', /yield\* Atomics.store\(cells, WANTS \+ me, 1\)(\s+while)/, '$1', INSIDE],
    ['bakery', 'nobody waits for one that is choosing', /yield\* choosing.await_.*/, '', INSIDE],
    ['bakery', 'equal numbers, and neither goes first', / && i > me/, ' && false', STUCK],
    ['bakery', 'equal numbers, and both go first', / && i > me/, '', INSIDE],
    ['semaphore-wrong-owner-mended', 'a normal mutex', /\? PTHREAD_MUTEX_ERRORCHECK/, '? PTHREAD_MUTEX_NORMAL', INSIDE],
    [
      'killed-with-mutex-mended',
      'a survivor that does not tidy up',
      /yield\* halves.store\(RIGHT, left\) .*/,
      '',
      'invariant: who starts finds both halves alike',
    ],
    [
      'killed-with-mutex-mended',
      'a time-out taken for a death',
      /if \(!\(yield\* lives\(fellow\)\)\) (return 'alone')/,
      '$1',
      'invariant: who starts finds both halves alike',
    ],
    ['killed-with-mutex-mended', 'a wait without an end', /pthread_mutex_timedlock/g, 'pthread_mutex_lock', STUCK],
    [
      'thundering-herd-mended',
      'one who does not look again',
      /while \(/,
      'if (',
      'invariant: there is no less than no job',
    ],
  ]
  test.each(planted)('%s: %s', async (name, mistake, was, is, how) => {
    const sound = readFileSync(join(folder, `${name}.ts`), 'utf8')
    const faulty = sound.replace(was, is)
    expect(faulty).not.toBe(sound)
    const path = join(place, `${name}-${mistake.replaceAll(' ', '-')}.ts`)
    writeFileSync(path, faulty)
    const { failure, text } = await explore((await loadScenarioFile(path)).scenario)
    expect(nameOf(failure), text).toBe(how)
  })
})
