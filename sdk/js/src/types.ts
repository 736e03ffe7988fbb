// The public types of the SDK: what an app sees. Everything that is handed out is an immutable
// snapshot; a change makes a new object, so that `===` tells whether something changed.

import type { MagpieError } from './core/errors.js'
import type { Storage, Transport } from './core/transport.js'
import type {
  Body,
  ClientFrames,
  Device,
  Draft,
  Limits,
  PresenceState,
  ServerFrames,
  User,
} from './protocol.gen.js'

export interface ClientOptions {
  /** Address of the server or of its socket: `https://host`, `https://host/im/`, `wss://host/v1/ws`. */
  url: string
  /**
   * A user token. Asked before each connect, and before the token of a live connection ends. `renew` is true when
   * the last token has expired or soon will: then it must be a new one. `null` means that nobody is signed in.
   */
  getToken: (ask: { renew: boolean }) => string | null | Promise<string | null>
  transport: Transport
  /** Without one nothing outlives a reload. */
  storage?: Storage
  /** Prefix of all keys in `storage`; default `magpie.` */
  storagePrefix?: string
  /** The user, if the app knows him before the server says so: then no other user's cache is shown. */
  user?: string
  /** Id of this installation; default: made once and kept in `storage`. */
  device?: string
  /** What this device is called in the list of devices. */
  deviceName?: string
  queue?: {
    /** Outgoing messages that may wait; default 200. */
    limit?: number
    /** How long one may wait; default 24 h. */
    expiryMs?: number
  }
  cache?: {
    /** Conversations kept in `storage`; default 100. */
    conversations?: number
    /** Newest messages kept of each; default 30. */
    messages?: number
  }
  /** How many missed messages of one conversation are fetched unasked; default 400. */
  fillMax?: number
  /** For tests: replaces `Math.random` in the back-off. */
  random?: () => number
}

export type State = 'idle' | 'connecting' | 'online' | 'waiting' | 'closed'

export interface Status {
  readonly state: State
  /** `online`, and everything that was missed is here. */
  readonly synced: boolean
  /** `waiting`: ms until the next try, counted from the moment of this status. */
  readonly retryInMs: number
  /** Why the last connection ended: close code (0 = none yet) and its reason. */
  readonly code: number
  readonly reason: string
}

/** Where a message goes: a conversation id, or a user (`desk:` is the customer-service desk). */
export type Target = string | { readonly c: string } | { readonly to: string }

export type MessageStatus = 'received' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed'

export interface Reaction {
  readonly e: string
  readonly users: readonly string[]
  readonly own: boolean
}

export interface Message {
  readonly type: 'message'
  /** Stays the same from `sending` to `read`, and after a reload. */
  readonly key: string
  /** Empty while the first message of a new conversation is on its way. */
  readonly c: string
  /** 0 until it is stored. */
  readonly seq: number
  readonly id: string
  readonly cid: string
  readonly from: string
  readonly own: boolean
  /** Server's clock, ms. */
  readonly ts: number
  readonly body: Body
  readonly status: MessageStatus
  /** Why it failed. */
  readonly error: MagpieError | null
  /** Time of the last edit; 0 = never. */
  readonly edited: number
  readonly reactions: readonly Reaction[]
  /** Quoted message: a seq of the same conversation; 0 = none. */
  readonly re: number
}

/** Places with nothing to show any more. */
export interface Gone {
  readonly type: 'gone'
  readonly key: string
  readonly c: string
  readonly from: number
  readonly to: number
  readonly gone: 'recalled' | 'deleted' | 'expired' | (string & {})
  /** `recalled`: who took it back. */
  readonly by: string
}

export type TimelineItem = Message | Gone

/** A message on its way; a live object, not a snapshot. */
export interface Outgoing {
  readonly cid: string
  /** Empty until the conversation is known. */
  readonly c: string
  readonly body: Body
  readonly status: Exclude<MessageStatus, 'received'>
  readonly error: MagpieError | null
  /** Settles when the message is stored, or has failed. It may be left alone. */
  readonly promise: Promise<Message>
  /** Sends a failed message again, with the same key. */
  retry(): void
  /** Takes a message out of the queue that is not stored yet. */
  discard(): void
}

export interface TimelineView {
  /** The window's items in order; own messages that are on their way stand at the end. */
  readonly items: readonly TimelineItem[]
  /** Nothing older exists. */
  readonly atStart: boolean
  /** The window reaches the newest message. */
  readonly atEnd: boolean
  readonly loading: '' | 'older' | 'newer' | 'around'
  /** Why the last load failed; null after one that did not. */
  readonly error: MagpieError | null
}

/** The messages of one conversation as far as they are known. */
export interface Timeline {
  /** Empty until the first message made the conversation. */
  readonly c: string
  readonly view: TimelineView
  on(event: 'change', fn: (view: TimelineView) => void): () => void
  /** First page, if there is none yet. */
  open(): Promise<void>
  /** These never throw: `view.error` says what went wrong. */
  loadOlder(): Promise<void>
  loadNewer(): Promise<void>
  /** Moves the window to the place and its neighbours. */
  loadAround(seq: number): Promise<void>
  /** Moves the window to the newest messages. */
  loadNewest(): Promise<void>
  /** Forgets all but the newest messages. */
  reset(): void
}

