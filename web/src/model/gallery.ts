// The pictures and videos of one conversation in order, for a viewer that goes back and forth:
// first what the chat has loaded, older ones from history as they are asked for.

import type { Client, Message, TimelineItem } from 'magpie-im'

import { mediaOf, outsideUrl } from './media-kinds'

const PAGE = 50
/** Pages that one step back reads at most: a long talk without pictures must not be read to its start. */
const PAGES_MAX = 8

export function isViewable(item: TimelineItem): item is Message {
  if (item.type !== 'message' || item.seq === 0) return false
  const { k } = item.body
  return (k === 'image' && (mediaOf(item) !== null || outsideUrl(item) !== '')) || (k === 'video' && mediaOf(item) !== null)
}

export class Gallery {
  items: Message[] = []
  /** The lowest seq that was looked at; 1 = nothing older exists. */
  private lowest: number

  constructor(
    private readonly client: Pick<Client, 'timeline' | 'history'>,
    private readonly c: string,
    start: Message,
  ) {
    const { items } = client.timeline(c).view
    const known = items.filter(isViewable)
    this.items = known.some((one) => one.seq === start.seq) ? known : [start]
    const first = this.items === known ? items.find((one) => one.type === 'gone' || one.seq > 0) : start
    this.lowest = first ? (first.type === 'gone' ? first.from : first.seq) : start.seq
  }

  indexOf(seq: number): number {
    return this.items.findIndex((one) => one.seq === seq)
  }

  get mayHaveOlder(): boolean {
    return this.lowest > 1
  }

  /** Looks for older ones; returns how many came in front. */
  async older(): Promise<number> {
    for (let page = 0; page < PAGES_MAX && this.mayHaveOlder; page++) {
      const { items, more } = await this.client.history(this.c, { before: this.lowest, limit: PAGE })
      const first = items[0]
      this.lowest = !more || !first ? 1 : first.type === 'gone' ? first.from : first.seq
      const found = items.filter(isViewable)
      this.items = [...found, ...this.items]
      if (found.length > 0) return found.length
    }
    return 0
  }
}
