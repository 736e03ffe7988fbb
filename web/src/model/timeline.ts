// The messages of one conversation as far as this page has them: one dense window [top..bottom].
// What comes after a gap is held back until the gap is filled; each seq is shown once.

import { shallowReactive } from 'vue'

import { isGone, type Item, type Message } from '../protocol/types'

export interface TimelineView {
  /** The window's items in seq order. */
  items: readonly Item[]
  /** First and last seq of the window; 0 and 0 when it is empty. */
  top: number
  bottom: number
  /** Nothing older exists. */
  complete: boolean
}

function first(item: Item): number {
  return isGone(item) ? item.from : item.seq
}

function last(item: Item): number {
  return isGone(item) ? item.to : item.seq
}

export class Timeline {
  readonly view: TimelineView = shallowReactive({ items: [], top: 0, bottom: 0, complete: false })
  private readonly held = new Map<number, Item>()

  /** Takes items in any order; returns the messages that became part of the window just now. */
  accept(items: readonly Item[]): Message[] {
    const added: Item[] = []
    for (const item of items) {
      if (this.view.bottom === 0 && added.length === 0) {
        this.view.top = first(item)
        this.view.bottom = first(item) - 1
        if (this.view.top <= 1) this.view.complete = true
      }
      if (last(item) <= this.view.bottom) {
        if (isGone(item)) this.replace(item, added)
      } else if (first(item) <= this.view.bottom + 1) {
        this.append(item, added)
      } else {
        this.held.set(first(item), item)
      }
    }
    this.appendHeld(added)
    if (added.length > 0) this.view.items = [...this.view.items, ...added]
    return added.filter((item): item is Message => !isGone(item))
  }

  /** Puts an older page (oldest first) in front of the window. */
  prepend(items: readonly Item[], more: boolean): void {
    const end = items.at(-1)
    if (this.view.bottom === 0 || (end && last(end) < this.view.top - 1)) {
      // Nothing here yet, or the page does not touch the window: the page becomes the window.
      const later = this.view.items
      this.reset()
      this.accept(items)
      this.accept(later)
    } else {
      const older = items.filter((item) => last(item) < this.view.top)
      this.view.items = [...older, ...this.view.items]
      this.view.top = older[0] ? first(older[0]) : this.view.top
      this.accept(items)
    }
    this.view.complete = !more || (this.view.bottom > 0 && this.view.top <= 1)
  }

  /** The range that is missing before the first item that is held back. */
  gap(): [number, number] | null {
    if (this.held.size === 0) return null
    return [this.view.bottom + 1, Math.min(...this.held.keys()) - 1]
  }

  /** One message, or all up to a seq, have nothing to show for this user any more. */
  hide(seq: number): void {
    this.accept([{ from: seq, to: seq, gone: 'deleted' }])
  }

  clear(seq: number): void {
    if (seq < 1) return
    this.view.items = this.view.items.filter((item) => last(item) > seq)
    if (this.view.bottom > 0 && this.view.top <= seq) {
      this.view.top = Math.min(seq + 1, this.view.bottom + 1)
      this.view.complete = true
    }
  }

  /** Forgets everything: the server could not replay, or the missing range is too long to fill. */
  reset(): void {
    this.held.clear()
    Object.assign(this.view, { items: [], top: 0, bottom: 0, complete: false })
  }

  private append(item: Item, added: Item[]): void {
    added.push(item)
    this.view.bottom = last(item)
  }

  private appendHeld(added: Item[]): void {
    for (;;) {
      const ready = [...this.held.values()].find((item) => first(item) <= this.view.bottom + 1)
      if (!ready) return
      this.held.delete(first(ready))
      if (last(ready) > this.view.bottom) this.append(ready, added)
    }
  }

  /** A range inside the window is gone: its messages leave, one mark takes their place. */
  private replace(gone: Extract<Item, { gone: string }>, added: Item[]): void {
    const outside = (item: Item): boolean => last(item) < gone.from || first(item) > gone.to
    const before = this.view.items.filter((item) => last(item) < gone.from)
    const after = this.view.items.filter((item) => first(item) > gone.to)
    if (before.length + after.length < this.view.items.length) this.view.items = [...before, gone, ...after]
    const kept = added.filter(outside)
    if (kept.length < added.length) added.splice(0, added.length, ...kept, gone)
  }
}
