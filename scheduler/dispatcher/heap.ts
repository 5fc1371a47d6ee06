/** What stands in a heap knows its place there, so that it can leave from the middle. */
export interface Placed {
  /** -1 when it is in none. */
  place: number
}

/**
 * A binary heap whose members know their places: joining, leaving from wherever it stands, and being put right after a
 * change cost O(log n), and nothing is allocated.
 */
export class PlacedHeap<T extends Placed> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => boolean

  /** @param before a total order: no two members may be equal in it */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get length(): number {
    return this.#items.length
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  add(item: T): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  take(): T | null {
    const first = this.#items[0]
    if (first === undefined) return null
    this.remove(first)
    return first
  }

  remove(item: T): void {
    const { place } = item
    const last = this.#items.pop() as T // the item is in, so there is one
    item.place = -1
    if (last === item) return
    this.#sink(last, place)
    if (last.place === place) this.#rise(last, place)
  }

  /** The item's rank has changed. */
  moved(item: T): void {
    const { place } = item
    this.#sink(item, place)
    if (item.place === place) this.#rise(item, place)
  }

  clear(): void {
    for (const item of this.#items) item.place = -1
    this.#items.length = 0
  }

  #rise(item: T, from: number): void {
    const items = this.#items
    const before = this.#before
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = items[above] as T // a place below length
      if (!before(item, other)) break
      items[at] = other
      other.place = at
      at = above
    }
    items[at] = item
    item.place = at
  }

  #sink(item: T, from: number): void {
    const items = this.#items
    const before = this.#before
    const { length } = items
    let at = from
    for (;;) {
      let below = 2 * at + 1
      if (below >= length) break
      let other = items[below] as T // as above
      if (below + 1 < length && before(items[below + 1] as T, other)) {
        below += 1
        other = items[below] as T
      }
      if (!before(other, item)) break
      items[at] = other
      other.place = at
      at = below
    }
    items[at] = item
    item.place = at
  }
}
