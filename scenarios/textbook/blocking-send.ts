import { scenario } from 'ipclab'
import { mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'

/**
 * The sensor of `non-blocking-send` with sends that block: while the mailbox is full it waits. Nothing is lost, and the
 * price is that the sender goes at the receiver's pace.
 */
export default scenario('blocking send', {
  source: "the textbook's page on IPC, 'Blocking vs. Non-Blocking'",
  about: 'A sender that waits while the mailbox is full loses nothing.',
  params: {
    readings: { default: 3, min: 1, max: 10, about: 'how many readings are sent' },
    capacity: { default: 2, min: 0, max: 10, about: 'how many of them the mailbox holds' },
  },
  ghost: () => ({ sent: 0, arrived: [] as number[] }),
  *setup({ params: { capacity } }) {
    return { readings: yield* mailbox_create('readings', { capacity }) }
  },
  programs: {
    *sensor({ params, shared: { readings }, ghost }) {
      for (let reading = 1; reading <= params.readings; reading++) {
        yield* mailbox_send(readings, reading)
        ghost.sent = reading
      }
      yield* mailbox_send(readings, 0)
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
    'readings arrive in order': ({ ghost }) => ghost.arrived.every((reading, i) => reading === i + 1),
    'the sender is never further ahead than the mailbox allows': ({ params, ghost }) =>
      ghost.sent - ghost.arrived.length <= params.capacity,
  },
  atEnd: {
    'every reading arrives': ({ params, ghost }) => ghost.arrived.length === params.readings,
  },
  sometimes: {
    'the mailbox is full': ({ params, ghost }) => ghost.sent - ghost.arrived.length === params.capacity,
  },
  expect: 'proved',
})
