import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Exploration, explore } from '../../explore/index.ts'
import type { AnyValues, Scenario } from '../../kernel/index.ts'
import { scenario } from '../../kernel/index.ts'
import { writeSchedule } from '../../scheduler/index.ts'
import { loadScenarioFile } from '../../trace/scenario-file.ts'

/** The classics: broken ones are found at once, and shrunk to the least; mended ones hold, and not for want of looking. */

const folder = join(import.meta.dirname, '../../scenarios/classic')
const load = async (name: string): Promise<Scenario> => (await loadScenarioFile(join(folder, `${name}.ts`))).scenario

const verdictOf = ({ verdict, bound, failure }: Exploration): string =>
  failure !== null ? `${failure.kind}: ${failure.name}` : bound === null ? verdict : `${verdict}: ${bound}`

interface Least {
  readonly params: AnyValues
  readonly preemptions: number
  readonly steps: number
  readonly schedule: string
}

const broken: [name: string, failure: string, least: Least][] = [
  [
    // One preemption is enough, and it is the first: from then on each finds his second fork taken.
    'philosophers',
    'deadlock: deadlock',
    { params: { philosophers: 2, meals: 1 }, preemptions: 1, steps: 2, schedule: 'philosopher1 philosopher2' },
  ],
  [
    'readers-first-careless',
    'invariant: no writer is in beside anybody',
    {
      params: { readers: 2, writers: 1 },
      preemptions: 1,
      steps: 9,
      schedule: 'writer1 reader1*4 reader2*4',
    },
  ],
  [
    // Between the barber's look and his going to bed the customer looks, too.
    'sleeping-barber',
    'deadlock: deadlock',
    { params: { customers: 1 }, preemptions: 1, steps: 4, schedule: 'barber customer1*2 barber' },
  ],
  [
    // Nobody need be interrupted: it is enough that the smokers come in the wrong order.
    'cigarette-smokers',
    'deadlock: deadlock',
    { params: { deliveries: 1 }, preemptions: 0, steps: 5, schedule: 'agent ?0 agent*2 smoker2 smoker1' },
  ],
  [
    'bridge',
    'deadlock: deadlock',
    { params: { north: 1, south: 1 }, preemptions: 1, steps: 2, schedule: 'northbound1 southbound1' },
  ],
]

test.each(broken)(
  '%s is found with the default budget, and nothing smaller fails like that',
  async (name, what, least) => {
    const found = await explore(await load(name))
    expect(verdictOf(found), found.text).toBe(what)
    expect(found.executions).toBeLessThan(1_000)
    const { params, schedule } = found.failure ?? { params: {}, schedule: { choices: [], preemptions: -1, steps: -1 } }
    const { choices, preemptions, steps } = schedule
    expect({ params, preemptions, steps, schedule: writeSchedule(choices) }).toEqual(least)
  },
)

test('five philosophers who are to stay five go on to their left after a single preemption', async () => {
  const { failure, text } = await explore(await load('philosophers'), { params: { philosophers: 5 } })
  expect([failure?.params.philosophers, failure?.schedule.preemptions], text).toEqual([5, 1])
  expect(writeSchedule(failure?.schedule.choices ?? [])).toBe(
    'philosopher2 philosopher1 philosopher5 philosopher4 philosopher3',
  )
})

/** What the lessons tell of the mended ones, as they are and with what they say to try. */
const mended: [name: string, params: AnyValues, strategy: string, verdict: string][] = [
  ['philosophers-ordered', {}, 'portfolio', 'proved'],
  ['philosophers-ordered', { philosophers: 2, meals: 2 }, 'portfolio', 'proved'],
  ['philosophers-ordered', { philosophers: 5 }, 'dfs:preemptions=1', 'bounded: 1'],
  ['philosophers-waiter', {}, 'portfolio', 'proved'],
  ['philosophers-waiter', { standing: 0 }, 'portfolio', 'deadlock: deadlock'],
  ['philosophers-waiter', { philosophers: 5 }, 'dfs:preemptions=1', 'bounded: 1'],
  ['philosophers-trying', {}, 'portfolio', 'proved'],
  ['philosophers-trying', { tries: 3 }, 'portfolio', 'proved'],
  ['philosophers-trying', { philosophers: 3, tries: 1 }, 'portfolio', 'proved'],
  ['readers-first', {}, 'portfolio', 'proved'],
  ['readers-first', { readers: 1, writers: 2 }, 'dfs', 'proved'],
  ['readers-first', { readers: 3 }, 'dfs:preemptions=1', 'bounded: 1'],
  ['readers-first-careless', { readers: 1 }, 'portfolio', 'proved'],
  ['writers-first', {}, 'portfolio', 'proved'],
  ['writers-first', { readers: 1, writers: 2 }, 'portfolio', 'proved'],
  ['readers-writers-fair', {}, 'portfolio', 'proved'],
  ['readers-writers-fair', { readers: 1, writers: 2 }, 'portfolio', 'proved'],
  ['sleeping-barber-mended', {}, 'portfolio', 'proved'],
  ['sleeping-barber-mended', { chairs: 2 }, 'portfolio', 'proved'],
  ['cigarette-smokers-mended', {}, 'portfolio', 'proved'],
  ['cigarette-smokers-mended', { deliveries: 2 }, 'dfs:preemptions=1', 'bounded: 1'],
  ['bridge', { south: 0 }, 'portfolio', 'proved'],
  ['bridge-mended', {}, 'portfolio', 'proved'],
  ['bridge-mended', { north: 1, south: 1 }, 'portfolio', 'proved'],
  ['bridge-mended', { north: 3, south: 1 }, 'dfs', 'proved'],
]

