/**
 * Packs ipclab and uses it as a stranger would: installed from the tarball into an empty project, its types checked, its
 * command run on a scenario there. `node scripts/check-package.mjs FOLDER` leaves the project in FOLDER/project.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fail, run, step } from './sh.mjs'

const root = resolve(import.meta.dirname, '..')
const bin = (name) => join(root, 'node_modules/.bin', name)
const work = process.argv[2] ?? fail('usage: node scripts/check-package.mjs FOLDER')
mkdirSync(work, { recursive: true })

step('pack')
run('npm', ['pack', '--ignore-scripts', '--pack-destination', work], { cwd: root, quiet: true })
const tarball = join(work, readdirSync(work).find((name) => name.endsWith('.tgz')) ?? fail('npm pack made no tarball'))
const packed = run('tar', ['-tzf', tarball], { quiet: true })
  .split('\n')
  .filter((name) => name !== '')
  .map((name) => name.replace('package/', ''))
const strangers = packed.filter((name) => !/^(dist\/|scenarios\/|trace\/FORMAT\.md$|[^/]+$)/.test(name))
if (strangers.length > 0) fail(`the tarball holds what is not for users: ${strangers.join(', ')}`)
for (const name of ['package.json', 'LICENSE', 'README.md', 'trace/FORMAT.md', 'dist/index.d.ts', 'dist/cli/main.js']) {
  if (!packed.includes(name)) fail(`the tarball lacks ${name}`)
}
process.stdout.write(`${packed.length} files\n`)

step('publint')
run(bin('publint'), ['run', tarball, '--strict'])
step('attw')
run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], { quiet: true })

step('install into an empty project')
const project = join(work, 'project')
mkdirSync(project)
writeFileSync(join(project, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n')
run('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: project })
const consumer = join(root, 'test/package/consumer')
const needsPeers = (path) => path.endsWith('.spec.ts')
cpSync(consumer, project, { recursive: true, filter: (path) => !needsPeers(path) })
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const peers = Object.keys(manifest.peerDependencies)
const faces = Object.keys(manifest.exports)
  .filter((name) => !name.endsWith('.json') && !peers.includes(name.slice(2)))
  .map((name, index) => `export * as face${index} from 'ipclab${name.slice(1)}'\n`)
writeFileSync(join(project, 'faces.ts'), faces.join(''))
writeFileSync(join(project, 'faces.mjs'), faces.join(''))

step('its types, with every declaration read')
for (const [module, moduleResolution] of [
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
]) {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023'],
    types: [],
    skipLibCheck: false,
    module,
    moduleResolution,
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  run(bin('tsc'), ['-p', '.'], { cwd: project })
}

step('its faces, imported')
run('node', ['faces.mjs'], { cwd: project })

step('its command')
const ipclab = (...args) => run(join(project, 'node_modules/.bin/ipclab'), args, { cwd: project })
ipclab('run', 'counter.ts', '--out', 'run.trace')
ipclab('explore', 'counter.ts', '--out', 'explore.trace')
ipclab('replay', 'explore.trace')
ipclab('new', 'first.ts')
ipclab('explore', 'first.ts')
run(bin('tsc'), ['-p', '.'], { cwd: project })

step('its faces for peers, beside the peers')
run(
  'npm',
  ['install', '--no-audit', '--no-fund', ...peers.map((name) => `${name}@${manifest.devDependencies[name]}`)],
  {
    cwd: project,
    quiet: true,
  },
)
cpSync(consumer, project, { recursive: true, filter: (path) => path === consumer || needsPeers(path) })
const compilerOptions = { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types: [] }
const checked = { ...compilerOptions, skipLibCheck: false, allowImportingTsExtensions: true }
writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: checked, include: ['*.ts'] }))
run(bin('tsc'), ['-p', '.'], { cwd: project })
run(join(project, 'node_modules/.bin/vitest'), ['run'], { cwd: project })
