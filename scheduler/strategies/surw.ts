import type { Id, Machine, Spawned } from '../../kernel/index.ts'
import type { Decider } from '../decider.ts'
import { numbers } from '../numbers.ts'
import { type Place, placeOf } from './dpor/event.ts'
import { Foresight, type Standing } from './foresight.ts'
import { Profile } from './profile.ts'

/**
 * The selectively uniform random walk: in each run the steps that touch one object, drawn from those that several threads
 * share, are to come in every order with the same probability. Before each of them is drawn whose it is to be, with a
 * weight of so many as each thread has left; the others stand still before theirs, and all else is a random walk.
 * `urw` has all steps for that: a walk weighted by how many steps each thread has left. Zhao, Wolff, Mathur, Roychoudhury,
 * Selectively uniform concurrency testing, ASPLOS 2025. As there, a thread that is yet to be made is counted with the one
 * that makes it.
 *
 * Departures from the paper: how many steps each thread has is learned from the first runs of the search itself, of which
 * the first is a random walk, not from a run beforehand; whether a thread stands before a step on the object is expected,
 * not known (see foresight.ts); a thread that has more steps than was learned still has a small weight; a run much longer
 * than those before goes on as a random walk, as those who stand still may be waited for. The next timer counts as a
 * thread; faults strike at random, about once a run.
 */
export const surw = (seed: string): Decider => walk('surw', seed)

/** As above. */
export const urw = (seed: string): Decider => walk('urw', seed)

function walk(name: 'surw' | 'urw', seed: string): Decider {
  const stream = numbers(seed)
  const foresight = new Foresight()
  const profile = new Profile()
  /** What is to come in every order in this run: the steps that touch this place; `null`: all. */
  let place: Place | null = null
  /** Steps left, of those, times the runs that were learned from. */
  let weights: ReadonlyMap<Id, number> = new Map()
  let runs = 0
  /** Whose the next of them is to be. */
  let intended: Standing | null = null
  /** Who could go on, in the order of the options. */
  const enabled: Standing[] = []

  function next(machine: Machine): number {
    const { options, ordinary, steps } = machine
    foresight.touched(machine)
    const { spawned } = machine.kernel
    if (spawned.length > 0 && machine.actor !== null) makes(look(foresight.of(machine, machine.actor)), spawned)
    if (options > ordinary && stream.below(Math.max(profile.longest, FIRST_STEPS)) === 0) {
      foresight.moves(null)
      return ordinary + stream.below(options - ordinary)
    }
    const { ready } = machine
    enabled.length = 0
    for (let option = 0; option < ordinary; option++)
      enabled.push(look(option < ready.size ? foresight.of(machine, ready.at(option)) : foresight.ofTimer(machine)))
    const isRandom = runs === 0 || steps > profile.patience
    const option = ordinary === 1 ? 0 : isRandom ? stream.below(ordinary) : weighed()
    const mover = enabled[option] as Standing // below length
    if (counts(mover)) {
      mover.value -= runs
      intended = null
    }
    foresight.moves(mover)
    return option
  }

  /** A thread that is seen for the first time in this run has all its steps before it. */
  function look(standing: Standing): Standing {
    if (standing.isNew) {
      standing.isNew = false
      standing.value = weights.get(standing.id) ?? 0
    }
    return standing
  }

  function makes(maker: Standing, spawned: readonly Spawned[]): void {
    for (const { thread } of spawned) {
      profile.makes(maker.id, thread)
      maker.value -= weights.get(thread) ?? 0
    }
  }

  /** Whether it stands before one of those that are to come in every order. */
  function counts({ kind: { touched } }: Standing): boolean {
    if (place === null) return true
    if (touched !== null) for (const touch of touched) if (placeOf(touch) === place) return true
    return false
  }

  function weighed(): number {
    if (intended === null || intended.task.ended) intended = drawn()
    let free = 0
    for (const one of enabled) if (one === intended || !counts(one)) free += 1
    if (free === 0) {
      intended = drawn()
      return intended === null ? stream.below(enabled.length) : enabled.indexOf(intended)
    }
    let which = free === 1 ? 0 : stream.below(free)
    return enabled.findIndex((one) => (one === intended || !counts(one)) && which-- === 0)
  }

  /** One of those who could go on, each with its weight. */
  function drawn(): Standing | null {
    let all = 0
    for (const one of enabled) all += weightOf(one)
    if (all === 0) return null
    let at = stream.below(all)
    for (const one of enabled) {
      at -= weightOf(one)
      if (at < 0) return one
    }
    return null
  }

  /** More steps than were learned are possible, too. */
  const weightOf = (one: Standing): number => (one.value > 0 ? one.value : counts(one) ? 1 : 0)

  return {
    name,
    keepsTime: false,
    samples: true,
    complete: false,
    begin() {
      foresight.begin()
      intended = null
      runs = profile.runs
      const { shared } = profile
      place = name === 'urw' || shared.length === 0 ? null : (shared[stream.below(shared.length)] ?? null)
      weights = profile.weights(place)
      return true
    },
    next,
    pick: (_kind, _thread, count) => (count === 1 ? 0 : stream.below(count)),
    ended({ machine }) {
      foresight.touched(machine)
      profile.lasted(machine.steps)
      if (profile.learns) profile.learn(foresight)
    },
  }
}

/** Steps that a run is taken to have while none was made. */
const FIRST_STEPS = 16
