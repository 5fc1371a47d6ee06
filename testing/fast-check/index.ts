/** Arbitraries of fast-check's: schedules, programs, and commands to a kernel driven by hand. */
export {}
