import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { slotsFor, type Work } from './work.ts'

/** The same in C++: native.cpp, which is built where there is a compiler. */

export interface Native {
  /** Seconds for so many messages. */
  seconds(what: 'one' | 'batch', count: number, work: Work): number
  /** The median of so many round trips, in nanoseconds: by a ring, a condition variable, a bare cache line. */
  trip(what: 'trip' | 'condvar' | 'line', count: number): number
  remove(): void
}

/** `null`: there is no g++. @throws Error where it does not compile */
export function build(processors: readonly [number, number] | null): Native | null {
  if (spawnSync('g++', ['--version']).status !== 0) return null
  const folder = mkdtempSync(join(tmpdir(), 'ring-bench-'))
  const program = join(folder, 'native')
  // Of the sources: no compiler of TypeScript copies it.
  const source = join(import.meta.dirname, '../../../bench/ring/native.cpp')
  const compiled = spawnSync('g++', ['-std=c++17', '-O3', '-march=native', '-pthread', '-o', program, source])
  if (compiled.status !== 0) throw new Error(`g++ can't build ${source}: ${compiled.stderr}`)
  const [first, second] = processors ?? [-1, -1]
  function run(what: string, count: number, ...more: number[]): number {
    const args = [first, second, what, count, ...more].map(String)
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`native ${args.join(' ')}: ${stderr}`)
    return Number(stdout)
  }
  return {
    seconds: (what, count, work) => run(what, count, work.bytes, slotsFor(work)),
    trip: (what, count) => run(what, count),
    remove: () => rmSync(folder, { recursive: true }),
  }
}
