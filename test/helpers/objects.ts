import {
  addDescriptor,
  type Call,
  call,
  cheaply,
  closeDescriptor,
  create,
  type Data,
  type Description,
  defineCall,
  defineKind,
  descriptionAt,
  done,
  fail,
  finish,
  finishWithError,
  firstSleeper,
  install,
  type Kernel,
  type KernelObject,
  next,
  PosixError,
  peek,
  pin,
  pinned,
  type Ref,
  reads,
  SLEEP,
  sleepOn,
  type Thread,
  wakeAll,
  wakeOne,
  writes,
} from 'ipclab/kernel'

/** Small kernel objects that exist for tests of the core alone; all their names begin with `test_`. */

/** One for each machine: a store of units, a gate with people before it, and notes of what happened. */
export interface Shelf extends KernelObject {
  readonly kind: 'test_shelf'
  units: number
  /** How many stand before the gate. */
  present: number
  open: boolean
  noted: string[]
}

export const SHELF: Ref<Shelf> = 'test_shelf'
const UNITS = 'test_shelf/units'
const GATE = 'test_shelf/gate'
const HANDS = 'test_shelf/hands'

export const shelfOf = (state: { objects: Record<string, KernelObject> }): Shelf => state.objects[SHELF] as Shelf

const error = (code: string, name: string, detail: Data) => cheaply(() => new PosixError(code, name, detail))

const makeDef = defineCall<{ readonly units: number }, void>({
  name: 'test_make_shelf',
  error,
  stages: [
    {
      attempt(kernel, _thread, { units }) {
        install<Shelf>(kernel, { id: SHELF, kind: 'test_shelf', units, present: 0, open: false, noted: [] })
        return done(kernel)
      },
    },
  ],
})
export const makeShelf = (units = 0): Call<void> => call(makeDef, { units })

const twoDef = defineCall<Record<string, never>, void>({
  name: 'test_two_stages',
  error,
  stages: [
    {
      attempt(kernel) {
        writes(kernel, SHELF).noted.push('first')
        return next(kernel, 1)
      },
    },
    { attempt: (kernel) => fail(kernel, 'ESECOND') },
  ],
})
/** Its first stage makes a note, its second fails. */
export const twoStages = (): Call<void> => call(twoDef, {})

const takeAllDef = defineCall<Record<string, never>, void>({
  name: 'test_take_all_and_fail',
  error,
  stages: [
    {
      attempt(kernel) {
        const shelf = writes(kernel, SHELF)
        const taken = shelf.units
        shelf.units = 0
        return fail(kernel, 'ETAKEN', { taken })
      },
    },
  ],
})
/** Takes every unit and fails; the error says how many. */
export const takeAllAndFail = (): Call<void> => call(takeAllDef, {})

/** How often the guard of `take` was asked, since this was set to 0. */
export const asked = { guards: 0 }

const takeDef = defineCall<{ readonly count: number }, number>({
  name: 'test_take',
  error,
  stages: [
    {
      canProceed(kernel) {
        asked.guards += 1
        return reads(kernel, SHELF).units > 0
      },
      attempt(kernel, thread, { count }) {
        const shelf = writes(kernel, SHELF)
        const { call } = thread
        while (call !== null && shelf.units > 0 && call.progress < count) {
          shelf.units -= 1
          call.progress += 1
        }
        return call?.progress === count ? done(kernel, count) : takeMore(kernel, thread)
      },
    },
  ],
  giveUp(kernel, thread, _args, reason) {
    const taken = thread.call?.progress ?? 0
    if (reason === 'killed') {
      writes(kernel, SHELF).units += taken
      return SLEEP
    }
    return taken > 0 ? done(kernel, taken) : fail(kernel, 'EINTR')
  },
  waitsFor: () => ({ object: 'a unit on the shelf' }),
})

function takeMore(kernel: Kernel, thread: Thread) {
  // Where no order is promised the guard keeps whoever waits, and what was taken so far is kept in the call.
  return kernel.state.wakeOrder === 'any' ? next(kernel, 0) : sleepOn(kernel, thread, UNITS)
}
/** Takes so many units, waiting for each; a signal ends it with what it has, death puts that back. */
export const take = (count = 1): Call<number> => call(takeDef, { count })

const putDef = defineCall<{ readonly count: number }, void>({
  name: 'test_put',
  error,
  stages: [
    {
      attempt(kernel, _thread, { count }) {
        writes(kernel, SHELF).units += count
        const order = kernel.state.wakeOrder
        for (let i = 0; i < count; i++) wakeOne(kernel, UNITS, order)
        return done(kernel)
      },
    },
  ],
})
/** Puts so many units there and wakes as many who wait. */
export const put = (count = 1): Call<void> => call(putDef, { count })

const countDef = defineCall<Record<string, never>, number>({
  name: 'test_count_units',
  error,
  stages: [
    {
      attempt(kernel) {
        return done(kernel, reads(kernel, SHELF).units)
      },
    },
  ],
})
/** How many units there are. */
export const countUnits = (): Call<number> => call(countDef, {})

const enterDef = defineCall<Record<string, never>, void>({
  name: 'test_enter',
  error,
  restarts: true,
  stages: [
    {
      attempt(kernel) {
        writes(kernel, SHELF).present += 1
        return next(kernel, 1)
      },
    },
    {
      canProceed: (kernel) => reads(kernel, SHELF).open,
      attempt(kernel, thread) {
        if (!reads(kernel, SHELF).open) return sleepOn(kernel, thread, GATE)
        writes(kernel, SHELF).present -= 1
        return done(kernel)
      },
    },
  ],
  giveUp(kernel) {
    writes(kernel, SHELF).present -= 1
    return fail(kernel, 'EINTR')
  },
  waitsFor: () => ({ object: 'the gate' }),
})
/** Stands before the gate, counted, until it is open. SA_RESTART keeps it there. */
export const enter = (): Call<void> => call(enterDef, {})

