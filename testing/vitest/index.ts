/** Matchers of vitest's for scenarios. */
export {}
