// A signed-in page: owns the connection and the view models, and hands each event to the one that
// it concerns. No DOM; what the page must do outside (stored tokens, addresses) comes as options.

import { shallowReactive } from 'vue'

import { Connection, RequestError, type SocketLike, type Status } from '../protocol/connection'
import { randomId } from '../protocol/ids'
import type { Entry, InboxPage, Message, Push, Ready, ServerEvent, Sync, User } from '../protocol/types'
import { ChatModel, type Requester } from './chat'
import { Inbox } from './inbox'
import { Presence } from './presence'
import { Receipts } from './receipts'
import { describe, Toasts } from './toasts'

export interface SessionOptions {
  openSocket: (subprotocol: string) => SocketLike
  token: string
  device: string
  /** The token was refused or has expired; `true` when it is the latter. */
  onTokenRefused: (expired: boolean) => void
  random?: () => number
}

export interface SessionView {
  me: User | null
  status: Status
  /** The list is what the server has. */
  synced: boolean
  /** Largest body the server takes. */
  bodyBytesMax: number
  /** The chat that is looked at: a conversation id or `DESK`. */
  open: string | null
  /** What was read when the chat was opened, if something was not: the line is drawn behind it. */
  readWhenOpened: number | null
  /** Who types where, until when. */
  typing: ReadonlyMap<string, string>
}

/** Receiver of messages to customer service, and the key of that chat before it exists. */
export const DESK = 'desk:'
/** Close code of a connection that made room for a newer one of the same user. */
const DEVICE_LIMIT = 4505
const TYPING_SHOWN_MS = 5_000
const INBOX_PAGE = 50

export class Session {
  readonly view: SessionView = shallowReactive({
    me: null,
    status: { state: 'idle', retryAtMs: 0, code: 0, reason: '' },
    synced: false,
    bodyBytesMax: 65_536,
    open: null,
    readWhenOpened: null,
    typing: new Map<string, string>(),
  } as SessionView)
  readonly inbox = new Inbox()
  readonly toasts = new Toasts()
  readonly presence: Presence
  private readonly connection: Connection
  private readonly line: Requester
  private readonly receipts: Receipts
  private readonly chats = new Map<string, ChatModel>()
  private readonly channels = new Map<string, number>()
  private readonly typingTimers = new Map<string, ReturnType<typeof setTimeout>>()
  private readonly instance = randomId()
  private fetchingInbox = false
  private inboxWanted = false
  private inboxMark: string | null | undefined
  private token: string

  constructor(private readonly options: SessionOptions) {
    this.token = options.token
    this.connection = new Connection({
      openSocket: options.openSocket,
      hello: () => ({
        token: this.token,
        device: options.device,
        instance: this.instance,
        channels: [...this.channels],
      }),
      onReady: (ready) => this.onReady(ready),
      onEvent: (event) => this.onEvent(event),
      onStatus: (status) => this.onStatus(status),
      ...(options.random ? { random: options.random } : {}),
    })
    this.line = {
      request: (t, fields) => this.connection.request(t, fields),
      post: (t, fields) => this.connection.post(t, fields),
    }
    this.receipts = new Receipts(this.line)
    this.presence = new Presence(this.line)
  }

  start(): void {
    this.connection.start()
  }

  stop(): void {
    this.connection.stop()
    this.receipts.clear()
  }

  nudge(): void {
    this.connection.nudge()
  }

  /** The user came back to this page: also a socket that made room for newer ones comes back. */
  lookedAt(): void {
    const { state, code } = this.view.status
    if (state === 'closed' && code === DEVICE_LIMIT) this.connection.start()
    else this.connection.nudge()
  }

  /** Goes on with a new token after the old one expired. */
  renew(token: string): void {
    this.token = token
    this.connection.start()
  }

  /** The view model of a chat; made on first use. */
  chat(key: string): ChatModel {
    let chat = this.chats.get(key)
    if (!chat) {
      const events = {
        onSent: (sender: ChatModel, message: Message) => this.onSent(sender, message),
        onGrown: (grown: ChatModel) => this.onGrown(grown),
      }
      const isDraft = key === DESK
      const me = (): string => this.view.me?.id ?? ''
      chat = new ChatModel(this.line, me, events, isDraft ? null : key, isDraft ? DESK : null)
      this.chats.set(key, chat)
    }
    return chat
  }

  open(key: string): void {
    const mine = key === DESK ? this.inbox.find((entry) => entry.kind === 'desk') : undefined
    const target = mine?.c ?? key
    const entry = this.inbox.get(target)
    this.view.readWhenOpened = entry && entry.unread > 0 ? entry.read : null
    this.view.open = target
    void this.chat(target).open()
  }

  close(): void {
    this.view.open = null
  }

  /** Opens the conversation with a user; throws the server's refusal. */
  async openWith(user: string): Promise<void> {
    const entry = await this.line.request<Entry>('conv.open', { to: user })
    this.inbox.merge({ ...entry, visible: true })
    this.watchPresence()
    this.open(entry.c)
  }

  /** The end of a chat is in front of somebody's eyes. */
  seen(key: string): void {
    const chat = this.chats.get(key)
    const c = chat?.view.c
    if (!chat || !c || this.view.open !== key) return
    const { bottom } = chat.timeline.view
    if (this.inbox.read(c, bottom)) this.receipts.markRead(c, bottom)
  }

