import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { BadInput } from '../../kernel/index.ts'
import { keptOf, nameOfFile, writeKept } from '../../trace/index.ts'
import { plainName } from '../scenario.ts'
import type { Session } from './session.ts'

/** Keeping the schedule of a session, so that it can be handed in, graded, and gone on with. */

export const defaultName = ({ loaded }: Session): string =>
  `${basename(plainName(nameOfFile(loaded.file)))}.schedule.json`

/** Writes the schedule, over another one too, but over nothing else. @throws BadInput when it can't */
export function save(session: Session, path: string): void {
  if (!isFree(path)) throw new BadInput(`${path} exists and is no schedule; choose another name`)
  writeKept(keptOf(session.trace), path)
}

function isFree(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return true
  try {
    const text = readFileSync(path, 'utf8').trimStart()
    return text === '' || /^\{\s*"ipclab":\s*"schedule"/.test(text)
  } catch {
    return false
  }
}
