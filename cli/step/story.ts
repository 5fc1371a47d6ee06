import { guarded, type Story, tellStory } from '../../explore/index.ts'
import type { Session } from './session.ts'

/** Why a run ended as it did. */

const RUNS_PER_TURN = 20

/** `null`: it has not failed, or somebody did not want to know any more. Lets others have a turn now and then. */
export async function storyOf({ loaded, trace }: Session, signal?: AbortSignal): Promise<Story | null> {
  const telling = tellStory(loaded, trace)
  for (;;) {
    const told = guarded(
      () => null,
      () => {
        for (let runs = 0; runs < RUNS_PER_TURN; runs++) {
          const { done, value } = telling.next()
          if (done === true) return { story: value }
        }
        return null
      },
    )
    if (told !== null) return told.story
    await new Promise((resolve) => setImmediate(resolve))
    if (signal?.aborted === true) return null
  }
}