  /** The next page of the list, when its end is in sight. */
  async moreInbox(): Promise<void> {
    if (this.inboxMark === null) return
    await this.fetchInbox(this.inboxMark)
  }

  private onReady(ready: Ready): void {
    this.view.me = ready.user
    this.view.bodyBytesMax = ready.limits?.body_bytes ?? 65_536
  }

  private onStatus(status: Status): void {
    this.view.status = status
    if (status.state === 'online') return
    this.view.synced = false
    this.presence.forget()
    for (const c of this.view.typing.keys()) this.stopTyping(c)
    if (status.state === 'closed' && (status.code === 4500 || status.code === 4003)) {
      this.options.onTokenRefused(status.code === 4003)
    }
  }

  private onEvent(event: ServerEvent): void {
    switch (event.t) {
      case 'sync':
        return this.onSync(event)
      case 'msg':
        return this.onMessage(event)
      case 'receipt':
        if (event.user !== this.view.me?.id) this.inbox.peerReceipt(event.c, event.delivered, event.read)
        return
      case 'typing':
        return this.onTyping(event.c, event.user)
      case 'presence':
        return this.presence.update(event)
      case 'conv.state':
        // Another device of this user opened a conversation that is not listed here yet.
        if (!this.inbox.get(event.c)) void this.fetchInbox()
        this.inbox.change(event.c, event)
        if (event.cleared !== undefined) this.chats.get(event.c)?.timeline.clear(event.cleared)
        return
      case 'msg.hidden':
        return this.chats.get(event.c)?.timeline.hide(event.seq)
      case 'push':
        return this.onPush(event)
      case 'broadcast':
        return this.toasts.show('broadcast', event.from ?? '', event.b.x)
    }
  }

  private onSync(sync: Sync): void {
    if (sync.gap) {
      this.inbox.clear()
      for (const chat of this.chats.values()) chat.timeline.reset()
    }
    for (const { items, hole, ...entry } of sync.convs) {
      this.inbox.merge(entry)
      const chat = this.chat(entry.c)
      chat.timeline.clear(entry.cleared)
      chat.resume(items ?? [], hole)
    }
    if (sync.more) return
    this.view.synced = true
    this.watchPresence()
    void this.receipts.flush()
    for (const chat of this.chats.values()) {
      void chat.fillGap()
      void chat.flush()
    }
    if (this.view.open !== null) void this.chat(this.view.open).open()
  }

  private onMessage(message: Message): void {
    const own = message.from === this.view.me?.id
    const known = this.inbox.get(message.c)
    this.inbox.note(message, own)
    this.chat(message.c).receive([message])
    if (!own) this.stopTyping(message.c)
    if (!known) void this.fetchInbox()
  }

  private onGrown(chat: ChatModel): void {
    const { c } = chat.view
    if (c !== null) this.receipts.markDelivered(c, chat.timeline.view.bottom)
  }

  private onSent(chat: ChatModel, message: Message): void {
    if (this.chats.get(message.c) !== chat) {
      this.chats.set(message.c, chat)
      this.chats.delete(DESK)
      if (this.view.open === DESK) this.view.open = message.c
    }
    if (this.inbox.get(message.c)) this.inbox.note(message, true)
    else void this.fetchInbox()
  }

  /** Somebody who is not in the list yet wrote, or an older page is wanted. */
  private async fetchInbox(mark?: string): Promise<void> {
    if (this.fetchingInbox) {
      // The answer that is on its way may be older than what is wanted now.
      if (mark === undefined) this.inboxWanted = true
      return
    }
    this.fetchingInbox = true
    try {
      const before = mark === undefined ? {} : { before: mark }
      const page = await this.line.request<InboxPage>('inbox', { ...before, limit: INBOX_PAGE })
      for (const entry of page.convs) this.inbox.merge(entry)
      if (mark !== undefined || this.inboxMark === undefined) this.inboxMark = page.next
      this.watchPresence()
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
    } finally {
      this.fetchingInbox = false
    }
    if (!this.inboxWanted) return
    this.inboxWanted = false
    await this.fetchInbox()
  }

  private watchPresence(): void {
    const peers = this.inbox.list.value.flatMap((entry) => (entry.peer ? [entry.peer.id] : []))
    void this.presence.watch(peers)
  }

  private onTyping(c: string, user: string): void {
    if (user === this.view.me?.id) return
    clearTimeout(this.typingTimers.get(c))
    this.view.typing = new Map(this.view.typing).set(c, user)
    this.typingTimers.set(
      c,
      setTimeout(() => this.stopTyping(c), TYPING_SHOWN_MS),
    )
  }

  private stopTyping(c: string): void {
    clearTimeout(this.typingTimers.get(c))
    if (!this.view.typing.has(c)) return
    const typing = new Map(this.view.typing)
    typing.delete(c)
    this.view.typing = typing
  }

  private onPush(push: Push): void {
    if (push.version <= (this.channels.get(push.channel) ?? 0)) return
    this.channels.set(push.channel, push.version)
    this.toasts.show('push', push.channel, describe(push.data))
  }
}
