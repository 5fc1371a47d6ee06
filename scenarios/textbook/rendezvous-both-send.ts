import { scenario } from 'ipclab'
import { link_create, receive, send } from 'ipclab/message'

/**
 * Two processes want to exchange their values, and both begin by sending. Where nothing is stored, each waits until the
 * other receives, which it would do next: neither ever gets there. One place on each link is enough (`capacity=1`); so
 * is it, without any, that one of the two receives first.
 */
export default scenario('an exchange in which both send first', {
  source: "the textbook's page on IPC, 'Blocking vs. Non-Blocking' (synchronous)",
  about: 'Two processes send to each other over links that hold nothing: both wait for ever.',
  params: {
    capacity: { default: 0, min: 0, max: 10, about: 'how many messages each link holds' },
  },
  ghost: () => ({ left: 1, right: 2 }),
  *setup({ params: { capacity } }) {
    yield* link_create('left', 'right', { capacity })
    yield* link_create('right', 'left', { capacity })
  },
  programs: {
    *left({ ghost }) {
      yield* send('right', 1)
      ghost.left = yield* receive<number>('right')
    },
    *right({ ghost }) {
      yield* send('left', 2)
      ghost.right = yield* receive<number>('left')
    },
  },
  atEnd: {
    'the values have changed places': ({ ghost }) => ghost.left === 2 && ghost.right === 1,
  },
  expect: 'deadlock',
})
