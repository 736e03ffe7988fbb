// The client: ties connection, model and storage together and is the API of the SDK. Names no platform.

import { bodyOf } from './core/bodies.js'
import { utf8Length } from './core/bytes.js'
import { Clock } from './core/clock.js'
import { Connection } from './core/connection.js'
import { Emitter } from './core/emitter.js'
import { MagpieError } from './core/errors.js'
import { Model } from './core/model.js'
import { addresses, weakId } from './core/names.js'
import { isGone } from './core/places.js'
import { Vault } from './core/vault.js'
import type { Body, Device, Entry, Limits, PresenceState, ServerFrames, User } from './protocol.gen.js'
import type {
  Client,
  ClientEvents,
  ClientOptions,
  Conversation,
  Outgoing,
  Platform,
  Push,
  RequestOptions,
  State,
  Status,
  Target,
  Timeline,
  TimelineItem,
  UnreadReport,
} from './types.js'

const LIMITS: Limits = { body_bytes: 65_536, in_flight: 64, messages_per_s: 1_000, list: 200 }
const NAME_BYTES_MAX = 64
type Page = ServerFrames['history']

export function createClient(options: ClientOptions): Client {
  return new MagpieClient(options)
}

class MagpieClient implements Client {
  readonly platform: Platform
  features: readonly string[] = []
  limits: Limits = LIMITS
  private readonly events = new Emitter<ClientEvents>()
  private readonly connection: Connection
  private readonly model: Model
  private readonly clock: Clock
  private readonly vault: Vault
  private readonly wanted = new Set(['changes'])
  /** Features that the last hello named. */
  private said = 0
  private readonly instance: string
  private readonly loaded: Promise<void>
  private device = ''
  private stopped = false
  private stopWaking: (() => void) | undefined
  private waiting: { resolve: () => void; reject: (error: MagpieError) => void }[] = []

  constructor(private readonly options: ClientOptions) {
    const { transport, getToken } = options
    const { socket, http } = addresses(options.url)
    const newId = (): string => transport.randomId?.() ?? weakId()
    const onError = (error: MagpieError): void => this.events.emit('error', error)
    this.instance = newId()
    this.clock = new Clock(() => transport.monotonicMs?.() ?? Date.now())
    this.vault = new Vault(options.storage, options.storagePrefix ?? 'magpie.', onError)
    this.connection = new Connection({
      ...{ url: socket, transport, clock: this.clock, getToken, onError },
      random: options.random ?? Math.random,
      hello: () => this.hello(),
      onReady: (ready) => this.onReady(ready),
      onFrame: (frame) => this.model.onFrame(frame),
      onStatus: (status) => this.onStatus(status),
      onCursor: () => this.model.cache.touch(),
      onBlame: (code) => this.model.queue.blame(code),
    })
    const { connection } = this
    const line = {
      request: <R>(t: string, fields?: object) => connection.request<R>(t, fields),
      online: () => connection.status.state === 'online',
      synced: () => connection.status.synced,
      limits: () => this.limits,
      has: (feature: string) => this.features.includes(feature),
      cursor: () => connection.cursor,
      resumeFrom: (cursor: string | undefined) => void (connection.cursor = cursor),
      newId,
    }
    this.model = new Model(line, this.events, this.clock, this.vault, options)
    this.platform = {
      ...{ transport, newId, httpUrl: http },
      token: async (renew) => {
        const token = await getToken({ renew })
        if (token === null) throw new MagpieError('unauthorized', 'nobody is signed in')
        return token
      },
      want: (feature) => {
        if (this.wanted.has(feature)) return
        this.wanted.add(feature)
        if (line.online()) connection.restart()
      },
    }
    this.loaded = this.load()
  }

  get status(): Status {
    return this.connection.status
  }

  get state(): State {
    return this.status.state
  }

  get user(): User | null {
    return this.model.user
  }

  get now(): number {
    return this.clock.now
  }

  get conversations(): readonly Conversation[] {
    return this.model.list.view
  }

  get unreadTotal(): number {
    return this.conversations.reduce((sum, one) => sum + (one.mute ? 0 : one.unread), 0)
  }

  get outgoing(): readonly Outgoing[] {
    return this.model.queue.all
  }

  on<E extends keyof ClientEvents>(event: E, fn: (value: ClientEvents[E]) => void): () => void {
    return this.events.on(event, fn)
  }