const openDef = defineCall<Record<string, never>, number>({
  name: 'test_open_gate',
  error,
  stages: [
    {
      attempt(kernel) {
        const shelf = writes(kernel, SHELF)
        shelf.open = true
        wakeAll(kernel, GATE)
        return done(kernel, shelf.present)
      },
    },
  ],
})
/** Opens the gate; says how many stood there. */
export const openGate = (): Call<number> => call(openDef, {})

const awaitHandDef = defineCall<Record<string, never>, Data>({
  name: 'test_await_hand',
  error,
  stages: [{ attempt: (kernel, thread) => sleepOn(kernel, thread, HANDS) }],
  giveUp: (kernel) => fail(kernel, 'EINTR'),
  waitsFor: () => ({ object: 'something to be handed over' }),
})
/** Waits for something to be handed over. */
export const awaitHand = (): Call<Data> => call(awaitHandDef, {})

const handDef = defineCall<{ readonly value: Data; readonly code: string | null }, boolean>({
  name: 'test_hand',
  error,
  stages: [
    {
      attempt(kernel, _thread, { value, code }) {
        const taker = firstSleeper(kernel, HANDS, kernel.state.wakeOrder)
        if (taker === null) return done(kernel, false)
        if (code === null) finish(kernel, taker, value)
        else finishWithError(kernel, taker, code, value)
        return done(kernel, true)
      },
    },
  ],
})
/** Ends the wait of one who waits, with a value or an error. */
export const hand = (value: Data, code: string | null = null): Call<boolean> => call(handDef, { value, code })

/** Lives as long as somebody has a descriptor of it, or a call in progress that has pinned it. */
interface Box extends Description {
  readonly kind: 'test_box'
  full: boolean
}

defineKind<Box>('test_box', {
  free(kernel) {
    writes(kernel, SHELF).noted.push('box is gone')
  },
})

const openBoxDef = defineCall<Record<string, never>, number>({
  name: 'test_open_box',
  error,
  stages: [
    {
      attempt(kernel, thread) {
        const box = create<Box>(kernel, thread, (id) => ({ id, kind: 'test_box', flags: 0, full: false, refs: 0 }))
        return done(kernel, addDescriptor(kernel, thread, box))
      },
    },
  ],
})
export const openBox = (): Call<number> => call(openBoxDef, {})

const holdDef = defineCall<{ readonly fd: number }, string>({
  name: 'test_hold_box',
  error,
  restarts: true,
  stages: [
    {
      attempt(kernel, thread, { fd }) {
        const box = descriptionAt(kernel, thread, fd)
        if (box === null) return fail(kernel, 'EBADF')
        pin(kernel, thread, box)
        return next(kernel, 1)
      },
    },
    {
      canProceed: (kernel, thread) => reads(kernel, boxOf(thread)).full,
      attempt(kernel, thread) {
        const box = boxOf(thread)
        return reads(kernel, box).full ? done(kernel, 'full') : sleepOn(kernel, thread, box)
      },
    },
  ],
  giveUp: (kernel) => fail(kernel, 'EINTR'),
  waitsFor: (_kernel, thread) => ({ object: boxOf(thread) }),
})

const boxOf = (thread: Thread): Ref<Box> => pinned(thread)[0] ?? ''
/** Waits until the box is full, holding on to it whatever becomes of its descriptors. */
export const holdBox = (fd: number): Call<string> => call(holdDef, { fd })

const fillDef = defineCall<{ readonly fd: number; readonly close: boolean }, void>({
  name: 'test_fill_box',
  error,
  stages: [
    {
      attempt(kernel, thread, { fd, close }) {
        const box = descriptionAt(kernel, thread, fd) as Ref<Box> | null // only boxes are opened here
        if (box === null) return fail(kernel, 'EBADF')
        if (close) closeDescriptor(kernel, thread, fd)
        if (!Object.hasOwn(kernel.state.objects, box)) return done(kernel)
        writes(kernel, box).full = true
        wakeAll(kernel, box)
        return done(kernel)
      },
    },
  ],
})
/** Fills the box; `close`: after its descriptor is closed. */
export const fillBox = (fd: number, close = false): Call<void> => call(fillDef, { fd, close })

const closeDef = defineCall<{ readonly fd: number }, void>({
  name: 'test_close_box',
  error,
  stages: [
    {
      attempt: (kernel, thread, { fd }) => (closeDescriptor(kernel, thread, fd) ? done(kernel) : fail(kernel, 'EBADF')),
    },
  ],
})
export const closeBox = (fd: number): Call<void> => call(closeDef, { fd })

const dupDef = defineCall<{ readonly fd: number; readonly from: number }, number>({
  name: 'test_dup_box',
  error,
  stages: [
    {
      attempt(kernel, thread, { fd, from }) {
        const box = descriptionAt(kernel, thread, fd)
        return box === null ? fail(kernel, 'EBADF') : done(kernel, addDescriptor(kernel, thread, box, from))
      },
    },
  ],
})
/** A further descriptor of the box, the lowest that is free from `from` on. */
export const dupBox = (fd: number, from = 0): Call<number> => call(dupDef, { fd, from })

/** How many hold the box; 0 when there is none any more. */
export function boxes(kernel: Kernel): number[] {
  return Object.values(kernel.state.objects)
    .filter(({ kind }) => kind === 'test_box')
    .map(({ id }) => peek<Box>(kernel, id).refs)
}

/** Puts units on the shelf and wakes nobody, for a call with that fault. */
export function addUnits(kernel: Kernel, count: number): void {
  writes(kernel, SHELF).units += count
}
