import { readFileSync } from 'node:fs'
import { BadInput } from '../kernel/index.ts'
import { type Costs, readCosts, unit, x86, zero } from '../scheduler/index.ts'

/** Cost models as the command line names them. */

const MODELS: { readonly [name: string]: Costs } = { unit, zero, 'x86-64': x86 }

/** One of ours by its name, or a user's own by its file. @throws BadInput */
export function costsNamed(text: string): Costs {
  const known = Object.hasOwn(MODELS, text) ? MODELS[text] : undefined
  if (known !== undefined) return known
  if (!text.endsWith('.json'))
    throw new BadInput(
      `there is no cost model '${text}'; there are ${Object.keys(MODELS).join(', ')}, or a file X.json`,
    )
  const own = readCosts(parsed(text), text)
  if (Object.hasOwn(MODELS, own.name))
    throw new BadInput(`${text}: '${own.name}' is a name of ipclab's own costs; give yours another`)
  return own
}

function parsed(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException // of a file that can't be read
    const why = code === 'EISDIR' ? 'it is a folder' : code
    throw new BadInput(code === 'ENOENT' ? `there is no file ${file}` : `cannot read ${file}: ${why}`)
  }
  try {
    return JSON.parse(text.replace(/^\ufeff/, '')) // as Windows' Notepad begins its files
  } catch (error) {
    const { message } = error as SyntaxError // of JSON.parse alone
    throw new BadInput(`${file} is no JSON: ${message.replaceAll('\n', ' ')}`)
  }
}