  async connect(): Promise<void> {
    if (this.status.synced) return
    this.stopWaking ??= this.options.transport.onWake?.((looked) => this.nudge(looked))
    const online = new Promise<void>((resolve, reject) => this.waiting.push({ resolve, reject }))
    this.stopped = false
    this.model.queue.run(true)
    void this.loaded.then(() => {
      // Closed again before what was kept could be read.
      if (!this.stopped) this.connection.start()
    })
    return online
  }

  close(): void {
    this.stopped = true
    this.stopWaking?.()
    this.stopWaking = undefined
    this.model.cache.save()
    // What is collected for a moment still goes out.
    this.model.drafts.flush()
    void this.model.receipts.flush()
    this.connection.stop()
    this.model.queue.run(false)
    this.model.receipts.clear()
  }

  async signOut(): Promise<void> {
    const user = this.model.me
    this.close()
    await this.model.queue.forget()
    if (user) await this.model.cache.drop(user)
    await this.vault.remove('user')
    this.model.reset()
  }

  nudge(looked = false): void {
    this.connection.nudge(looked)
  }

  send(target: Target, body: string | Body, { re }: { re?: number } = {}): Outgoing {
    const place = this.model.timelines.place(target)
    const entry = this.model.queue.add(place, bodyOf(body, re))
    this.model.typing.sent(JSON.stringify(target))
    const timeline = this.model.timelines.at(place)
    // Who writes wants to see it; a window further up moves down.
    if (!timeline.view.atEnd) void timeline.loadNewest()
    return entry
  }

  async recall(c: string, seq: number): Promise<void> {
    await this.changing('msg.recall', { c, seq })
  }

  async edit(c: string, seq: number, body: string | Body): Promise<void> {
    await this.changing('msg.edit', { c, seq, b: bodyOf(body) })
  }

  async react(c: string, seq: number, e: string, on = true): Promise<void> {
    await this.changing('msg.react', { c, seq, e, on })
  }

  async forward({ c, seq }: { c: string; seq: number }, target: Target): Promise<{ c: string; seq: number }> {
    const place = this.model.timelines.place(target)
    const to = place.c ? { into: place.c } : { to: place.to }
    const fields = { c, seq, ...to, cid: this.platform.newId() }
    const ack = await this.changing<ServerFrames['ack']>('msg.forward', fields)
    const timeline = this.model.timelines.of(ack.c)
    if (timeline.tail < 0) timeline.tail = ack.seq - 1
    // The server made the copy: its word is fetched.
    timeline.expect(ack.seq)
    if (!this.model.list.get(ack.c)) void this.model.inbox.fetch()
    return { c: ack.c, seq: ack.seq }
  }

  timeline(target: Target): Timeline {
    const { timelines } = this.model
    return timelines.at(timelines.place(target))
  }

  async message(c: string, seq: number): Promise<TimelineItem | null> {
    const timeline = this.model.timelines.of(c)
    if (!timeline.places.at(seq)) {
      const page = await this.request<Page>('history', { c, after: seq - 1, limit: 1 })
      if (timeline.tail < 0) timeline.tail = page.head
      timeline.take(page.items)
    }
    const item = timeline.places.at(seq)
    return !item || (isGone(item) && item.gone === 'deleted') ? null : this.model.snapshot(c, item)
  }

  async history(
    c: string,
    range: { before?: number; after?: number; limit?: number } = {},
  ): Promise<{ items: TimelineItem[]; more: boolean; head: number }> {
    const { items, more, head } = await this.request<Page>('history', { c, ...range })
    return { items: items.map((item) => this.model.snapshot(c, item)), more, head }
  }

  conversation(c: string): Conversation | null {
    return this.model.list.conversation(c)
  }

  moreConversations(): Promise<boolean> {
    return this.model.inbox.more()
  }

  async openConversation(user: string): Promise<Conversation> {
    const entry = await this.request<Entry>('conv.open', { to: user })
    this.model.onEntry({ ...entry, visible: true })
    return this.model.list.conversation(entry.c) as Conversation
  }

  async pin(c: string, on: boolean): Promise<void> {
    this.model.onEntry(await this.request<Entry>('conv.pin', { c, on }))
  }

  async mute(c: string, on: boolean): Promise<void> {
    this.model.onEntry(await this.request<Entry>('conv.mute', { c, on }))
  }

  async hideConversation(c: string): Promise<void> {
    this.model.onEntry(await this.request<Entry>('conv.hide', { c }))
  }

  async deleteConversation(c: string): Promise<void> {
    this.model.onEntry(await this.request<Entry>('conv.delete', { c }))
  }

