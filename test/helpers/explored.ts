import {
  type Context,
  choose,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  type ScenarioBody,
  scenario,
} from 'ipclab/kernel'
import { pthread_mutex_init } from 'ipclab/posix'

/** Scenarios to explore: a page of shared memory with a counter at its start and two mutexes. */

export type Given = Context<Record<never, never>, { base: number }, { noted: string[] }>
export type Body = ScenarioBody<Record<never, never>, { base: number }, { noted: string[] }>

export function made(
  programs: Record<string, (context: Given) => Program<unknown>>,
  rest: Partial<Body> = {},
): Scenario {
  return scenario('explored', {
    ghost: () => ({ noted: [] as string[] }),
    *setup() {
      const base = yield* map_anonymous(4096)
      yield* pthread_mutex_init(base + 1024)
      yield* pthread_mutex_init(base + 2048)
      return { base }
    },
    programs,
    expect: 'proved',
    ...rest,
  })
}

/** Two that increment a counter in two steps each. */
export const counter = (times = 1) => ({ P: increments(times), Q: increments(times) })
export const increments = (times: number) =>
  function* ({ shared }: Given): Program {
    const x = int32(shared.base)
    for (let i = 0; i < times; i++) yield* x.store(0, (yield* x.load()) + 1)
  }
export const holds = {
  *P(): Program {
    yield* choose(2)
  },
}
