import pc from 'picocolors'
import { expect, test } from 'vitest'
import { swimlane } from '../../cli/draw/swimlane.ts'
import { fullNames } from '../../cli/schedule.ts'
import {
  pthread_cond_destroy,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
} from '../../ipc/posix/index.ts'
import {
  type Context,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  sigaction,
  sleep,
} from '../../kernel/index.ts'
import { random, readSchedule, replay, writeSchedule } from '../../scheduler/index.ts'
import {
  history,
  parseTrace,
  record,
  replayTrace,
  review,
  show,
  showState,
  type Trace,
  type TraceEvent,
} from '../../trace/index.ts'

/** Traces of runs in which something went wrong from outside. */

interface Shared {
  readonly base: number
}

/** Whatever may befall one: a handler, a wait on a condition, timers. */
const ailing = scenario('ailing', {
  *setup(): Program<Shared> {
    return { base: yield* map_anonymous(4096, { name: 'page' }) }
  },
  programs: { waiter, owner, late: sleeper(20), early: sleeper(10) },
  faults: { kill: true, signal: true, spuriousWakeup: true, timeout: true, most: 4 },
  expect: 'deadlock',
  maxSteps: 100,
})

function* waiter({ shared }: Context): Program {
  const { base } = shared as Shared
  yield* sigaction('SIGUSR1', function* () {
    yield* int32(base).store(1, 1)
  })
  yield* pthread_mutex_lock(base + 128)
  yield* pthread_cond_wait(base + 256, base + 128)
  yield* pthread_mutex_unlock(base + 128)
}

function* owner({ shared }: Context): Program {
  const { base } = shared as Shared
  yield* pthread_mutex_lock(base + 128)
  yield* int32(base).load()
  yield* pthread_mutex_unlock(base + 128)
}

function sleeper(ns: number) {
  return function* (): Program {
    yield* sleep(ns)
  }
}

const SCHEDULE = 'waiter*3 late early ~waiter owner !late ^waiter:SIGUSR1 !early waiter*2 -owner'

const recorded = (one: Scenario, schedule: string): Trace =>
  record(one, { decider: replay(readSchedule(schedule)), lines: false })

const kindsOf = ({ events }: Trace): string[] => events.map(({ kind }) => kind)
const firstOf = ({ events }: Trace, kind: string): TraceEvent | undefined => events.find((event) => event.kind === kind)

test('each kind of fault is an event of its own, and what comes of it is in the ordinary keys', () => {
  const trace = recorded(ailing, SCHEDULE)
  expect(kindsOf(trace).join(' ')).toBe('call call call call call spurious call timer sent timer signal call kill')
  expect(firstOf(trace, 'spurious')).toMatchObject({
    thread: 'waiter',
    call: 'pthread_cond_wait',
    stage: 1,
    outcome: 'goes on',
  })
  expect(firstOf(trace, 'sent')).toMatchObject({
    process: 'waiter',
    thread: 'waiter',
    call: 'pthread_cond_wait',
    outcome: 'sent',
    signal: 'SIGUSR1',
    woken: ['waiter'],
  })
  expect(firstOf(trace, 'kill')).toMatchObject({ thread: 'owner', call: 'load', outcome: 'ends', ended: ['owner'] })
  expect(trace.verdict.ending).toBe('deadlock')
  // Out of order, and the clock does not run back.
  expect(trace.events.filter(({ kind }) => kind === 'timer').map(({ thread, time }) => [thread, time])).toEqual([
    ['late', 20],
    ['early', 20],
  ])
  for (const event of trace.events)
    expect(event.touched.some(([, object]) => object === 'faults')).toBe(
      ['spurious', 'sent', 'kill'].includes(event.kind) || (event.kind === 'timer' && event.thread === 'late'),
    )
})

test('a schedule with faults is read as it was written', () => {
  const trace = recorded(ailing, SCHEDULE)
  expect(writeSchedule(trace.choices)).toBe(SCHEDULE)
  expect(readSchedule(SCHEDULE)).toEqual(trace.choices)
  expect(parseTrace(trace.text, 'it').choices).toEqual(trace.choices)
})

test('people may write any beginning of a name in it', () => {
  const short = readSchedule('w*3 l e ~w o !l ^w:SIGUSR1 !e w*2 -o')
  expect(writeSchedule(fullNames(short, ailing, {}))).toBe(SCHEDULE)
  expect(() => fullNames(['-nobody'], ailing, {})).toThrow("the schedule names 'nobody', and there is no such thread")
  expect(() => fullNames(['^x:SIGUSR1'], ailing, {})).toThrow("the schedule names 'x', and there is no such thread")
})

