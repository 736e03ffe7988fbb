// Hands each frame to the part that it concerns, and owns these parts. Knows no socket and no platform.

import type { Entry, Item, MessageItem, ServerFrames, SyncEntry, User } from '../protocol.gen.js'
import type { ClientEvents, ClientOptions, Message, TimelineItem } from '../types.js'
import { Cache, type Cached, type CacheSource } from './cache.js'
import type { Clock } from './clock.js'
import { Drafts } from './drafts.js'
import type { Emitter } from './emitter.js'
import { List } from './list.js'
import { Inbox } from './inbox.js'
import { first, isGone } from './places.js'
import { Presence, Typing } from './presence.js'
import { Queue, type QueueEntry } from './queue.js'
import { Receipts } from './receipts.js'
import type { Reply } from './requests.js'
import { snapshot } from './snapshots.js'
import type { Timeline, TimelineHost } from './timeline.js'
import { newsFrom, Timelines } from './timelines.js'
import type { Vault } from './vault.js'

/** The connection as the model needs it. */
export interface Line {
  request<R>(t: string, fields?: object): Promise<R>
  online(): boolean
  synced(): boolean
  limits(): ServerFrames['ready']['limits']
  has(feature: string): boolean
  cursor(): string | undefined
  resumeFrom(cursor: string | undefined): void
  newId(): string
}

const DAY_MS = 86_400_000
/** Own messages whose receipts are still watched for. */
const WATCHED_MAX = 500

export class Model {
  user: User | null = null
  readonly list: List
  readonly queue: Queue
  readonly receipts: Receipts
  readonly presence: Presence
  readonly typing: Typing
  readonly drafts: Drafts
  readonly cache: Cache
  readonly timelines: Timelines
  readonly inbox: Inbox
  readonly channels = new Map<string, number>()
  private watched: QueueEntry[] = []
  private resumed = false
  private cut = false

  constructor(
    private readonly line: Line,
    private readonly events: Emitter<ClientEvents>,
    clock: Clock,
    vault: Vault,
    options: ClientOptions,
  ) {
    const request = <R>(t: string, fields?: object): Promise<R> => line.request<R>(t, fields)
    this.list = new List({
      me: () => this.me,
      places: (c) => this.timelines.get(c)?.places,
      typing: (c) => this.typing.users(c),
      onChange: () => events.emit('conversations', this.list.view),
    })
    const timelineHost: TimelineHost = {
      request,
      me: () => this.me,
      marks: (c) => this.list.marks(c),
      pending: (timeline) => this.pending(timeline),
      onTold: (timeline, messages) => this.onTold(timeline, messages),
      changes: () => line.has('changes'),
      online: () => line.online(),
      fillMax: options.fillMax ?? 400,
    }
    this.timelines = new Timelines(timelineHost, this.list, (to, c) => this.queue.place(to, c))
    this.inbox = new Inbox(request, (entry) => this.onEntry(entry))
    this.queue = new Queue({
      ...{ clock, vault, request },
      online: () => line.online(),
      synced: () => line.synced(),
      me: () => this.me,
      bodyBytesMax: () => line.limits().body_bytes,
      newId: () => line.newId(),
      resolve: (to) => this.timelines.place({ to }).c,
      limit: options.queue?.limit ?? 200,
      expiryMs: options.queue?.expiryMs ?? DAY_MS,
      onStored: (entry, ack) => this.onStored(entry, ack),
      onChange: (entry) => this.onOutgoing(entry),
    })
    this.receipts = new Receipts(request)
    this.presence = new Presence(request, (state) => events.emit('presence', state))
    this.typing = new Typing(clock.monotonicMs, (c, users) => {
      this.list.touch(c)
      events.emit('typing', { c, users })
    })
    this.drafts = new Drafts(this.list, () => line.limits().draft_bytes ?? -1, request, () => this.cache.touch())
    const sizes = { conversations: options.cache?.conversations ?? 100, messages: options.cache?.messages ?? 30 }
    this.cache = new Cache(vault, sizes, () => this.cacheSource())
  }

  get me(): string {
    return this.user?.id ?? ''
  }

  /** Shows what the last run of the app kept for this user. */
  async load(id: string): Promise<void> {
    const cached = await this.cache.load(id)
    if (this.user && this.user.id !== id) return
    // A server that was quicker has said what is newer.
    if (cached && this.line.cursor() === undefined && this.list.view.length === 0) this.restore(cached)
    await this.queue.load(id)
  }

