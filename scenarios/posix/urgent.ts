import { scenario } from 'ipclab'
import { mq_open, mq_receive, mq_send, O_CREAT, O_RDWR } from 'ipclab/posix'

const DATA = 0
const STOP = 9

/**
 * A message of higher priority overtakes those that were sent before it. Whoever says goodbye with an urgent message, so
 * that it is sure to be heard, is heard too soon: the receiver stops with work still in the queue. A receiver that keeps
 * up hides it. With `stop_prio: 0` the goodbye waits its turn.
 */
export default scenario('an urgent goodbye overtakes the work', {
  source: 'mq_send(3): messages are placed on the queue in decreasing order of priority; mq_overview(7)',
  about:
    'A client sends jobs to a server by a POSIX message queue, and then an urgent message to stop. It overtakes the jobs that have not been received yet: they are never done.',
  params: {
    jobs: { default: 2, min: 1, max: 8, about: 'how many jobs the client sends' },
    stop_prio: { default: STOP, min: DATA, max: 31, about: 'priority of the message to stop; jobs have 0' },
  },
  ghost: () => ({ done: 0, stopped: false }),
  *setup() {
    return yield* mq_open('/jobs', O_CREAT | O_RDWR, 0o600, { mq_maxmsg: 10, mq_msgsize: 8 })
  },
  programs: {
    *client({ params, shared: queue }) {
      for (let job = 1; job <= params.jobs; job++) yield* mq_send(queue, `job ${job}`, DATA)
      yield* mq_send(queue, 'stop', params.stop_prio)
    },
    *server({ shared: queue, ghost }) {
      while ((yield* mq_receive(queue, 8)).data !== 'stop') ghost.done += 1
      ghost.stopped = true
    },
  },
  atEnd: {
    'every job is done': ({ params, ghost }) => ghost.done === params.jobs,
  },
  expect: 'violates: every job is done',
})
