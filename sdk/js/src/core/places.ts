// The places of one conversation that are known: sorted, never overlapping, with holes between dense runs.
// Of two words about one place the later one counts: a higher `rev`, taken back, hidden by this user.

import type { GoneItem, Item, MessageItem } from '../protocol.gen.js'

export function isGone(item: Item): item is GoneItem {
  return 'gone' in item
}

export function first(item: Item): number {
  return isGone(item) ? item.from : item.seq
}

export function last(item: Item): number {
  return isGone(item) ? item.to : item.seq
}

/** What is hidden stays hidden, what was taken back stays so; below that the shared changes count. */
function rank(item: Item): number {
  if (!isGone(item)) return item.rev ?? 0
  return item.gone === 'deleted' ? Infinity : Number.MAX_SAFE_INTEGER
}

function cut(item: Item, from: number, to: number): Item {
  return isGone(item) ? { ...item, from, to } : item
}

/** How many changes of places that are not known yet are remembered, for pages that are on their way. */
const EARLY_MAX = 200

export class Places {
  private items: Item[] = []
  /** Changes that came before the place itself. */
  private readonly early = new Map<number, Item>()

  get all(): readonly Item[] {
    return this.items
  }

  /** Takes one item; says whether something is different now. */
  insert(item: Item): boolean {
    const from = first(item)
    const to = last(item)
    const early = from === to ? this.early.get(from) : undefined
    if (early) {
      this.early.delete(from)
      if (rank(early) > rank(item)) {
        const cid = isGone(item) ? undefined : item.cid
        return this.insert(cid && !isGone(early) ? { ...early, cid } : early)
      }
    }
    const at = this.index(from)
    const out: Item[] = []
    let next = from
    let tail: Item | undefined
    let changed = false
    let end = at
    for (; end < this.items.length; end++) {
      const old = this.items[end] as Item
      if (first(old) > to) break
      if (rank(old) >= rank(item)) {
        if (first(old) > next) changed = out.push(cut(item, next, first(old) - 1)) > 0
        out.push(old)
        next = Math.max(next, last(old) + 1)
      } else {
        changed = true
        if (first(old) < from) out.push(cut(old, first(old), from - 1))
        if (last(old) > to) tail = cut(old, to + 1, last(old))
        // A change does not repeat the sender's key.
        if (!isGone(old) && !isGone(item) && old.cid && !item.cid) item = { ...item, cid: old.cid }
      }
    }
    if (next <= to) changed = out.push(cut(item, next, to)) > 0
    if (tail) out.push(tail)
    if (changed) this.items.splice(at, end - at, ...out)
    return changed
  }

  /** A shared change: of a place that is not here it is remembered until the place comes. */
  change(item: Item): boolean {
    const seq = first(item)
    if (this.at(seq)) return this.insert(item)
    if (this.early.size >= EARLY_MAX) this.early.delete(this.early.keys().next().value as number)
    const known = this.early.get(seq)
    if (!known || rank(item) > rank(known)) this.early.set(seq, item)
    return false
  }

  at(seq: number): Item | undefined {
    const item = this.items[this.index(seq)]
    return item && first(item) <= seq ? item : undefined
  }

  message(seq: number): MessageItem | undefined {
    const item = this.at(seq)
    return item && !isGone(item) ? item : undefined
  }

  /** Last place of the dense run that begins or goes on at `seq`; `seq - 1` when the place is not here. */
  runEnd(seq: number): number {
    let end = seq - 1
    for (let at = this.index(seq); at < this.items.length; at++) {
      const item = this.items[at] as Item
      if (first(item) > end + 1) break
      end = last(item)
    }
    return end
  }

  /** The dense run around a place. */
  run(seq: number): readonly Item[] {
    if (!this.at(seq)) return []
    let from = this.index(seq)
    let to = from
    while (from > 0 && last(this.items[from - 1] as Item) + 1 === first(this.items[from] as Item)) from--
    while (to + 1 < this.items.length && last(this.items[to] as Item) + 1 === first(this.items[to + 1] as Item)) to++
    return this.items.slice(from, to + 1)
  }

  /** First known place above `seq`. */
  above(seq: number): number | undefined {
    const item = this.items[this.index(seq + 1)]
    return item && Math.max(first(item), seq + 1)
  }

  /** Forgets all but the newest `count` items. */
  trim(count: number): void {
    this.items = count === 0 ? [] : this.items.slice(-count)
    if (count === 0) this.early.clear()
  }

  /** Index of the first item that does not end before `seq`. */
  private index(seq: number): number {
    let low = 0
    let high = this.items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (last(this.items[middle] as Item) < seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
