import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** Which Chromium there is: never one that was downloaded for the test. */

export const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Its path: what `CHROMIUM` names, or the first of those names on `PATH`. `null`: there is none. @throws Error what `CHROMIUM` names is none */
export function findChromium(env: NodeJS.ProcessEnv): string | null {
  const { CHROMIUM = '', PATH = '' } = env
  const folders = PATH.split(delimiter).filter(isAbsolute)
  for (const name of CHROMIUM === '' ? NAMES : [CHROMIUM]) {
    const places = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name))
    const found = places.find(canRun)
    if (found !== undefined) return found
  }
  if (CHROMIUM !== '') throw new Error(`CHROMIUM=${CHROMIUM}: there is no such program`)
  return null
}

/** Whether a machine without one fails the test. */
export const isRequired = ({ CI = '', IPCLAB_BROWSER = '' }: NodeJS.ProcessEnv): boolean =>
  IPCLAB_BROWSER === 'require' || !['', '0', 'false'].includes(CI)

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
