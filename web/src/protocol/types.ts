// The words of the native protocol v1 as this page uses them; docs/protocol.md is normative.

export interface User {
  id: string
  name: string
  avatar: string
  role: string
}

/** Kind and text; every kind has a text, so an unknown kind is shown by it. */
export interface Body {
  k: string
  x: string
}

export interface Message {
  c: string
  seq: number
  id: string
  from: string
  ts: number
  b: Body
  /** Idempotency key; only on the sender's own devices. */
  cid?: string
}

/** A range of seqs that has nothing to show any more. */
export interface Gone {
  from: number
  to: number
  gone: string
}

export type Item = Message | Gone

export function isGone(item: Item): item is Gone {
  return 'gone' in item
}

export interface Entry {
  c: string
  kind: string
  peer: User | null
  head: number
  rev: number
  ts: number
  unread: number
  read: number
  cleared: number
  delivered: number
  visible: boolean
  pin: boolean
  mute: boolean
  peer_read: number
  peer_delivered: number
  last: Message | null
}

export interface SyncEntry extends Entry {
  items?: Item[]
  hole?: [number, number]
}

export interface Ready {
  t: 'ready'
  server: string
  user: User
  epoch: string
  heartbeat_ms: number
  limits?: { body_bytes?: number }
  now: number
  expires?: number
}

export interface Sync {
  t: 'sync'
  gap: boolean
  more: boolean
  cur?: string
  convs: SyncEntry[]
}

export interface Pong {
  t: 'pong'
  cur?: string
  n?: number
  now: number
}

export interface Ack {
  c: string
  id: string
  seq: number
  ts: number
  dup?: boolean
}

export interface HistoryPage {
  c: string
  head: number
  more: boolean
  items: Item[]
}

export interface InboxPage {
  convs: Entry[]
  next: string | null
}

export interface PresenceState {
  user: string
  online: boolean
  last_seen: number
}

export interface Push {
  channel: string
  version: number
  ts: number
  data: unknown
}

/** What the server says unasked, after `ready`. */
export type ServerEvent =
  | Sync
  | ({ t: 'msg' } & Message)
  | { t: 'receipt'; c: string; user: string; delivered: number; read: number }
  | { t: 'typing'; c: string; user: string }
  | ({ t: 'presence' } & PresenceState)
  | ({ t: 'conv.state'; c: string } & Partial<ConversationState>)
  | { t: 'msg.hidden'; c: string; seq: number }
  | ({ t: 'push' } & Push)
  | { t: 'broadcast'; from?: string; b: Body }

export interface ConversationState {
  read: number
  cleared: number
  hidden: number
  pin: boolean
  mute: boolean
  unread: number
}

/** Events that `n` of a pong counts. */
export const DURABLE_EVENTS: ReadonlySet<string> = new Set(['msg', 'conv.state', 'msg.hidden'])

export const SUBPROTOCOL = 'magpie.v1'
