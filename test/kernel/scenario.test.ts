import { describe, expect, test } from 'vitest'
import { BadInput, boot, parameters, scenario } from '../../kernel/index.ts'

/** What a scenario file says is looked at when it is made: no compiler need have seen it. */

function* p() {}
const fine = { programs: { p }, expect: 'holds' }
const make = (part: object, title: unknown = 'x') => scenario(title as never, { ...fine, ...part } as never)

describe('what a scenario is made of', () => {
  test.each([
    [{ invariant: { a: () => false } }, "'x' has a part 'invariant', and there is no such: there are source, about"],
    [{ programs: undefined }, "'x': programs must be an object with a name for each, not undefined"],
    [
      { programs: { p: null } },
      "'x': programs.p must be a generator function or { program, copies, uid, priority, arrives, nice, tickets, length, period, deadline, cpus }, not null",
    ],
    [{ programs: { p: { copies: 2 } } }, 'programs.p must be a generator function'],
    [
      { programs: { p: { program: p, copy: 2 } } },
      "programs.p has a 'copy', and there are only program, copies, uid, priority",
    ],
    [{ programs: { p: { program: p, copies: 1.5 } } }, 'programs.p.copies must be a whole number from 0 to 1000000'],
    [{ programs: { p: { program: p, uid: 'root' } } }, 'programs.p.uid must be a whole number of at least 0'],
    [{ programs: { 'a b': p } }, "'a b' can't name a process"],
    [{ setup: 5 }, "'x': setup must be a function, not 5"],
    [{ ghost: {} }, "'x': ghost must be a function, not an object"],
    [{ invariants: null }, "'x': invariants must be an object with a name for each, not null"],
    [{ invariants: { a: true } }, "'x': invariants.a must be a function, not true"],
    [{ sometimes: [() => true] }, "'x': sometimes must be an object with a name for each, not an array"],
    [{ expect: undefined }, "'x' has no expect; give it one: 'proved', 'holds', 'deadlock'"],
    [{ expect: 'hold' }, "'x': expect must be 'proved', 'holds', 'deadlock'"],
    [{ expect: 'violates: ' }, "'violates: NAME', 'error: CODE', not \"violates: \""],
    [{ wakeOrder: 'last' }, "'x': wakeOrder must be any, fifo, lifo"],
    [{ maxSteps: 0 }, "'x': maxSteps must be a whole number above 0"],
    [{ faults: true }, "'x': faults must be an object such as { kill: true, most: 2 }, not true"],
    [
      { faults: { kil: true } },
      "'x': faults has a 'kil', and there are only kill, signal, spuriousWakeup, timeout, most",
    ],
    [{ faults: { kill: 'p' } }, '\'x\': faults.kill must be true, false or a list of programs, not "p"'],
    [{ faults: { kill: [1] } }, "'x': faults.kill must be true, false or a list of programs, not an array"],
    [{ faults: { kill: ['p', 'q'] } }, "'x': faults.kill names 'q', and there is no such program: there are p"],
    [{ faults: { signal: 'USR1' } }, "'x': faults.signal must be true, false or one of SIGHUP, SIGINT"],
    [{ faults: { spuriousWakeup: 1 } }, "'x': faults.spuriousWakeup must be true or false, not 1"],
    [{ faults: { timeout: 'yes' } }, '\'x\': faults.timeout must be true or false, not "yes"'],
    [{ faults: { most: 0 } }, "'x': faults.most must be a whole number above 0, not 0"],
    [{ faults: { most: 1.5 } }, "'x': faults.most must be a whole number above 0, not 1.5"],
    [{ params: { n: 5 } }, "'x': params.n must have a default that is a number, a text or a boolean"],
    [{ params: { n: { default: 9, max: 3, about: '' } } }, 'params.n has the default 9, which it does not accept'],
    [{ params: { n: { default: 'c', oneOf: ['a'], about: '' } } }, 'params.n.oneOf must list the default'],
  ])('%j can not be part of one', (part, message) => {
    expect(() => make(part)).toThrow(BadInput)
    expect(() => make(part)).toThrow(message)
  })

  test('a title and a body', () => {
    for (const title of [null, '', ' ', 5]) expect(() => make({}, title)).toThrow(/must be a text, not/)
    expect(() => scenario('x', undefined as never)).toThrow(/'x' is undefined; write scenario/)
  })

  test('a variation of another scenario is one', () => {
    expect(scenario('y', { ...make({}), maxSteps: 7 })).toMatchObject({ title: 'y', maxSteps: 7, expect: 'holds' })
  })

  test('all that the types allow is accepted', () => {
    const whole = {
      source: 's',
      about: 'a',
      params: { n: { default: 2, min: 1, max: 3, about: 'n' }, s: { default: 'a', oneOf: ['a', 'b'], about: 's' } },
      ghost: () => ({}),
      setup: undefined,
      programs: { p, q: { program: p, copies: 0 }, r: { program: p, copies: () => 2, uid: 0 } },
      invariants: {},
      atEnd: { a: () => true },
      sometimes: { b: () => true },
      faults: { kill: ['p'], signal: 'SIGUSR1', spuriousWakeup: true, timeout: false, most: 2 },
      wakeOrder: 'lifo',
      maxSteps: 5,
    }
    for (const expects of ['proved', 'step limit', 'violates: a', 'error: EAGAIN'])
      expect(make({ ...whole, expect: expects }).title).toBe('x')
  })
})

describe('what only booting shows', () => {
  const booted = (part: object) => () => boot(make(part), { door: { pick: () => 0 } })
  const copies = (count: () => unknown) => booted({ programs: { p: { program: p, copies: count } } })

  test('how many copies a function says', () => {
    expect(copies(() => 1e9)).toThrow('programs.p.copies must be a whole number from 0 to 1000000, not 1000000000')
    expect(copies(() => undefined)).toThrow('programs.p.copies must be a whole number')
    expect(() => copies(() => JSON.parse('{'))()).toThrow(BadInput)
    expect(() => copies(() => JSON.parse('{'))()).toThrow(/^copies of 'p' threw SyntaxError/)
  })

  test('a setup is called setup, not by the name of its process', () => {
    const setup = (made: unknown) => booted({ setup: made })
    expect(setup(() => 5)).toThrow("setup of 'x' is no generator; write it with a star: *setup() { … }")
    expect(setup(() => JSON.parse('{'))).toThrow(/^setup of 'x' threw SyntaxError/)
    expect(
      setup(function* () {
        yield 5
      }),
    ).toThrow('setup yielded 5, which is no call')
    expect(
      setup(function* () {
        throw new Error('oops')
      }),
    ).toThrow('setup threw Error: oops')
  })

  test('a parameter that every object seems to have', () => {
    for (const name of ['toString', '__proto__']) {
      const wished = JSON.parse(`{"${name}":"3"}`)
      expect(() => parameters(make({}), wished)).toThrow(`'x' has no parameter '${name}': it has none`)
    }
  })
})
