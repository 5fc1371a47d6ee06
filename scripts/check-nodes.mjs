/**
 * Holds other lines of Node against this one: the packed command in the project that check-package.mjs left, given the
 * same scenario and seed, must write the same bytes; and rings must carry between threads there.
 * `node scripts/check-nodes.mjs FOLDER 22 24 26`.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fail, run, step } from './sh.mjs'

const root = resolve(import.meta.dirname, '..')
const [work = '', ...lines] = process.argv.slice(2)
const project = join(work, 'project')
const command = join(project, 'node_modules/ipclab/dist/cli/main.js')

/** A Node of that line, from the registry; the packages that hold the binary itself need no install script. */
function install(line) {
  const prefix = join(work, `node${line}`)
  mkdirSync(prefix)
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  run('npm', ['install', '--no-audit', '--no-fund', '--prefix', prefix, `${name}@${line}`], { quiet: true })
  return join(prefix, 'node_modules', name, 'bin/node')
}

function traces(node, mark) {
  const found = {}
  for (const verb of ['run', 'explore']) {
    const out = `${verb}.${mark}.trace`
    run(node, [command, verb, 'counter.ts', '--seed', 'nodes', '--out', out], { cwd: project, quiet: true })
    found[verb] = readFileSync(join(project, out))
  }
  return found
}

const ours = traces(process.execPath, 'here')
for (const line of lines) {
  step(`Node ${line} against ${process.version}`)
  const node = install(line)
  process.stdout.write(run(node, ['--version'], { quiet: true }))
  const theirs = traces(node, line)
  for (const [verb, bytes] of Object.entries(ours)) {
    if (!bytes.equals(theirs[verb]))
      fail(`ipclab ${verb} wrote another trace on Node ${line}: compare ${project}/${verb}.*.trace`)
  }
  run(node, [command, 'replay', 'explore.here.trace', '--out', `again.${line}.trace`], { cwd: project, quiet: true })
  if (!readFileSync(join(project, `again.${line}.trace`)).equals(ours.explore))
    fail(`a replay on Node ${line} wrote another trace`)

  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  run(node, [vitest, 'run', 'test/trace', 'test/ipc/ring/threads', '--reporter=dot'], { cwd: root, quiet: true })
  process.stdout.write('the same traces, the same replay; scenario files load; rings between threads, with deaths\n')
}
