/** The time of day, for budgets and progress lines only: nothing that a trace depends on may ask it. */
export const seconds = (): number => performance.now() / 1000
