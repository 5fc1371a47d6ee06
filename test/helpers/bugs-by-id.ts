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

/** The scenario of a known bug, and its parameters, by the id that those who measured it gave it. */

/** What an id looks like, with a number for each parameter. */
const written: readonly (readonly [id: RegExp, made: Scenario, params?: (...numbers: number[]) => AnyValues])[] = [
  [/^account$/, account],
  [/^bank_transfer_locks_3$/, bankTransfer],
  [/^barrier_reset_race$/, barrierReset],
  [/^bb_if_wait_1p2c$/, ifWait],
  [/^bb_single_cv_(\d+)p\1c_(\d+)$/, singleCondition, (each, rounds) => ({ each, rounds })],
  [/^bb_two_producers_(\d+)$/, twoProducers, (items) => ({ items })],
  [/^carter01$/, carter01],
  [/^check_then_wait_lost_wakeup$/, checkThenWait],
  [/^circular_buffer_(\d+)$/, circularBuffer, (rounds) => ({ rounds })],
  [/^counter_(\d+)_(\d+)$/, lostIncrement, (threads, times) => ({ threads, times })],
  [/^counter_all_lost_2_3$/, counterAllLost],
  [/^deadlock01$/, deadlock01],
  [/^din_phil_(\d+)$/, philosophers, (philosophers) => ({ philosophers })],
  [/^double_checked_init$/, doubleCheckedInit],
  [/^double_free_refcount$/, doubleFree],
  [/^phase01$/, phase01],
  [/^recv_first_2$/, recvFirst],
  [/^reorder_(\d+)$/, reorder, (threads) => ({ setters: threads - 1 })],
  [/^rpc_callback_deadlock$/, rpcCallback],
  [/^seqlock_no_retry$/, seqlockNoRetry],
  [/^signal_before_join_flag$/, signalBeforeJoin],
  [/^stack_(\d+)$/, stack, (rounds) => ({ rounds })],
  [/^stringbuffer$/, stringbuffer],
  [/^sync01$/, sync01],
  [/^sync02$/, sync02],
  [/^treiber_aba$/, treiberAba],
  [/^twostage_(\d+)_(\d+)$/, twostage, (writers, readers) => ({ writers, readers })],
  [/^wronglock_1_(\d+)$/, wronglock, (others) => ({ others })],
  [/^wsq_pop_norecheck$/, workStealing],
]

/** @throws Error when nobody has written it */
export function bugOf(id: string): { readonly made: Scenario; readonly params: AnyValues } {
  for (const [pattern, made, params] of written) {
    const numbers = pattern.exec(id)?.slice(1).map(Number)
    if (numbers !== undefined) return { made, params: params?.(...numbers) ?? {} }
  }
  throw new Error(`there is no bug '${id}'`)
}
