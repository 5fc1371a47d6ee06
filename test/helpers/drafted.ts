import { enablePatches, Immer } from 'immer'
import { NO_ENTRIES, NO_ITEMS, type Transact } from '../../kernel/index.ts'

enablePatches()
const immer = new Immer({ autoFreeze: false })

/** Runs every transition on a draft of the state, as a history does. */
export const drafted: Transact = (state, recipe) => {
  const [next] = immer.produceWithPatches(state, (draft) => {
    recipe(draft)
  })
  return next
}

/** Where plain data stops being plain, or a tree, as a path; `null` when it never does. */
export function notATree(value: unknown, path = 'state', seen = new Set<unknown>()): string | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : path
  if (typeof value !== 'object') return `${path} is ${typeof value}`
  if (value === NO_ENTRIES || value === NO_ITEMS) return null // nobody's: see state.ts
  if (seen.has(value)) return `${path} is reached twice`
  seen.add(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype) return `${path} is a class's`
  for (const [key, item] of Object.entries(value)) {
    const found = notATree(item, `${path}.${key}`, seen)
    if (found !== null) return found
  }
  return null
}
