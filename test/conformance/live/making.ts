import type { Fields } from '../fields.ts'
import type { Game, Kind, Open } from './game.ts'

/** What the arguments of a step are drawn from: mostly what is there, so that most steps come to something. */

/** A whole number from 0 to n - 1. */
export type Draw = (n: number) => number

/** One operation of a family: how often it is taken, and its arguments; `null`: they can't be had now. */
export interface Way {
  readonly op: string
  readonly weight: number
  readonly args: (at: Making) => Fields | null
}

/** Whether a descriptor is one that the operation makes sense on. */
type Fits = (open: Open) => boolean

const FIRST_DESCRIPTOR = 3

/** A process about to make a step. */
export class Making {
  readonly game: Game
  readonly p: number
  readonly #draw: Draw
  /** The program moves much at once. */
  readonly #big: boolean

  constructor(game: Game, p: number, draw: Draw, big: boolean) {
    this.game = game
    this.p = p
    this.#draw = draw
    this.#big = big
  }

  pick<T>(list: readonly T[]): T {
    return list[this.#draw(list.length)] as T // no list is empty
  }

  /** So many times of a hundred. */
  sometimes(percent: number): boolean {
    return this.#draw(100) < percent
  }

  /** A descriptor of one of the kinds, any kind where none is named; now and then one that is not open, or another. */
  fd(kinds: readonly Kind[] = [], fits: Fits = () => true): number | null {
    const open = this.game.descriptors(this.p)
    if (this.sometimes(2)) return FIRST_DESCRIPTOR + this.#draw(7)
    const ofKind = this.sometimes(3) || kinds.length === 0 ? open : open.filter(({ kind }) => kinds.includes(kind))
    const fitting = this.sometimes(10) ? ofKind : ofKind.filter(fits)
    return fitting.length === 0 ? null : this.pick(fitting).fd
  }

  has(...kinds: readonly Kind[]): boolean {
    return this.game.descriptors(this.p).some(({ kind }) => kinds.length === 0 || kinds.includes(kind))
  }

  /** What is sent: each step has a letter of its own. */
  data(): string {
    const letter = String.fromCharCode(65 + (this.game.steps.length % 26))
    const length = this.pick(this.#big ? BIG : SMALL)
    return length < 4 ? letter.repeat(length) : `${letter}*${length}`
  }

  /** What goes into sockets: how many bytes they hold is not promised. */
  little(): string {
    const letter = String.fromCharCode(65 + (this.game.steps.length % 26))
    return letter.repeat(this.pick([1, 2, 3]))
  }

  length(): number {
    return this.pick(this.#big ? BIG_READS : [1, 4, 10, 10, 100])
  }
}

const SMALL = [1, 1, 2, 3, 5, 8]
const BIG = [1, 3, 100, 1000, 4000, 4095, 4096, 4097, 5000, 8192, 20_000, 40_000, 61_440, 65_536, 70_000, 100_000]
const BIG_READS = [1, 10, 100, 4095, 4096, 5000, 36_544, 65_536, 200_000]

/** An operation on a descriptor of one of the kinds. */
export const on =
  (kinds: readonly Kind[], more: (at: Making) => Fields = () => ({}), fits?: Fits): Way['args'] =>
  (at) => {
    const fd = at.fd(kinds, fits)
    return fd === null ? null : { fd, ...more(at) }
  }

/** Only where it makes sense. */
export const where =
  (sensible: (at: Making) => boolean, args: (at: Making) => Fields | null): Way['args'] =>
  (at) =>
    sensible(at) || at.sometimes(4) ? args(at) : null

/** Every family has these: who calls, and who ends. */
export const processes: readonly Way[] = [
  {
    op: 'fork',
    weight: 6,
    args: ({ game }) => (game.alive().length < 5 ? { child: game.processes } : null),
  },
  { op: 'exit', weight: 1, args: (at) => (at.game.alive().length > 1 ? { code: at.pick([0, 1, 2]) } : null) },
  { op: 'kill', weight: 6, args: where(({ game }) => game.blocked().length > 0, kill) },
  {
    op: 'sigcount',
    weight: 1,
    args: where(
      ({ game }) => game.returned('kill').length > 0,
      (at) => ({ sig: at.pick(['SIGUSR1', 'SIGUSR1', 'SIGUSR2']) }),
    ),
  },
]

/** Mostly somebody who waits, and mostly to interrupt him. */
function kill(at: Making): Fields {
  const blocked = at.game.blocked().map(({ p }) => p)
  const to = at.pick(blocked.length > 0 && at.sometimes(80) ? blocked : at.game.alive())
  const mild = at.sometimes(75) || to === at.p
  return { to, sig: at.pick(mild ? ['SIGUSR1', 'SIGUSR1', 'SIGUSR2'] : ['SIGTERM', 'SIGKILL']) }
}

/** Rarer ones, about signals themselves. */
export const signals: readonly Way[] = [
  { op: 'pause', weight: 2, args: (at) => (at.game.idle().length > 1 && at.sometimes(40) ? {} : null) },
  {
    op: 'sigaction',
    weight: 2,
    args: (at) => ({
      sig: at.pick(['SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGTERM', 'SIGKILL']),
      how: at.pick(['handler', 'handler_restart', 'ignore', 'default']),
    }),
  },
]

export const WHENCE = ['SEEK_SET', 'SEEK_CUR', 'SEEK_END']

/** Every family of descriptors has these. */
export const descriptors: readonly Way[] = [
  { op: 'close', weight: 5, args: on([]) },
  { op: 'dup', weight: 1, args: on([]) },
  {
    op: 'dup2',
    weight: 1,
    args: on([], (at) => ({ newfd: at.sometimes(50) ? (at.fd() ?? 9) : at.pick([3, 4, 5, 8, 11]) })),
  },
  { op: 'getfl', weight: 1, args: on([]) },
  { op: 'set_nonblock', weight: 2, args: on([], (at) => ({ on: at.pick([0, 1]) })) },
  {
    op: 'poll',
    weight: 4,
    args: where(
      (at) => at.has(),
      (at) => ({
        fds: [...Array(at.pick([1, 1, 2, 3])).keys()].map(() => at.fd() ?? 3),
        events: at.pick(['POLLIN|POLLOUT', 'POLLIN|POLLOUT', 'POLLIN|POLLOUT|POLLRDHUP', 'POLLIN']),
      }),
    ),
  },
  { op: 'fionread', weight: 2, args: on(['reader', 'both ends', 'stream', 'dgram', 'seqpacket']) },
  { op: 'fstat', weight: 1, args: on([]) },
  {
    op: 'lseek',
    weight: 1,
    args: where(
      (at) => at.sometimes(20),
      on([], (at) => ({ off: at.pick([0, 1, -1]), whence: at.pick(WHENCE) })),
    ),
  },
]
