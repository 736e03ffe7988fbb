// The conversation list: entries by conversation, sorted for display, with unread counted here
// between the server's corrections.

import { computed, reactive } from 'vue'

import type { ConversationState, Entry, Message } from '../protocol/types'

export class Inbox {
  private readonly entries = reactive(new Map<string, Entry>())

  /** Visible conversations: pinned first, then the latest. */
  readonly list = computed<Entry[]>(() =>
    [...this.entries.values()]
      .filter((entry) => entry.visible)
      .sort((a, b) => Number(b.pin) - Number(a.pin) || b.ts - a.ts),
  )

  readonly unreadTotal = computed(() =>
    this.list.value.reduce((sum, entry) => sum + (entry.mute ? 0 : entry.unread), 0),
  )

  get(c: string): Entry | undefined {
    return this.entries.get(c)
  }

  find(test: (entry: Entry) => boolean): Entry | undefined {
    return [...this.entries.values()].find(test)
  }

  /** Takes the server's word, but for what this page knows better: newer messages, a later read. */
  merge(entry: Entry): void {
    const known = this.entries.get(entry.c)
    const merged = { ...entry }
    if (known && known.head > entry.head) {
      const { head, ts, last, unread } = known
      Object.assign(merged, { head, ts, last, unread })
    }
    // The receipt of a later read is still on its way.
    if (known && known.read > entry.read) {
      merged.read = known.read
      if (known.read >= merged.head) merged.unread = 0
    }
    this.entries.set(entry.c, merged)
  }

  /** A message that was just stored. Own messages never count as unread. */
  note(message: Message, own: boolean): void {
    const entry = this.entries.get(message.c)
    if (!entry || message.seq <= entry.head) return
    entry.head = message.seq
    entry.last = message
    entry.ts = message.ts
    entry.visible = true
    if (!own && message.seq > entry.read) entry.unread++
  }

  change(c: string, state: Partial<ConversationState>): void {
    const entry = this.entries.get(c)
    if (!entry) return
    // A count that was made before our latest read must not bring the badge back.
    const fresh = state.read === undefined || state.read >= entry.read
    if (state.unread !== undefined && fresh) entry.unread = state.unread
    if (state.read !== undefined && fresh) entry.read = state.read
    if (state.cleared !== undefined) entry.cleared = state.cleared
    if (state.pin !== undefined) entry.pin = state.pin
    if (state.mute !== undefined) entry.mute = state.mute
    if (state.hidden !== undefined) entry.visible = entry.head > state.hidden
    if (entry.last && entry.last.seq <= entry.cleared) entry.last = null
  }

  /** Everything up to `seq` was seen on this page. */
  read(c: string, seq: number): boolean {
    const entry = this.entries.get(c)
    if (!entry || seq <= entry.read) return false
    entry.read = seq
    if (seq >= entry.head) entry.unread = 0
    return true
  }

  /** How far the other side has received and read. */
  peerReceipt(c: string, delivered: number, read: number): void {
    const entry = this.entries.get(c)
    if (!entry) return
    entry.peer_delivered = Math.max(entry.peer_delivered, delivered, read)
    entry.peer_read = Math.max(entry.peer_read, read)
  }

  clear(): void {
    this.entries.clear()
  }
}
