/** Goes on with some work, with the same pauses; what it says at each goes to `told`. */
export function* pausing<Y, R>(work: Generator<Y, R>, told: (said: Y) => void = () => {}): Generator<void, R> {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
    told(value)
    yield
  }
}