  async hide(c: string, seq: number): Promise<void> {
    await this.request('msg.hide', { c, seq })
    // The event that says the same comes a moment later.
    this.model.onHidden({ c, seq })
  }

  markRead(c: string, seq?: number): void {
    const tail = this.model.timelines.get(c)?.tail ?? -1
    // A mark promises that everything below was here.
    const upTo = Math.min(seq ?? tail, tail)
    if (upTo > 0 && this.model.list.read(c, upTo)) this.model.receipts.markRead(c, upTo)
  }

  unread(c: string): Promise<UnreadReport> {
    return this.request('unread', { c })
  }

  setDraft(c: string, text: string, re?: number): void {
    this.model.drafts.set(c, text, re)
  }

  typing(target: Target): void {
    const { c, to } = this.model.timelines.place(target)
    if (this.state === 'online' && this.model.typing.due(JSON.stringify(target))) {
      this.connection.post('typing', c ? { c } : { to })
    }
  }

  watchPresence(users: readonly string[]): void {
    this.model.presence.watch(users)
  }

  presence(user: string): PresenceState | null {
    return this.model.presence.get(user)
  }

  async block(user: string, on = true): Promise<void> {
    await this.request('block', { user, on })
  }

  async blocked(): Promise<User[]> {
    return (await this.request<ServerFrames['blocks']>('blocks')).users
  }

  channel(channel: string): Promise<Push> {
    return this.request('channel', { channel })
  }

  async broadcast(body: string | Body): Promise<number> {
    return (await this.request<ServerFrames['ok']>('broadcast', { b: bodyOf(body) })).connections ?? 0
  }

  async devices(): Promise<Device[]> {
    return (await this.request<ServerFrames['devices']>('devices')).devices
  }

  async signOutDevice(device: string): Promise<void> {
    await this.request('device.signout', { device })
  }

  async setProfile(profile: { name?: string; avatar?: string }): Promise<User> {
    const { user } = await this.request<ServerFrames['user']>('profile.set', profile)
    this.model.user = user
    this.events.emit('user', user)
    return user
  }

  request<R>(t: string, fields: object = {}, { timeoutMs }: RequestOptions = {}): Promise<R> {
    return this.connection.request<R>(t, fields, timeoutMs)
  }

  /** Requests that a server without shared changes does not have. */
  private changing<R>(t: string, fields: object): Promise<R> {
    if (this.state === 'online' && !this.features.includes('changes')) {
      return Promise.reject(new MagpieError('unsupported', `this server does not have ${t}`))
    }
    return this.request<R>(t, fields)
  }

  private async load(): Promise<void> {
    const { options, vault } = this
    this.device = options.device ?? (await vault.get('device')) ?? ''
    if (this.device === '') {
      this.device = this.platform.newId()
      void vault.set('device', this.device)
    }
    const user = options.user ?? (await vault.get('user'))
    if (user) await this.model.load(user)
  }

  private hello(): object {
    const { deviceName = '' } = this.options
    const channels = [...this.model.channels]
    this.said = this.wanted.size
    return {
      device: this.device,
      instance: this.instance,
      ...(deviceName && utf8Length(deviceName) <= NAME_BYTES_MAX && { name: deviceName }),
      ...(channels.length > 0 && { channels: channels.slice(-this.limits.list) }),
      features: [...this.wanted],
    }
  }

  private onReady({ user, limits, features }: ServerFrames['ready']): boolean {
    const { model } = this
    this.limits = { ...LIMITS, ...limits }
    this.features = features ?? []
    const other = model.user !== null && model.user.id !== user.id
    if (other) model.reset()
    model.onReady(user)
    void this.vault.set('user', user.id)
    model.queue.settleAges()
    void (other ? model : model.queue).load(user.id)
    // The cursor in the hello was another user's, or a feature was wanted only when it had left.
    return !other && this.said === this.wanted.size
  }

  private onStatus(status: Status): void {
    if (status.state !== 'online') this.model.onOffline()
    this.events.emit('state', status)
    if (status.synced || status.state === 'closed') this.settle()
    if (status.state === 'closed' && status.code >= 4500) {
      this.events.emit('kicked', { code: status.code, reason: status.reason })
    }
  }

  private settle(): void {
    const { synced, code, reason } = this.status
    const waiting = this.waiting
    this.waiting = []
    for (const { resolve, reject } of waiting) {
      if (synced) resolve()
      else reject(new MagpieError(code >= 4500 ? 'unauthorized' : 'closed', `closed with ${code}: ${reason}`))
    }
  }
}