  private restore(cached: Cached): void {
    this.user ??= cached.user
    this.cut = cached.cut
    for (const [channel, version] of cached.channels ?? []) this.channels.set(channel, version)
    for (const [c, draft] of cached.drafts ?? []) this.drafts.owed.set(c, draft)
    for (const entry of cached.entries) this.merge(entry)
    for (const [c, tail, rev, items] of cached.timelines) {
      const timeline = this.timelines.of(c)
      Object.assign(timeline, { tail, rev })
      timeline.take(items)
    }
    this.line.resumeFrom(cached.cursor)
    this.events.emit('user', this.user)
  }

  /** Nothing of one user may be shown to the next. */
  reset(): void {
    this.forgetAll()
    this.user = null
    this.channels.clear()
    this.drafts.owed.clear()
    this.watched = []
    this.line.resumeFrom(undefined)
  }

  onReady(user: User): void {
    this.user = user
    this.resumed = this.line.cursor() !== undefined
    this.events.emit('user', user)
  }

  onOffline(): void {
    this.presence.forget()
    this.typing.forget()
  }

  onFrame(frame: Reply): void {
    const { t } = frame
    // Before anything is told: who closes the client then leaves no timer behind.
    this.cache.touch()
    if (t === 'sync') this.onSync(frame as unknown as ServerFrames['sync'])
    else if (t === 'msg') this.onMessage(frame as unknown as MessageItem)
    else if (t === 'msg.change') this.onChange(frame as unknown as ServerFrames['msg.change'])
    else if (t === 'msg.hidden') this.onHidden(frame as unknown as ServerFrames['msg.hidden'])
    else if (t === 'conv.state') this.onState(frame as unknown as ServerFrames['conv.state'])
    else if (t === 'conv.draft') {
      const { c, x, re } = frame as unknown as ServerFrames['conv.draft']
      this.drafts.told(c, re === undefined ? { x } : { x, re })
    } else if (t === 'receipt') this.onReceipt(frame as unknown as ServerFrames['receipt'])
    else if (t === 'typing') {
      const { c, user } = frame as unknown as ServerFrames['typing']
      if (user !== this.me) this.typing.start(c, user)
    } else if (t === 'presence') this.presence.update(frame as unknown as ServerFrames['presence'])
    else if (t === 'push') this.onPush(frame as unknown as ServerFrames['push'])
    else if (t === 'broadcast') this.events.emit('broadcast', frame as unknown as ServerFrames['broadcast'])
    else this.events.emit('frame', frame)
  }

  /** An entry that was asked for: its messages stay as they are known. */
  onEntry(told: Entry): void {
    const entry = this.merge(told)
    const timeline = this.timelines.of(entry.c)
    timeline.clear(entry.cleared)
    void timeline.catchUp(entry.rev)
    timeline.touch()
  }

  snapshot(c: string, item: Item): TimelineItem {
    return snapshot(c, item, this.list.marks(c))
  }

  private merge(told: Entry): Entry {
    const entry = this.list.merge(told)
    this.drafts.keep(entry.c)
    return entry
  }

  private onSync({ gap, more, convs }: ServerFrames['sync']): void {
    if (gap) {
      this.resumed = false
      this.forgetAll()
      void this.cache.drop(this.me)
    }
    for (const entry of convs) this.onSyncEntry(entry)
    if (more) return
    this.receipts.repeat()
    this.presence.ask()
    this.drafts.flush()
    this.queue.flush()
    for (const timeline of this.timelines.all()) {
      void timeline.fill()
      if (timeline.opened) void timeline.open()
    }
    if (this.cut) void this.fetchRest()
    this.events.emit('sync', { gap: !this.resumed })
  }

  private onSyncEntry({ items = [], hole, changes, ...told }: SyncEntry): void {
    const { c, head } = told
    const known = this.list.get(c)
    const timeline = this.timelines.of(c)
    const behind = known !== undefined && timeline.rev < known.rev
    // What is there at the first look is not news. Of a conversation that comes up new in a resume the last
    // dense run is.
    if (timeline.tail < 0) timeline.tail = this.resumed ? newsFrom(items, hole) - 1 : head
    this.merge(told)
    timeline.clear(told.cleared)
    timeline.head = Math.max(timeline.head, head)
    timeline.take(items)
    timeline.touch()
    if (changes === undefined && !behind) timeline.rev = Math.max(timeline.rev, told.rev)
    else void timeline.catchUp(told.rev)
    if (timeline.tail > told.delivered) this.receipts.markDelivered(c, timeline.tail)
  }

  private onMessage(message: MessageItem): void {
    const { c, seq, from } = message
    const entry = this.list.get(c)
    const timeline = this.timelines.of(c, from === this.me ? undefined : from)
    if (timeline.tail < 0) timeline.tail = seq - 1
    this.list.note(message)
    timeline.take([message])
    this.typing.stop(c, from)
    if (!entry) void this.inbox.fetch()
  }

