import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'

/** Threads on processors of their own, where the system can do that. */

/** The processors for the two sides; `null`: there are not two, or this system doesn't pin. */
export function twoProcessors(): readonly [number, number] | null {
  if (spawnSync('taskset', ['--version']).status !== 0) return null
  const allowed = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  const [first, second] = allowed.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
  return first === undefined || second === undefined ? null : [first, second]
}

/** The calling thread stays on that processor from now on. */
export function pin(processor: number): void {
  const thread = readlinkSync('/proc/thread-self').split('/').at(-1) ?? ''
  const { status, stderr } = spawnSync('taskset', ['-cp', String(processor), thread], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`taskset could not pin thread ${thread} to processor ${processor}: ${stderr}`)
}