export interface Conversation {
  readonly c: string
  readonly kind: 'direct' | 'desk' | (string & {})
  readonly peer: User | null
  readonly head: number
  readonly ts: number
  readonly unread: number
  readonly read: number
  readonly cleared: number
  readonly visible: boolean
  readonly pin: boolean
  readonly mute: boolean
  readonly peerRead: number
  readonly peerDelivered: number
  readonly last: TimelineItem | null
  readonly draft: Draft | null
  /** Who types right now. */
  readonly typing: readonly string[]
}

export type Push = ServerFrames['push']
export type Broadcast = ServerFrames['broadcast']
export type UnreadReport = ServerFrames['unread']
export type Receipt = ServerFrames['receipt']

export interface ClientEvents {
  state: Status
  /** Who this is; comes again after `setProfile`. */
  user: User
  /** Everything missed is here. `gap`: the cache was of no use and is gone. */
  sync: { gap: boolean }
  /** Every message that is new, once, in the order of its conversation; own ones of other devices too. */
  message: Message
  /** A message was recalled, edited, or reacted to. */
  change: { c: string; seq: number; kind: 'recall' | 'edit' | 'react' | (string & {}); by: string }
  /** The list: visible conversations, pinned first, then the newest. */
  conversations: readonly Conversation[]
  /** An own message went on: sending, sent, delivered, read, failed. */
  outgoing: Outgoing
  receipt: Receipt
  typing: { c: string; users: readonly string[] }
  presence: PresenceState
  push: Push
  broadcast: Broadcast
  /** This device was signed out, banned, replaced: the client is `closed` and will not come back by itself. */
  kicked: { code: number; reason: string }
  /** A server frame that the core does not handle itself; calls are built on it. */
  frame: { t: string; [field: string]: unknown }
  /** Something is wrong that no promise tells. */
  error: MagpieError
}

export interface RequestOptions {
  timeoutMs?: number
}

export interface Platform {
  readonly transport: Transport
  /** Base address of the HTTP API, with a slash at its end. */
  readonly httpUrl: string
  token(renew: boolean): Promise<string>
  newId(): string
  /** Says in `hello` that this client can do it; a live connection begins anew for that. */
  want(feature: string): void
}

export interface Client {
  readonly status: Status
  /** `status.state` */
  readonly state: State
  readonly user: User | null
  /** What the server has and this connection uses: `changes`, `calls`, `media`. */
  readonly features: readonly string[]
  readonly limits: Limits
  /** The server's clock, as far as it is known. */
  readonly now: number
  readonly conversations: readonly Conversation[]
  /** Unread messages of all conversations that are not muted. */
  readonly unreadTotal: number
  /** Own messages that are not stored yet. */
  readonly outgoing: readonly Outgoing[]

  on<E extends keyof ClientEvents>(event: E, fn: (value: ClientEvents[E]) => void): () => void
  /** Resolves when the first sync is done; keeps trying until then. Rejects when the server refuses for good. */
  connect(): Promise<void>
  /** Ends the connection; the queue and the cache stay for the next time. */
  close(): void
  /** `close`, and forgets the user's cache and queue in storage. */
  signOut(): Promise<void>
  /** Tries at once, or checks the connection at once. Transports call it by themselves. */
  nudge(looked?: boolean): void

  send(target: Target, body: string | Body, options?: { re?: number }): Outgoing
  recall(c: string, seq: number): Promise<void>
  edit(c: string, seq: number, body: string | Body): Promise<void>
  react(c: string, seq: number, e: string, on?: boolean): Promise<void>
  forward(from: { c: string; seq: number }, target: Target): Promise<{ c: string; seq: number }>

  timeline(target: Target): Timeline
  /** One message, from what is known or from history; null when there is nothing to show. */
  message(c: string, seq: number): Promise<TimelineItem | null>
  history(
    c: string,
    page?: { before?: number; after?: number; limit?: number },
  ): Promise<{ items: TimelineItem[]; more: boolean; head: number }>

  conversation(c: string): Conversation | null
  /** The next page of the list; false when there is no further one. Rejects when it does not come; the next call asks again. */
  moreConversations(): Promise<boolean>
  openConversation(user: string): Promise<Conversation>
  pin(c: string, on: boolean): Promise<void>
  mute(c: string, on: boolean): Promise<void>
  hideConversation(c: string): Promise<void>
  deleteConversation(c: string): Promise<void>
  hide(c: string, seq: number): Promise<void>
  /** Everything up to `seq` (default: all that is here) was seen. */
  markRead(c: string, seq?: number): void
  unread(c: string): Promise<UnreadReport>
  /** Keeps what is written but not sent, on all devices of the user; empty text clears it. */
  setDraft(c: string, text: string, re?: number): void

  /** Call it on every key: it sends at most every 3 s. */
  typing(target: Target): void
  /** Follows these users in place of those before; comes again after each connect. */
  watchPresence(users: readonly string[]): void
  presence(user: string): PresenceState | null
  block(user: string, on?: boolean): Promise<void>
  /** Whom the user has blocked, by id. */
  blocked(): Promise<User[]>
  channel(name: string): Promise<Push>
  broadcast(body: string | Body): Promise<number>

  devices(): Promise<Device[]>
  signOutDevice(device: string): Promise<void>
  setProfile(profile: { name?: string; avatar?: string }): Promise<User>

  /** What entries like media and calls stand on. */
  readonly platform: Platform
  /** Any request of the protocol; entries like calls are built on it. */
  request<R = unknown>(t: keyof ClientFrames | (string & {}), fields?: object, options?: RequestOptions): Promise<R>
}
