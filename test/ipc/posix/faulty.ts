import { posixError } from '../../../ipc/posix/args.ts'
import { lock, mayLock, RETURNING } from '../../../ipc/posix/mutex.ts'
import { MUTEX_WORDS } from '../../../ipc/posix/mutex-layout.ts'
import { giveBack } from '../../../ipc/posix/mutex-words.ts'
import { reach, sleepOnWord } from '../../../ipc/posix/word.ts'
import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  next,
  type Outcome,
  setWord,
  sleepOn,
  wordKey,
} from '../../../kernel/index.ts'

/** Calls with one fault each, to see that the checks find it. */

interface At extends Args {
  readonly at: number
}

const forgetfulPost = defineCall<At, void>({
  name: 'forgetful_sem_post',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { at }) {
        const faulted = reach(kernel, thread, at)
        if (faulted !== 0) return faulted
        const { words, word } = kernel.place
        setWord(kernel.journal, words, word, (words[word] ?? 0) + 1)
        return done(kernel) // and whoever sleeps for the unit sleeps on
      },
    },
  ],
})

/** sem_post that wakes nobody. */
export const forgetful_sem_post = (at: number): Call<void> => call(forgetfulPost, { at })

const leakyLock = defineCall<At, void>({
  name: 'leaky_mutex_lock',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { at }) {
        const outcome = lock(kernel, thread, at)
        return outcome === 0 ? done(kernel) : outcome // taken, but who cares
      },
    },
  ],
})

/** pthread_mutex_lock that lets a second one in. */
export const leaky_mutex_lock = (at: number): Call<void> => call(leakyLock, { at })

interface CondArgs extends Args {
  readonly cond: number
  readonly mutex: number
}

const gappyWait = defineCall<CondArgs, void>({
  name: 'gappy_cond_wait',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { mutex }): Outcome {
        const faulted = reach(kernel, thread, mutex, MUTEX_WORDS)
        if (faulted !== 0) return faulted
        giveBack(kernel, thread, false)
        return next(kernel, 1) // and here a signal can fall in between
      },
    },
    {
      attempt(kernel, thread, { cond }) {
        const faulted = reach(kernel, thread, cond)
        if (faulted !== 0) return faulted
        kernel.stage = 2
        return sleepOn(kernel, thread, wordKey(kernel, kernel.place.frame, kernel.place.word))
      },
    },
    {
      canProceed: (kernel, thread, { mutex }) => mayLock(kernel, thread, mutex),
      attempt(kernel, thread, { mutex }) {
        const outcome = lock(kernel, thread, mutex, RETURNING)
        return outcome === 0 ? sleepOnWord(kernel, thread) : outcome
      },
    },
  ],
})

/** pthread_cond_wait that gives the mutex back first and begins to wait afterwards. Woken by futex_wake on the condition. */
export const gappy_cond_wait = (cond: number, mutex: number): Call<void> => call(gappyWait, { cond, mutex })

const gaplessWait = defineCall<CondArgs, void>({
  ...gappyWait,
  name: 'gapless_cond_wait',
  stages: [
    {
      attempt(kernel, thread, args): Outcome {
        const [first, second] = gappyWait.stages
        const given = first?.attempt(kernel, thread, args)
        return given === undefined || second === undefined ? done(kernel) : second.attempt(kernel, thread, args)
      },
    },
    ...gappyWait.stages.slice(1),
  ],
})

/** The same without the gap, to see that the gap is what is found. */
export const gapless_cond_wait = (cond: number, mutex: number): Call<void> => call(gaplessWait, { cond, mutex })
