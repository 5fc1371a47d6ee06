import type { Patch } from 'immer'

/**
 * The patches, as immer has them, that lead from one state to the next. Drafts leave what did not change the same object,
 * so only what changed is looked at; and that is done when patches are asked for, since immer's own way of making them
 * goes through every word of a page for each store.
 */
export function patchesBetween(before: object, after: object): readonly Patch[] {
  const patches: Patch[] = []
  compare(before, after, [], patches)
  return patches
}

type Path = readonly (string | number)[]

function compare(before: object, after: object, path: Path, patches: Patch[]): void {
  if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, patches)
  else compareRecords(before as Plain, after as Plain, path, patches) // the state is plain data
}

interface Plain {
  readonly [key: string]: unknown
}

function compareRecords(before: Plain, after: Plain, path: Path, patches: Patch[]): void {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) patches.push({ op: 'remove', path: [...path, key] })
  }
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key)) patches.push({ op: 'add', path: [...path, key], value: after[key] })
    else compareValues(before[key], after[key], [...path, key], patches)
  }
}

function compareLists(before: readonly unknown[], after: readonly unknown[], path: Path, patches: Patch[]): void {
  for (let index = before.length - 1; index >= after.length; index--) {
    patches.push({ op: 'remove', path: [...path, index] })
  }
  for (let index = 0; index < after.length; index++) {
    const was = before[index]
    const is = after[index]
    if (index >= before.length) patches.push({ op: 'add', path: [...path, index], value: is })
    else if (was !== is) compareValues(was, is, [...path, index], patches)
  }
}

function compareValues(was: unknown, is: unknown, path: Path, patches: Patch[]): void {
  if (Object.is(was, is)) return
  if (isNested(was) && isNested(is) && Array.isArray(was) === Array.isArray(is)) compare(was, is, path, patches)
  else patches.push({ op: 'replace', path: [...path], value: is })
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null