test('the replay of any run with faults is the same to the byte, and its history can be walked', async () => {
  const kinds = new Set<string>()
  const fewer = scenario('ailing', { ...ailing, faults: { spuriousWakeup: true, timeout: true, most: 2 } })
  for (let seed = 0; seed < 40; seed++) {
    const one = seed % 2 === 0 ? ailing : fewer
    const trace = record(one, { decider: random(String(seed)), lines: false })
    for (const { kind } of trace.events) kinds.add(kind)
    const again = await replayTrace(trace, { scenario: one })
    expect(again.trace.text).toBe(trace.text)
    expect(parseTrace(trace.text, 'it').events).toEqual(trace.events)
    const past = history(trace, one)
    for (let step = trace.steps; step >= 1; step--) show(past, step)
    const { threads } = showState(past.at(trace.steps), null, [], trace.steps, null)
    const gone = threads.filter(({ status }) => status === 'exited').map(({ thread }) => thread)
    expect(gone.sort()).toEqual(trace.events.flatMap(({ ended = [] }) => ended).sort())
  }
  expect([...kinds].sort()).toEqual(['call', 'kill', 'sent', 'signal', 'spurious', 'timer'])
})

test('a history whose drafts begin with a fault sees what the fault changed', () => {
  const STEPS = 1_024 // that many are made in place
  const one = scenario('window', {
    *setup(): Program<Shared> {
      return { base: yield* map_anonymous(4096, { name: 'page' }) }
    },
    programs: {
      *waiter({ shared: { base } }) {
        yield* pthread_mutex_lock(base + 128)
        yield* pthread_cond_wait(base + 256, base + 128)
      },
      *destroyer({ shared: { base } }) {
        yield* pthread_cond_destroy(base + 256) // waits until nobody waits
      },
      *busy({ shared: { base } }) {
        for (let i = 0; i < STEPS; i++) yield* int32(base).store(0, i)
      },
    },
    faults: { spuriousWakeup: true },
    expect: 'proved',
  })
  const trace = recorded(one, `waiter*2 busy*${STEPS - 2} ~waiter destroyer waiter busy*2`)
  expect(trace.event(STEPS + 1).kind).toBe('spurious')
  const past = history(trace, one)
  expect(show(past, STEPS + 2).event?.call).toBe('pthread_cond_destroy')
  expect(show(past, STEPS + 1).changes).toContain('page+256: 1 → 0')
})

test('what a fault changed is told in words', () => {
  const trace = recorded(ailing, SCHEDULE)
  const past = history(trace, ailing)
  const changes = (kind: string): readonly string[] => show(past, firstOf(trace, kind)?.step ?? 0).changes
  expect(changes('spurious')).toEqual(
    expect.arrayContaining([
      'waiter wakes',
      'waiter is in stage 2 of pthread_cond_wait(page+256, page+128, abstime null)',
      'page+256: 1 → 0',
    ]),
  )
  expect(changes('sent')).toEqual(['SIGUSR1 is pending for waiter'])
  expect(changes('kill')).toEqual(['thread owner ends', 'process owner is gone', 'owner has unmapped memory'])
})

test('the picture shows whom they befall', () => {
  const trace = recorded(ailing, SCHEDULE)
  const lines = swimlane(trace, review(trace, ailing), { width: 180, colors: pc.createColors(false), stepsMax: 60 })
  expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    step  waiter                                      owner                         late                  early
       1  sigaction(SIGUSR1, handler)                 │                             │                     │
       2  pthread_mutex_lock(page+128)                │                             │                     │
       3  pthread_cond_wait(page+256, page+…) sleeps  │ woken                       │                     │
       4  ┊                                           │                             sleep(20) sleeps      │
       5  ┊                                           │                             ┊                     sleep(10) sleeps
       6  ~ woken by nothing: pthread_cond_wait(…) …  │                             ┊                     ┊
       7  │                                           pthread_mutex_lock(page+128)  ┊                     ┊
       8  ┊ waits in pthread_cond_wait(page+256, pa…  │                             its timer: sleep(20)  ┊
       9  ⚡ SIGUSR1                                  │                                                   ┊
      10  │                                           │                                                   its timer: sleep(10)
      11  SIGUSR1 comes                               │
      12  store(page+4, 1)                            │
      13  ┊ waits in pthread_cond_wait(page+256, pa…  † killed at load(page+0)
     end  ┊ waits in pthread_cond_wait(page+256, pa…
    "
  `)
})

test('a signal that nobody handles is the end, and is drawn so', () => {
  const one = scenario('unhandled', {
    programs: { early: sleeper(10) },
    faults: { signal: 'SIGTERM' },
    expect: 'proved',
  })
  const trace = recorded(one, '^early:SIGTERM')
  expect(trace.event(1)).toMatchObject({ kind: 'sent', outcome: 'sent', signal: 'SIGTERM', ended: ['early'] })
  const [, line] = swimlane(trace, review(trace, one), { width: 80, colors: pc.createColors(false), stepsMax: 9 })
  expect(line).toBe('   1  ⚡ SIGTERM †')
})

test('a scenario that does not allow the fault any more is told as one that has changed', async () => {
  const trace = recorded(ailing, SCHEDULE)
  const { faults: _, ...rest } = ailing
  await expect(replayTrace(trace, { scenario: scenario('ailing', rest as never) })).rejects.toThrow(
    /the replay differs at step 6: expected waiter: pthread_cond_wait\(.*\), woken by nothing: goes on after stage 1; found that this can't come/,
  )
})
