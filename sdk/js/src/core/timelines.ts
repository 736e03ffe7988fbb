// The timelines by conversation, and those that were begun with a receiver before there is a conversation.
// A begun one stays the same object when its conversation comes.

import type { Item } from '../protocol.gen.js'
import type { Target } from '../types.js'
import type { List } from './list.js'
import { first, last } from './places.js'
import { Timeline, type TimelineHost } from './timeline.js'

export interface Place {
  c: string
  to: string
}

export class Timelines {
  private readonly known = new Map<string, Timeline>()
  private readonly begun = new Map<string, Timeline>()

  constructor(
    private readonly host: TimelineHost,
    private readonly list: List,
    /** A receiver's conversation became known. */
    private readonly onPlaced: (to: string, c: string) => void,
  ) {}

  get(c: string): Timeline | undefined {
    return this.known.get(c)
  }

  all(): IterableIterator<Timeline> {
    return this.known.values()
  }

  /** The conversation of a target, when there is one; otherwise the receiver. */
  place(target: Target): Place {
    if (typeof target === 'string') return { c: target, to: '' }
    if ('c' in target) return { c: target.c, to: '' }
    const { to } = target
    return { c: this.begun.get(to)?.c || this.list.with(to)?.c || '', to }
  }

  at({ c, to }: Place): Timeline {
    if (c) return this.of(c)
    let timeline = this.begun.get(to)
    if (!timeline) this.begun.set(to, (timeline = new Timeline(this.host, '', to)))
    return timeline
  }

  /** The one of a conversation, made when needed; `to`: who it may have been begun with. */
  of(c: string, to?: string): Timeline {
    const known = this.known.get(c)
    if (known) return known
    const entry = this.list.get(c)
    // The desk conversation of a visitor is not the direct one with him.
    const peer = !entry ? to : !entry.peer ? 'desk:' : entry.kind === 'direct' ? entry.peer.id : undefined
    const begun = peer === undefined ? undefined : this.begun.get(peer)
    const timeline = begun?.c === '' ? begun : new Timeline(this.host, c)
    timeline.c = c
    this.known.set(c, timeline)
    if (timeline.to) this.onPlaced(timeline.to, c)
    if (entry) {
      Object.assign(timeline, { tail: entry.head, head: entry.head, rev: entry.rev })
      timeline.clear(entry.cleared)
      if (entry.last) timeline.take([entry.last])
    }
    return timeline
  }

  /** The server's history is another one: conversations that were begun begin again. */
  forget(): void {
    for (const timeline of this.known.values()) timeline.forget()
    for (const [to, { c }] of this.begun) if (c) this.begun.delete(to)
  }
}

/** First place of the dense run at the end of what a resume brought. */
export function newsFrom(items: readonly Item[], hole: [number, number] | undefined): number {
  let from = (items.length > 0 ? last(items[items.length - 1] as Item) : 0) + 1
  for (let at = items.length - 1; at >= 0; at--) {
    const item = items[at] as Item
    if (last(item) + 1 !== from || (hole && first(item) <= hole[1])) break
    from = first(item)
  }
  return from
}
