import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const NOBODY = 65534
const built = join(import.meta.dirname, '../../.build')

/**
 * What `call` of the built trace face complains of, made by somebody without rights to `cwd`: root, who may read and
 * write everything, steps down first.
 * @param call such as `readTrace('t.ndjson')`
 */
export function complaintOfNobody(call: string, cwd: string): string {
  // It steps down only when all is loaded: nobody may not even reach this checkout.
  const code = `import * as trace from ${JSON.stringify(pathToFileURL(join(built, 'trace/index.js')).href)}
    const kept = trace.readTrace(${JSON.stringify(join(built, '../test/fixtures/traces/random.ndjson'))})
    if (process.getuid?.() === 0) {
      process.setegid(${NOBODY})
      process.seteuid(${NOBODY})
    }
    try { await trace.${call}; console.log('no complaint') } catch (error) { console.log(error.message) }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd })
  return `${stdout}${stderr}`.trim()
}
