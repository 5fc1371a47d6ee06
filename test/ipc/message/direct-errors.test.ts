import { expect, test } from 'vitest'
import { link_create, MessageError, receive, receive_any, send } from '../../../ipc/message/index.ts'
import {
  BadInput,
  type Call,
  type Context,
  type Data,
  fork,
  kill,
  type Program,
  type Scenario,
  scenario,
  sigaction,
  thread_create,
  thread_join,
  wait,
} from '../../../kernel/index.ts'
import { whoWaits } from '../../../scheduler/index.ts'
import { attempt, everySchedule, outcomes, type Told } from '../../helpers/schedules.ts'

const only = (program: (context: Told) => Program) => outcomes({ p: program })

test.each(['nobody', 'init', '__proto__', 'toString', 'constructor', '*'])(
  'a name that nobody ever had (%s) is NO_SUCH_PROCESS',
  (name) => {
    const seen = only(function* ({ ghost }) {
      yield* attempt(ghost, send(name, 1))
      yield* attempt(ghost, send(name, 1, { blocking: false }))
      if (name !== '*') yield* attempt(ghost, receive(name))
      else ghost.push('NO_SUCH_PROCESS')
    })
    expect(seen).toEqual(['NO_SUCH_PROCESS NO_SUCH_PROCESS NO_SUCH_PROCESS'])
  },
)

test('the error is a MessageError that names call, code and partner', () => {
  let caught: unknown
  only(function* () {
    try {
      yield* send('nobody', 1)
    } catch (error) {
      caught = error
    }
  })
  expect(caught).toBeInstanceOf(MessageError)
  expect(caught).toMatchObject({ name: 'MessageError', code: 'NO_SUCH_PROCESS', call: 'send', detail: 'nobody' })
  expect((caught as Error).message).toBe('send: NO_SUCH_PROCESS (nobody)')
})

test('only its two ends make a link, once', () => {
  const programs = {
    *p({ ghost }: Told): Program {
      yield* attempt(ghost, link_create('q', 'r', { capacity: 1 }))
      yield* attempt(ghost, link_create('p', 'nobody', { capacity: 1 }))
      yield* attempt(ghost, link_create('p', 'q', { capacity: 1 }))
      yield* attempt(ghost, link_create('p', 'q', { capacity: 2 }))
      yield* send('q', 1) // there is room for it
      ghost.push('sent')
    },
    *q(): Program {
      yield* receive('p')
    },
    *r(): Program {},
  }
  const all = outcomes(programs)
  expect(all).toContain('NOT_ON_LINK NO_SUCH_PROCESS ok LINK_EXISTS sent')
  // q may have come first, and then the link is there as it is.
  expect(all).toContain('NOT_ON_LINK NO_SUCH_PROCESS LINK_EXISTS LINK_EXISTS sent')
  expect(all).toHaveLength(2)
})

test('a message is a copy: what either side does to its own the other does not see', () => {
  const shared = { n: 1, list: [1, { deep: true }] }
  const programs = {
    *p({ ghost }: Told): Program {
      const message = structuredClone(shared)
      yield* send('q', message)
      message.n = 2
      message.list.push(3)
      yield* send('q', message)
      const back = yield* receive<typeof message>('q')
      ghost.push(JSON.stringify([message, back]))
    },
    *q({ ghost }: Told): Program {
      const first = yield* receive<typeof shared>('p')
      ghost.push(JSON.stringify(first))
      first.n = 9
      yield* receive('p')
      yield* send('p', first)
    },
  }
  for (const capacity of [0, 3]) {
    const setup = function* (): Program {
      yield* link_create('p', 'q', { capacity })
    }
    expect(outcomes(programs, { setup })).toEqual([
      '{"n":1,"list":[1,{"deep":true}]} [{"n":2,"list":[1,{"deep":true},3]},{"n":9,"list":[1,{"deep":true}]}]',
    ])
  }
})

test.each<[string, unknown, string]>([
  ['undefined', undefined, 'the message is undefined'],
  ['a function', () => 1, 'the message is a function'],
  ['a symbol', Symbol('s'), 'the message is a symbol'],
  ['a bigint', 5n, 'the message is a bigint'],
  ['NaN', Number.NaN, 'the message is NaN'],
  ['a date', { when: new Date(0) }, 'the message.when is a Date'],
  ['a hole', [1, undefined, 2], 'the message[1] is undefined'],
  ['a map', [new Map()], 'the message[0] is a Map'],
  ['a prototype', JSON.parse('{"__proto__": {"x": 1}}'), 'key __proto__'],
])('what is no plain data is refused: %s', (_what, message, complaint) => {
  expect(() => send('q', message as Data)).toThrow(BadInput)
  expect(() => send('q', message as Data)).toThrow(complaint)
})

test('a message that contains itself, or far too much, is refused', () => {
  const loop: unknown[] = []
  loop.push(loop)
  expect(() => send('q', loop as Data)).toThrow('contains itself')
  let bush: Data = []
  for (let i = 0; i < 60; i++) bush = [bush, bush]
  expect(() => send('q', bush)).toThrow('more than 100000 values')
})

test('-0 is sent as 0, as it would come out of a trace', () => {
  expect(send('q', [-0]).args.message).toEqual([0])
})

const garbage: unknown[] = [undefined, null, 0, -1, 1.5, Number.NaN, '', {}, [], () => 1, Symbol('s'), 5n, new Date(0)]

