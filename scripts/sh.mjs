/** Running commands, for the scripts beside it. */
import { spawnSync } from 'node:child_process'

/** A title before what comes, so that a reader of the log knows what ran. */
export function step(title) {
  process.stdout.write(`\n== ${title}\n`)
}

/** Runs a command without a shell and returns its standard output; ends this process when it fails. */
export function run(command, args, { cwd = process.cwd(), expect = 0, quiet = false } = {}) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (done.error) throw done.error
  const failed = done.status !== expect
  if (failed || !quiet) process.stdout.write(done.stdout)
  if (failed) {
    process.stdout.write(done.stderr)
    fail(`${command} ${args.join(' ')}\nended with ${done.status ?? done.signal}, expected ${expect} (in ${cwd})`)
  }
  return done.stdout
}

export function fail(words) {
  process.stdout.write(`\nFAILED: ${words}\n`)
  process.exit(1)
}
