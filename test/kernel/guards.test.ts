import { expect, test } from 'vitest'
import {
  boot,
  call,
  cheaply,
  defineCall,
  done,
  install,
  type KernelObject,
  PosixError,
  reads,
  scenario,
  sleepOn,
  WHOLE,
  writes,
} from '../../kernel/index.ts'

/** A shelf of several places. Who waits for any of them looks at the whole; who fills one writes that part alone. */
interface Shelf extends KernelObject {
  readonly kind: 'test shelf'
  places: number[]
}

const error = (code: string, name: string) => cheaply(() => new PosixError(code, name))

const makeDef = defineCall<Record<string, never>, void>({
  name: 'test_shelf_make',
  error,
  stages: [
    {
      attempt(kernel) {
        install<Shelf>(kernel, { id: 'shelf', kind: 'test shelf', places: [0, 0, 0] })
        return done(kernel)
      },
    },
  ],
})

const fillDef = defineCall<{ readonly place: number }, void>({
  name: 'test_shelf_fill',
  error,
  stages: [
    {
      attempt(kernel, _thread, { place }) {
        writes<Shelf>(kernel, 'shelf', place).places[place] = 1
        return done(kernel)
      },
    },
  ],
})

const anyDef = defineCall<Record<string, never>, void>({
  name: 'test_shelf_any',
  error,
  stages: [
    {
      canProceed: (kernel) => reads<Shelf>(kernel, 'shelf', WHOLE).places.includes(1),
      attempt(kernel, thread) {
        const filled = reads<Shelf>(kernel, 'shelf', WHOLE).places.includes(1)
        return filled ? done(kernel) : sleepOn(kernel, thread, 'shelf/any')
      },
    },
  ],
  giveUp: (kernel) => done(kernel),
})

test.each([0, 1, 2])('who looks at the whole of an object is asked again when place %i of it is written', (place) => {
  const shelf = scenario('a shelf', {
    *setup() {
      yield* call(makeDef, {})
    },
    programs: {
      *waiter() {
        yield* call(anyDef, {})
      },
      *filler() {
        yield* call(fillDef, { place })
      },
    },
    expect: 'proved',
  })
  const simulation = boot(shelf, { door: { pick: () => 0 } })
  simulation.start()
  const { machine } = simulation
  expect(machine.options).toBe(1) // the waiter can't be chosen yet
  machine.step(0)
  expect(machine.options).toBe(1)
  machine.step(0)
  expect(machine.alive).toBe(0)
})
