import { defineConfig } from 'vitest/config'

/** Inside the repository `ipclab` and `ipclab/x` are the sources, for tests as for the type check. */
const conditions = ['ipclab-source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['ipclab-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['scripts/compile.mjs'],
    // Processes, not threads: tests start workers and child processes, and change their working directory.
    pool: 'forks',
    // Far beyond what any takes: a machine that is shared may be slow.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
