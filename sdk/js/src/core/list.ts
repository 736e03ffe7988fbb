// The conversation list: entries as the server tells them, carried on by events, with unread counted
// by the formula of the protocol between the server's corrections.

import type { Draft, Entry, MessageItem, ServerFrames } from '../protocol.gen.js'
import type { Conversation } from '../types.js'
import { coalesce } from './emitter.js'
import { first, isGone, last, type Places } from './places.js'
import { snapshot, type Marks } from './snapshots.js'

export interface ListHost {
  me(): string
  /** What is known of the messages there. */
  places(c: string): Places | undefined
  /** Who types there. */
  typing(c: string): readonly string[]
  onChange(): void
}

type State = Partial<ServerFrames['conv.state']>

export class List {
  private readonly entries = new Map<string, Entry>()
  private readonly made = new Map<string, Conversation>()
  private sorted: readonly Conversation[] | null = null
  private readonly tell = coalesce(() => this.host.onChange())

  constructor(private readonly host: ListHost) {}

  get(c: string): Entry | undefined {
    return this.entries.get(c)
  }

  /** The conversation with a user, or the own one with the desk. */
  with(to: string): Entry | undefined {
    for (const entry of this.entries.values()) {
      if (to === 'desk:' ? entry.kind === 'desk' && !entry.peer : entry.kind === 'direct' && entry.peer?.id === to) return entry
    }
    return undefined
  }

  all(): IterableIterator<Entry> {
    return this.entries.values()
  }

  /** Visible ones: pinned first, then the newest. */
  get view(): readonly Conversation[] {
    this.sorted ??= [...this.entries.values()]
      .filter((entry) => entry.visible)
      .sort((a, b) => Number(b.pin) - Number(a.pin) || b.ts - a.ts || (a.c < b.c ? -1 : 1))
      .map((entry) => this.one(entry))
    return this.sorted
  }

  conversation(c: string): Conversation | null {
    const entry = this.entries.get(c)
    return entry ? this.one(entry) : null
  }

  marks(c: string): Marks {
    const entry = this.entries.get(c)
    return { me: this.host.me(), peerRead: entry?.peer_read ?? 0, peerDelivered: entry?.peer_delivered ?? 0 }
  }

  touch(c: string): void {
    this.made.delete(c)
    this.sorted = null
    this.tell()
  }

  /** Takes the server's word, but for what this client knows better: newer messages, a later read. */
  merge(told: Entry): Entry {
    const known = this.entries.get(told.c)
    const entry: Entry = { ...told }
    if (known) {
      if (known.head > told.head) {
        const { head, ts, last: newest, unread } = known
        Object.assign(entry, { head, ts, last: newest, unread })
      }
      // The receipt of a later read is still on its way.
      if (known.read > told.read) {
        entry.read = known.read
        entry.unread = this.counted(entry) ?? entry.unread
      }
      entry.peer_read = Math.max(known.peer_read, told.peer_read)
      entry.peer_delivered = Math.max(known.peer_delivered, told.peer_delivered)
    }
    this.entries.set(told.c, entry)
    this.touch(told.c)
    return entry
  }

  /** A message that is newer than all before. */
  note(message: MessageItem): void {
    const entry = this.entries.get(message.c)
    if (!entry || message.seq <= entry.head) return
    entry.head = message.seq
    entry.last = message
    entry.ts = message.ts
    entry.visible = true
    if (message.from !== this.host.me() && message.seq > floor(entry)) entry.unread++
    this.touch(entry.c)
  }

  state(c: string, state: State): void {
    const entry = this.entries.get(c)
    if (!entry) return
    // A count that was made before our latest read must not bring the badge back.
    const { read = entry.read } = state
    if (read >= entry.read) {
      entry.read = read
      entry.unread = state.unread ?? entry.unread
    }
    entry.cleared = Math.max(entry.cleared, state.cleared ?? 0)
    entry.pin = state.pin ?? entry.pin
    entry.mute = state.mute ?? entry.mute
    if (state.hidden !== undefined) entry.visible = entry.head > state.hidden
    if (entry.last && last(entry.last) <= entry.cleared) entry.last = null
    this.touch(c)
  }

  /** A place is different now; `gone`: there is nothing to show any more, of a message by `from`. */
  changed(c: string, seq: number, gone: '' | 'recalled' | 'deleted', from?: string): void {
    const entry = this.entries.get(c)
    if (!entry) return
    if (gone && seq > floor(entry) && from !== this.host.me()) {
      const guess = from === undefined ? entry.unread : entry.unread - 1
      entry.unread = this.counted(entry) ?? Math.max(0, guess)
    }
    if (entry.last && first(entry.last) <= seq && seq <= last(entry.last)) {
      const places = this.host.places(c)
      if (gone === 'deleted') entry.last = newest(places, seq, entry.cleared) ?? null
      else entry.last = places?.at(seq) ?? entry.last
    }
    this.touch(c)
  }

  /** Everything up to `seq` was seen here; says whether that is new. */
  read(c: string, seq: number): boolean {
    const entry = this.entries.get(c)
    if (!entry || seq <= entry.read) return false
    entry.read = seq
    entry.unread = seq >= entry.head ? 0 : (this.counted(entry) ?? entry.unread)
    this.touch(c)
    return true
  }

  /** A receipt is a lower bound. */
  receipt({ c, user, delivered, read }: ServerFrames['receipt']): void {
    const entry = this.entries.get(c)
    if (!entry || user === this.host.me()) return
    entry.peer_delivered = Math.max(entry.peer_delivered, delivered, read)
    entry.peer_read = Math.max(entry.peer_read, read)
    this.touch(c)
  }

  draft(c: string, draft: Draft): void {
    const entry = this.entries.get(c)
    if (!entry) return
    if (draft.x === '') delete entry.draft
    else entry.draft = draft
    this.touch(c)
  }

  clear(): void {
    this.entries.clear()
    this.made.clear()
    this.sorted = null
    this.tell()
  }

  private one(entry: Entry): Conversation {
    const known = this.made.get(entry.c)
    if (known) return known
    const { c, kind, peer, head, ts, unread, read, cleared, visible, pin, mute } = entry
    const made: Conversation = {
      ...{ c, kind, peer, head, ts, unread, read, cleared, visible, pin, mute },
      peerRead: entry.peer_read,
      peerDelivered: entry.peer_delivered,
      last: entry.last && snapshot(c, entry.last, this.marks(c)),
      draft: entry.draft ?? null,
      typing: this.host.typing(c),
    }
    this.made.set(c, made)
    return made
  }

  /** Unread by the formula, when every place above the floor is known here. */
  private counted(entry: Entry): number | undefined {
    const places = this.host.places(entry.c)
    const from = floor(entry)
    if (from >= entry.head) return 0
    if (!places || places.runEnd(from + 1) < entry.head) return undefined
    let count = 0
    for (let seq = from + 1; seq <= entry.head; seq++) {
      const message = places.message(seq)
      if (message && message.from !== this.host.me()) count++
    }
    return count
  }
}

function floor(entry: Entry): number {
  return Math.max(entry.read, entry.cleared)
}

function newest(places: Places | undefined, below: number, cleared: number): MessageItem | undefined {
  for (let at = (places?.all.length ?? 0) - 1; at >= 0; at--) {
    const item = places?.all[at]
    if (item && !isGone(item) && item.seq < below && item.seq > cleared) return item
  }
  return undefined
}
