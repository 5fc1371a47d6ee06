import { explore, guarded } from 'ipclab/explore'
import { assert, BadInput, boot, choose, fork, int32, type Program, pause } from 'ipclab/kernel'
import { replay, run } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { type Body, type Given, holds, made } from '../helpers/explored.ts'

describe('programs that are not deterministic', () => {
  test('a program that keeps a count between runs is told where the two runs part', async () => {
    let count = 0
    const one = made({
      *P({ shared }) {
        count += 1
        yield* int32(shared.base).store(0, count)
      },
    })
    await expect(explore(one)).rejects.toThrow(BadInput)
    await expect(explore(one)).rejects.toThrow(/its runs part at step 1\. First: .*"value":\d+.* Then: .*"value":\d+/)
  })

  test('one that does something the first time only is told, too', async () => {
    let first = true
    const one = made({
      *P({ shared }) {
        if (first) yield* int32(shared.base).store(4, 1)
        first = false
        yield* int32(shared.base).store(0, 1)
      },
    })
    await expect(explore(one)).rejects.toThrow('its runs part at step 1')
  })

  test('one that draws random numbers of its own is told', async () => {
    const one = made({
      *P({ shared }) {
        yield* int32(shared.base).store(0, Math.floor(Math.random() * 2 ** 30))
      },
    })
    await expect(explore(one)).rejects.toThrow('Keep a program’s state inside the program'.replace('’', "'"))
  })

  test('--check-determinism finds in the k-th run what the first did not show', async () => {
    let runs = 0
    const one = made(
      {
        *P({ shared }) {
          runs += 1
          yield* int32(shared.base).store(0, runs > 8 ? runs : 0)
        },
      },
      { expect: 'holds' },
    )
    expect((await explore(one, { strategy: 'random', executions: 20 })).verdict).toBe('sampled')
    runs = 0
    await expect(explore(one, { strategy: 'random', executions: 20, checkDeterminism: 4 })).rejects.toThrow('runs part')
  })

  test('a failure that does not come back is no failure of the scenario’s', async () => {
    let runs = 0
    const one = made({
      *P({ shared }) {
        runs += 1
        yield* int32(shared.base).store(0, 0)
        yield* assert(runs !== 5, 'not the fifth')
      },
    })
    await expect(explore(one, { strategy: 'random', executions: 20 })).rejects.toThrow('ends another way')
  })
})

describe('programs that cannot be used', () => {
  const refused = async (program: unknown, message: RegExp | string, rest: Partial<Body> = {}) => {
    const one = made({ P: program as () => Program, Q: holds.P }, rest)
    await expect(explore(one)).rejects.toThrow(BadInput)
    await expect(explore(one)).rejects.toThrow(message)
  }

  test.each([
    [
      'nothing',
      undefined,
      /program 'P' yielded nothing, which is no call; write `yield\* sem_wait\(s\)`, with the star/,
    ],
    ['a number', 5, "program 'P' yielded 5"],
    ['an object', { name: 'load' }, "program 'P' yielded an object"],
  ])('one that yields %s', (_what, value, message) =>
    refused(function* () {
      yield value
    }, message),
  )

  test('one that throws', () =>
    refused(function* () {
      yield* choose(1)
      throw new TypeError('oh')
    }, "program 'P' threw TypeError: oh"))
  test('one that takes apart what it is not given', () =>
    refused(function* ({
      shared: {
        gone: { deep },
      },
    }: {
      shared: { gone: { deep: number } }
    }) {
      yield* choose(deep)
    }, /program 'P' threw TypeError/))
  test('one that is no generator', () => refused(() => 5, "program 'P' is no generator; write it with a star"))
  test('a call that cannot be made', () =>
    refused(function* () {
      yield* choose(0)
    }, "program 'P' threw RangeError: choose(n) takes a whole number of at least 1, not 0"))
  test('a ghost that throws', () =>
    refused(holds.P, 'ghost threw Error: boo', {
      ghost: () => {
        throw new Error('boo')
      },
    }))
  test('an invariant that throws', () =>
    refused(holds.P, /invariant 'x' threw .*boo/, {
      invariants: {
        x: () => {
          throw new Error('boo')
        },
      },
    }))
  test('an invariant that says neither yes nor no', () =>
    refused(holds.P, "invariant 'x' must say true, false or a reason, not undefined", {
      invariants: { x: (() => undefined) as never },
    }))
  test('a sometimes-condition that throws', () =>
    refused(holds.P, "sometimes 'x' threw Error: boo", {
      sometimes: {
        x: () => {
          throw new Error('boo')
        },
      },
    }))
  test('a sometimes-condition that says neither yes nor no', () =>
    refused(holds.P, "sometimes 'x' must say true or false, not undefined", {
      sometimes: { x: (() => undefined) as never },
    }))
  test('an await_ whose condition throws', () =>
    refused(function* ({ shared }: Given) {
      yield* int32(shared.base).await_(0, () => {
        throw new Error('boo')
      })
    }, 'await_() threw boo'))
  test('a setup that waits for somebody', () =>
    refused(holds.P, "setup of 'explored' waits in pause, and nobody else runs yet", {
      *setup() {
        yield* pause()
        return { base: 0 }
      },
    }))
  test('a setup that makes processes', () =>
    refused(holds.P, "setup of 'explored' makes processes or threads; those belong into 'programs'", {
      *setup() {
        yield* fork(holds.P)
        return { base: 0 }
      },
    }))

  test('one that loops without making a call is ended, and named', () => {
    const one = made({
      *P() {
        yield* choose(1)
        for (;;);
      },
    })
    const by = replay([])
    const simulation = boot(one, { door: by })
    simulation.start()
    const endless = () =>
      guarded(
        () => simulation.machine,
        () => run(simulation, by, { maxSteps: 10 }),
        50,
      )
    expect(endless).toThrow(BadInput)
    simulation.start()
    expect(endless).toThrow("program 'P' has run for 0.05 s without making a call")
  })

  test('a search that goes on for too long between their calls is not blamed on one', () => {
    const one = made({ *P() {} })
    const by = replay([])
    const simulation = boot(one, { door: by })
    simulation.start()
    const endless = (): never => {
      for (;;);
    }
    expect(() => guarded(() => simulation.machine, endless, 50)).toThrow(
      'the run has run for 0.05 s without coming to its end: an invariant that loops, or slices far shorter than',
    )
  })

  test.each([
    [{ strategy: 'nonsense' }, "there is no strategy or policy 'nonsense'"],
    [{ executions: 0 }, 'executions takes a whole number of at least 1, not 0'],
    [{ maxSteps: 1.5 }, 'maxSteps takes a whole number of at least 1, not 1.5'],
    [{ params: { n: 1 } }, "'explored' has no parameter 'n': it has none"],
  ])('options %j', async (options, message) => {
    await expect(explore(made(holds), options)).rejects.toThrow(message)
  })
})