test.each(mended)('%s with %j, %s: %s', async (name, params, strategy, verdict) => {
  const found = await explore(await load(name), { params, strategy })
  expect([verdictOf(found), found.neverReached], found.text).toEqual([verdict, []])
})

test.each([
  ['writers-first', { readers: 1, writers: 1 }],
  ['bridge-mended', { north: 1, south: 1 }],
])('%s with %j holds when waits end for nothing, too', async (name, params) => {
  const { title, ...body } = await load(name)
  const found = await explore(scenario(title, { ...body, faults: { spuriousWakeup: true } }), { params })
  expect(found.verdict, found.text).toBe('proved')
})

/** A mistake: in which scenario, what is written there and what in its place, and what comes of it. */
interface Mistake {
  readonly in: string
  readonly edits: readonly (readonly [from: string, to: string])[]
  readonly params?: AnyValues
  readonly failure: RegExp
}

const LINE = '\n        '
const IN_BESIDE = /^invariant: no writer is in beside anybody$/
const DEADLOCK = /^deadlock: deadlock$/

const mistakes: { readonly [what: string]: Mistake } = {
  'everybody takes the left fork first': {
    in: 'philosophers-ordered',
    edits: [
      ['sem_wait(fork(Math.min(left, right)))', 'sem_wait(fork(left))'],
      ['sem_wait(fork(Math.max(left, right)))', 'sem_wait(fork(right))'],
    ],
    failure: DEADLOCK,
  },
  'there is a seat for everybody': {
    in: 'philosophers-waiter',
    edits: [
      [
        "'/seats', O_CREAT, 0o600, params.philosophers - params.standing",
        "'/seats', O_CREAT, 0o600, params.philosophers",
      ],
    ],
    failure: DEADLOCK,
  },
  'nobody gives his seat back': {
    in: 'philosophers-waiter',
    edits: [['yield* sem_post(seats)', '']],
    failure: DEADLOCK,
  },
  'the second fork is waited for': {
    in: 'philosophers-trying',
    edits: [['yield* sem_trywait(fork)', 'yield* sem_wait(fork)']],
    failure: DEADLOCK,
  },
  'the first fork is kept when the second is not there': {
    in: 'philosophers-trying',
    edits: [['          }\n          yield* sem_post(left)', '          }']],
    failure: DEADLOCK,
  },
  'every reader takes the door': {
    in: 'readers-first',
    edits: [['if (before === 0) yield* sem_wait(w)', 'yield* sem_wait(w)']],
    failure: DEADLOCK,
  },
  'the last reader does not give the door back': {
    in: 'readers-first',
    edits: [['if (left === 0) yield* sem_post(w)', '']],
    failure: DEADLOCK,
  },
  'the mutex is not taken to count oneself out': {
    in: 'readers-first',
    edits: [
      [`yield* sem_wait(mutex)${LINE}const left`, 'const left'],
      [`if (left === 0) yield* sem_post(w)${LINE}yield* sem_post(mutex)`, 'if (left === 0) yield* sem_post(w)'],
    ],
    failure: /deadlock|no writer is in beside anybody/,
  },
  'a reader looks only at who is in': {
    in: 'writers-first',
    edits: [[' || (yield* waitingWriters.load()) > 0', '']],
    failure: /^invariant: no reader comes in past a writer who waits$/,
  },
  'a writer who was woken does not look again': {
    in: 'writers-first',
    edits: [['while ((yield* refcount.load()) !== 0)', 'if ((yield* refcount.load()) !== 0)']],
    params: { readers: 1, writers: 2 },
    failure: IN_BESIDE,
  },
  'the last reader wakes nobody': {
    in: 'writers-first',
    edits: [['if (left === 0) yield* pthread_cond_signal(writable)', '']],
    failure: DEADLOCK,
  },
  'a writer wakes one reader of all': {
    in: 'writers-first',
    edits: [['pthread_cond_broadcast(readable)', 'pthread_cond_signal(readable)']],
    failure: DEADLOCK,
  },
  'readers go round the turnstile': {
    in: 'readers-writers-fair',
    edits: [
      [`yield* sem_wait(turnstile)${LINE}yield* sem_wait(mutex)`, 'yield* sem_wait(mutex)'],
      [`yield* sem_post(turnstile)${LINE}yield* data.load()`, 'yield* data.load()'],
    ],
    failure: /^invariant: no reader comes in past a writer in the turnstile$/,
  },
  'a writer leaves the turnstile shut': {
    in: 'readers-writers-fair',
    edits: [[`yield* sem_post(turnstile)${LINE}yield* data.store`, 'yield* data.store']],
    failure: DEADLOCK,
  },
  'a writer waits only for the turnstile': {
    in: 'readers-writers-fair',
    edits: [[`yield* sem_wait(w)${LINE}ghost.inTurnstile = false`, 'ghost.inTurnstile = false']],
    failure: IN_BESIDE,
  },
  'a customer looks for a chair outside the mutex': {
    in: 'sleeping-barber-mended',
    edits: [
      [
        `yield* sem_wait(mutex)${LINE}const seated = yield* waiting.load()${LINE}const isFull`,
        `const seated = yield* waiting.load()${LINE}const isFull`,
      ],
      ['if (!isFull)', `yield* sem_wait(mutex)${LINE}if (!isFull)`],
    ],
    failure: DEADLOCK,
  },
  'a customer rings before he sits down': {
    in: 'sleeping-barber-mended',
    edits: [
      [`yield* sem_post(mutex)${LINE}yield* sem_post(bell)`, 'yield* sem_post(mutex)'],
      [
        `ghost }) {${LINE}yield* sem_wait(mutex)`,
        `ghost }) {${LINE}yield* sem_post(bell)${LINE}yield* sem_wait(mutex)`,
      ],
    ],
    failure: DEADLOCK,
  },
  'the barber calls nobody': {
    in: 'sleeping-barber-mended',
    edits: [['yield* sem_post(next)', '']],
    failure: DEADLOCK,
  },
  'there is one chair more than is looked for': {
    in: 'sleeping-barber-mended',
    edits: [['seated === params.chairs', 'seated > params.chairs']],
    failure: /^invariant: no more wait than there are chairs$/,
  },
  'two pushers read the note at once': {
    in: 'cigarette-smokers-mended',
    edits: [
      ['yield* sem_wait(mutex)', ''],
      ['yield* sem_post(mutex)', ''],
    ],
    failure: DEADLOCK,
  },
  'a pusher calls the smoker who has what has come': {
    in: 'cigarette-smokers-mended',
    edits: [['callOf(1 + 2 + 3 - own - other)', 'callOf(own)']],
    failure: /^invariant: who smokes has what is missing$/,
  },
  'the agent does not wait for the smoker': {
    in: 'cigarette-smokers-mended',
    edits: [['yield* sem_wait(smoked)', '']],
    failure: /^invariant: every delivery is smoked$/,
  },
  'a car that was woken does not look again': {
    in: 'bridge-mended',
    edits: [['while ((yield* onBridge', 'if ((yield* onBridge']],
    failure: /^invariant: no cars meet on the bridge$/,
  },
  'the last car wakes nobody': {
    in: 'bridge-mended',
    edits: [['if (left === 0) yield* pthread_cond_broadcast(clear)', '']],
    failure: DEADLOCK,
  },
  'a car leaves without the mutex': {
    in: 'bridge-mended',
    edits: [
      ['Program {\n  yield* pthread_mutex_lock(mutex)\n  const left', 'Program {\n  const left'],
      ['pthread_cond_broadcast(clear)\n  yield* pthread_mutex_unlock(mutex)', 'pthread_cond_broadcast(clear)'],
    ],
    failure: /deadlock|no cars meet on the bridge/,
  },
}

describe('a mistake planted into a mended one is found:', () => {
  const here = mkdtempSync(join(tmpdir(), 'ipclab-classic-'))
  afterAll(() => rmSync(here, { recursive: true, force: true }))
  let files = 0

  async function planted({ in: name, edits }: Mistake): Promise<Scenario> {
    let text = readFileSync(join(folder, `${name}.ts`), 'utf8')
    for (const [from, to] of edits) {
      const parts = text.split(from)
      expect(parts.length - 1, `how often ${name} has ${from}`).toBe(1)
      text = parts.join(to)
    }
    const file = join(here, `${++files}.ts`)
    writeFileSync(file, text)
    return (await loadScenarioFile(file)).scenario
  }

  test.each(Object.entries(mistakes))('%s', async (_what, mistake) => {
    const { params = {}, failure } = mistake
    const found = await explore(await planted(mistake), { params, shrink: false })
    expect(verdictOf(found), found.text).toMatch(failure)
  })
})
