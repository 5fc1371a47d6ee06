import { readFileSync } from 'node:fs'
import type { AnyValues, Scenario } from '../../kernel/index.ts'
import account from '../../scenarios/bugs/account.ts'
import bankTransfer from '../../scenarios/bugs/bank-transfer.ts'
import barrierReset from '../../scenarios/bugs/barrier-reset.ts'
import ifWait from '../../scenarios/bugs/bb-if-wait.ts'
import singleCondition from '../../scenarios/bugs/bb-single-cv.ts'
import twoProducers from '../../scenarios/bugs/bb-two-producers.ts'
import carter01 from '../../scenarios/bugs/carter01.ts'
import checkThenWait from '../../scenarios/bugs/check-then-wait.ts'
import circularBuffer from '../../scenarios/bugs/circular-buffer.ts'
import counterAllLost from '../../scenarios/bugs/counter-all-lost.ts'
import deadlock01 from '../../scenarios/bugs/deadlock01.ts'
import philosophers from '../../scenarios/bugs/din-phil.ts'
import doubleCheckedInit from '../../scenarios/bugs/double-checked-init.ts'
import doubleFree from '../../scenarios/bugs/double-free.ts'
import lostIncrement from '../../scenarios/bugs/lost-increment.ts'
import phase01 from '../../scenarios/bugs/phase01.ts'
import recvFirst from '../../scenarios/bugs/recv-first.ts'
import reorder from '../../scenarios/bugs/reorder.ts'
import rpcCallback from '../../scenarios/bugs/rpc-callback.ts'
import seqlockNoRetry from '../../scenarios/bugs/seqlock-no-retry.ts'
import signalBeforeJoin from '../../scenarios/bugs/signal-before-join.ts'
import stack from '../../scenarios/bugs/stack.ts'
import stringbuffer from '../../scenarios/bugs/stringbuffer.ts'
import sync01 from '../../scenarios/bugs/sync01.ts'
import sync02 from '../../scenarios/bugs/sync02.ts'
import treiberAba from '../../scenarios/bugs/treiber-aba.ts'
import twostage from '../../scenarios/bugs/twostage.ts'
import workStealing from '../../scenarios/bugs/work-stealing.ts'
import wronglock from '../../scenarios/bugs/wronglock.ts'

/** The library's known bugs, and what is known of each: test/oracles/explorer/bugs.json, by its id. */

export interface KnownBug {
  readonly id: string
  readonly made: Scenario
  readonly params: AnyValues
  readonly figures: Figures
}

/** Shares of the runs that fail, and what they were taken from. */
export interface Rates {
  readonly random_walk: number
  readonly pct_d1: number
  readonly pct_d2: number
  readonly pct_d3: number
  readonly pos: number
  readonly urw: number
  readonly samples_each: number
  readonly max_steps: number
  readonly random_walk_exact?: number
  readonly interleavings?: number
}

/** Mean schedules to the first bug of the original C program, by others. */
export interface Published {
  readonly surw_artifact_mean_schedules_to_first_bug?: { readonly [strategy: string]: string }
  readonly rff_artifact?: {
    readonly [strategy: string]: {
      readonly found: number
      readonly trials: number
      readonly mean_schedules: number | null
    }
  }
  readonly period_reported_schedules?: number
  readonly maple_alg?: { readonly found: boolean; readonly schedules: number }
}

interface Figures {
  readonly id: string
  readonly threads: number
  readonly min_preemptions: number | null
  readonly bug_probability_per_schedule_here: Rates
  readonly published: Published | null
  readonly every_schedule_fails?: boolean
}

const written: { readonly [id: string]: readonly [made: Scenario, params?: AnyValues] } = {
  account: [account],
  bank_transfer_locks_3: [bankTransfer],
  barrier_reset_race: [barrierReset],
  bb_if_wait_1p2c: [ifWait],
  bb_single_cv_2p2c_2: [singleCondition, { each: 2, rounds: 2 }],
  bb_two_producers_2: [twoProducers, { items: 2 }],
  carter01: [carter01],
  check_then_wait_lost_wakeup: [checkThenWait],
  circular_buffer_3: [circularBuffer, { rounds: 3 }],
  counter_2_1: [lostIncrement, { threads: 2, times: 1 }],
  counter_3_1: [lostIncrement, { threads: 3, times: 1 }],
  counter_all_lost_2_3: [counterAllLost],
  deadlock01: [deadlock01],
  din_phil_2: [philosophers, { philosophers: 2 }],
  din_phil_4: [philosophers, { philosophers: 4 }],
  din_phil_5: [philosophers, { philosophers: 5 }],
  double_checked_init: [doubleCheckedInit],
  double_free_refcount: [doubleFree],
  phase01: [phase01],
  recv_first_2: [recvFirst],
  reorder_10: [reorder, { setters: 9 }],
  reorder_3: [reorder, { setters: 2 }],
  reorder_5: [reorder, { setters: 4 }],
  rpc_callback_deadlock: [rpcCallback],
  seqlock_no_retry: [seqlockNoRetry],
  signal_before_join_flag: [signalBeforeJoin],
  stack_3: [stack, { rounds: 3 }],
  stack_5: [stack, { rounds: 5 }],
  stringbuffer: [stringbuffer],
  sync01: [sync01],
  sync02: [sync02],
  treiber_aba: [treiberAba],
  twostage_12_8: [twostage, { writers: 12, readers: 8 }],
  twostage_1_1: [twostage, { writers: 1, readers: 1 }],
  twostage_2_1: [twostage, { writers: 2, readers: 1 }],
  wronglock_1_1: [wronglock, { others: 1 }],
  wronglock_1_7: [wronglock, { others: 7 }],
  wsq_pop_norecheck: [workStealing],
}

/** From the root, where tests and benchmarks run: compiled, this file lies elsewhere. */
const figures = JSON.parse(readFileSync('test/oracles/explorer/bugs.json', 'utf8')) as Figures[]

/** All of them, in the order of the figures. */
export const knownBugs: readonly KnownBug[] = figures.map((known) => {
  const [made, params = {}] = written[known.id] ?? []
  if (made === undefined) throw new Error(`${known.id} is not written as a scenario`)
  return { id: known.id, made, params, figures: known }
})