  private onChange({ c, rev, seq, kind, by, item }: ServerFrames['msg.change']): void {
    const timeline = this.timelines.of(c)
    const entry = this.list.get(c)
    const before = timeline.places.at(seq)
    timeline.change(rev, item)
    // A place that this user hid has nothing to tell any more.
    if (before && isGone(before) && before.gone === 'deleted') return
    if (entry && rev > entry.rev) {
      entry.rev = rev
      const from = before && !isGone(before) ? before.from : by
      this.list.changed(c, seq, isGone(item) ? 'recalled' : '', from)
      // The newest message may be shown in the list although its timeline was never looked at.
      if (entry.last && first(entry.last) === seq && !timeline.places.at(seq)) entry.last = item
    }
    this.events.emit('change', { c, seq, kind, by })
  }

  onHidden({ c, seq }: ServerFrames['msg.hidden']): void {
    const timeline = this.timelines.of(c)
    const before = timeline.places.message(seq)
    timeline.hide(seq)
    this.list.changed(c, seq, 'deleted', before?.from)
  }

  private onState(state: ServerFrames['conv.state']): void {
    // Another device of this user opened a conversation that is not listed here yet.
    if (!this.list.get(state.c)) void this.inbox.fetch()
    this.list.state(state.c, state)
    if (state.cleared !== undefined) this.timelines.get(state.c)?.clear(state.cleared)
  }

  private onReceipt(receipt: ServerFrames['receipt']): void {
    const { c, user } = receipt
    this.list.receipt(receipt)
    this.events.emit('receipt', receipt)
    if (user === this.me) return
    this.timelines.get(c)?.touch()
    const { peerRead, peerDelivered } = this.list.marks(c)
    for (const entry of this.watched.filter((own) => own.c === c)) {
      const status = entry.seq <= peerRead ? 'read' : entry.seq <= peerDelivered ? 'delivered' : 'sent'
      if (status !== entry.status) entry.enter(status)
    }
    this.watched = this.watched.filter(({ status }) => status !== 'read')
  }

  private onPush(push: ServerFrames['push']): void {
    const { channel, version } = push
    if (version > 0) {
      if (version <= (this.channels.get(channel) ?? 0)) return
      this.channels.set(channel, version)
    }
    this.events.emit('push', push)
  }

  private onTold(timeline: Timeline, messages: readonly MessageItem[]): void {
    const { c } = timeline
    this.receipts.markDelivered(c, timeline.tail)
    for (const message of messages) {
      this.list.note(message)
      this.events.emit('message', this.snapshot(c, message) as Message)
    }
  }

  private onStored(entry: QueueEntry, ack: ServerFrames['ack']): TimelineItem {
    const { c, id, seq, ts, dup } = ack
    const timeline = this.timelines.of(c, entry.to)
    if (timeline.tail < 0) timeline.tail = seq - 1
    const item: MessageItem = { c, seq, id, from: this.me, ts, b: entry.body, cid: entry.cid }
    this.watched = [...this.watched, entry].slice(-WATCHED_MAX)
    this.cache.touch()
    // What was stored before may have been edited or recalled since: the server's word is fetched.
    if (dup) timeline.expect(seq)
    else {
      this.list.note(item)
      timeline.take([item])
    }
    if (!this.list.get(c)) void this.inbox.fetch()
    return this.snapshot(c, timeline.places.message(seq) ?? item)
  }

  private onOutgoing(entry: QueueEntry): void {
    this.events.emit('outgoing', entry)
    this.timelines.at(entry).touch()
  }

  private pending({ c, to }: Timeline): Message[] {
    const own = this.queue.all.filter((entry) => (c ? entry.c === c : entry.to === to))
    return own.filter(({ status }) => status === 'sending' || status === 'failed').map(({ message }) => message)
  }

  private forgetAll(): void {
    this.list.clear()
    this.receipts.clear()
    this.inbox.reset()
    this.cut = false
    this.timelines.forget()
  }

  private async fetchRest(): Promise<void> {
    try {
      while (await this.inbox.more());
      this.cut = false
    } catch {
      // The next connection goes on where this one ended.
    }
  }

  private cacheSource(): CacheSource | null {
    // A conversation that is being asked for is covered by the cursor already: the cache waits for it.
    if (this.inbox.fetching) {
      this.cache.touch()
      return null
    }
    const { user, list, timelines, channels, drafts, cut } = this
    return { user, cursor: this.line.cursor(), entries: list.all(), timelines, channels, drafts: drafts.owed, cut }
  }
}