test('garbage in the place of names, capacities and options is BadInput, in a sentence', () => {
  const calls: ((value: never) => Call<unknown>)[] = [
    (value) => send(value, 1),
    (value) => receive(value),
    (value) => link_create(value, 'q', { capacity: 1 }),
    (value) => link_create('p', value, { capacity: 1 }),
    (value) => send('q', 1, value === undefined || typeof value === 'object' ? (null as never) : value),
    (value) => link_create('p', 'q', typeof value === 'object' ? (null as never) : value),
    (value) => link_create('p', 'q', { capacity: value === 0 ? (-1 as never) : value }),
    (value) => send('q', 1, { blocking: value ?? (0 as never) }),
    (value) => receive('q', { blocking: value ?? (0 as never) }),
    (value) => receive_any({ blocking: value ?? (0 as never) }),
  ]
  for (const make of calls) {
    for (const value of garbage) {
      expect(() => make(value as never)).toThrow(BadInput)
    }
  }
})

test('an uncaught error of a message call is a failure of the run, and says which', () => {
  const lonely = scenario('lonely', {
    programs: {
      *p(): Program {
        yield* send('nobody', 1)
      },
    },
    expect: 'error: NO_SUCH_PROCESS',
  })
  expect(everySchedule(lonely).endings).toEqual({ 'error: NO_SUCH_PROCESS': 1 })
})

test('a signal ends a wait, and a sender that gives up still has its message', () => {
  const programs = {
    *p({ ghost }: Told): Program {
      yield* sigaction('SIGUSR1', function* () {})
      yield* send('q', 0)
      yield* attempt(ghost, send('q', 1))
      yield* send('q', 2)
    },
    *q({ ghost, pids }: Told): Program {
      yield* receive('p')
      yield* kill(pids.p ?? 0, 'SIGUSR1')
      ghost.push(`q:${yield* receive('p')}`)
      yield* attempt(ghost, receive('p'))
    },
  }
  // The signal comes while the send waits, or before it; what was given up never arrives.
  expect(outcomes(programs)).toEqual(['INTERRUPTED q:2 PROCESS_ENDED', 'ok q:1 2', 'q:1 ok 2'])
})

test('with SA_RESTART a wait goes on after the handler', () => {
  const programs = {
    *p({ ghost }: Told): Program {
      yield* sigaction(
        'SIGUSR1',
        function* () {
          ghost.push('handled')
        },
        { restart: true },
      )
      yield* send('q', 0)
      ghost.push(`got:${yield* receive('q')}`)
    },
    *q({ pids }: Told): Program {
      yield* receive('p')
      yield* kill(pids.p ?? 0, 'SIGUSR1')
      yield* send('p', 5)
    },
  }
  expect(outcomes(programs)).toEqual(['handled got:5'])
})

test('the message of a sender that is killed while it waits is not received', () => {
  const programs = {
    *p(): Program {
      yield* send('q', 0)
      yield* send('q', 1)
    },
    *q({ ghost, pids }: Told): Program {
      yield* receive('p')
      yield* kill(pids.p ?? 0, 'SIGKILL')
      yield* attempt(ghost, receive('p'))
    },
  }
  expect(outcomes(programs)).toEqual(['PROCESS_ENDED'])
})

test('a message to a thread of one process goes to one thread', () => {
  function* receiver(ghost: string[]): Program {
    ghost.push(`${yield* receive('p')}`)
  }
  const programs = {
    *p(): Program {
      yield* send('q', 1)
      yield* send('q', 2)
    },
    *q({ ghost }: Told): Program {
      const other = yield* thread_create(receiver, ghost)
      yield* receiver(ghost)
      yield* thread_join(other)
    },
  }
  expect(new Set(outcomes(programs).map((line) => line.split(' ').sort().join(' ')))).toEqual(new Set(['1 2']))
})

/** Who waits for whom at the end of a run that deadlocks. */
function waits(made: Scenario): unknown {
  const found: unknown[] = []
  everySchedule(made, {
    limit: 1,
    after: (simulation) =>
      found.push(...whoWaits(simulation).map(({ thread, object, awaits }) => ({ thread, object, awaits }))),
  })
  return found
}

test('a child is answered by the name that its message came with', () => {
  function* child(): Program {
    yield* send('p', 'ask')
    yield* receive('p')
  }
  const programs = {
    *p({ ghost }: Told): Program {
      yield* fork(child)
      yield* fork(child)
      for (let i = 0; i < 2; i++) {
        const { from } = yield* receive_any()
        yield* send(from, 'answer')
        ghost.push(from)
      }
      while ((yield* wait()).code !== 0) ghost.push('a child failed')
    },
  }
  expect(outcomes(programs)).toEqual(['p/1 p/2', 'p/2 p/1'])
})

test('who waits says for whom', () => {
  const made = scenario('all wait', {
    programs: {
      *p(): Program {
        yield* send('q', 1)
      },
      *q({ name }: Context): Program {
        yield* receive(name)
      },
      *r(): Program {
        yield* receive_any()
      },
    },
    expect: 'deadlock',
  })
  expect(waits(made)).toEqual([
    { thread: 'p', object: 'link p → q', awaits: ['q'] },
    { thread: 'q', object: 'link q → q', awaits: ['q'] },
    { thread: 'r', object: 'any link → r', awaits: [] },
  ])
})
