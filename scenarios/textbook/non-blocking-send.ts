import { CallError, type Program, scenario } from 'ipclab'
import { type Mailbox, mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'

/**
 * A sensor that must never wait, and so sends its readings without blocking. When the mailbox is full the send fails at
 * once and the reading is dropped. That may be right for a sensor, but it is not what this program was meant to do: what
 * does not wait has to cope with "not now". `blocking-send` is the same with sends that wait.
 */
export default scenario('non-blocking send', {
  source: "the textbook's page on IPC, 'Blocking vs. Non-Blocking'",
  about: 'A sender that does not wait loses what finds the mailbox full.',
  params: {
    readings: { default: 3, min: 1, max: 10, about: 'how many readings are sent' },
    capacity: { default: 1, min: 1, max: 10, about: 'how many of them the mailbox holds' },
  },
  ghost: () => ({ arrived: [] as number[] }),
  *setup({ params: { capacity } }) {
    return { readings: yield* mailbox_create('readings', { capacity }) }
  },
  programs: {
    *sensor({ params, shared: { readings } }) {
      for (let reading = 1; reading <= params.readings; reading++) yield* sendOrDrop(readings, reading)
      yield* mailbox_send(readings, 0) // the last word is waited with
    },
    *logger({ shared: { readings }, ghost }) {
      for (;;) {
        const reading = yield* mailbox_receive<number>(readings)
        if (reading === 0) return
        ghost.arrived.push(reading)
      }
    },
  },
  invariants: {
    'readings arrive in order': ({ ghost }) =>
      ghost.arrived.every((reading, i) => reading > (ghost.arrived[i - 1] ?? 0)),
  },
  atEnd: {
    'every reading arrives': ({ params, ghost }) =>
      ghost.arrived.length === params.readings || `only [${ghost.arrived}] arrived of ${params.readings}`,
  },
  expect: 'violates: every reading arrives',
})

function* sendOrDrop(mailbox: Mailbox, reading: number): Program {
  try {
    yield* mailbox_send(mailbox, reading, { blocking: false })
  } catch (error) {
    if (!(error instanceof CallError) || error.code !== 'WOULD_BLOCK') throw error
  }
}
