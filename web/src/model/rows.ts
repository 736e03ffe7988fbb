// What the message list draws: day lines, grouped bubbles, notes. Pure functions over items.

import { isGone, type Item, type Message } from '../protocol/types'
import type { PendingMessage } from './chat'

export type MessageState = 'sending' | 'sent' | 'delivered' | 'read' | 'failed'

export interface Bubble {
  kind: 'bubble'
  key: string
  from: string
  own: boolean
  ts: number
  text: string
  state: MessageState
  error: string
  cid: string
  /** First and last of a run by one sender. */
  head: boolean
  tail: boolean
}

export type Row =
  | Bubble
  | { kind: 'day'; key: string; ts: number }
  | { kind: 'unread'; key: string }
  | { kind: 'note'; key: string; note: 'recalled' }

export interface RowContext {
  me: string
  peerDelivered: number
  peerRead: number
  /** A line is drawn above the first message of others behind this seq; null for none. */
  readWhenOpened: number | null
}

/** Longer pauses start a new group. */
const GROUP_MS = 5 * 60_000

export function buildRows(items: readonly Item[], pending: readonly PendingMessage[], ctx: RowContext): Row[] {
  const rows: Row[] = []
  let unreadAfter = ctx.readWhenOpened ?? Infinity
  for (const item of items) {
    if (!isGone(item)) {
      const isFirstUnread = item.seq > unreadAfter && item.from !== ctx.me
      if (isFirstUnread) unreadAfter = Infinity
      push(rows, stored(item, ctx), isFirstUnread)
    } else if (item.gone === 'recalled') {
      rows.push({ kind: 'note', key: `g${item.from}`, note: 'recalled' })
    }
  }
  for (const one of pending) push(rows, waiting(one, ctx))
  return rows
}

function stored(m: Message, ctx: RowContext): Bubble {
  const own = m.from === ctx.me
  const state = m.seq <= ctx.peerRead ? 'read' : m.seq <= ctx.peerDelivered ? 'delivered' : 'sent'
  // The key of an own message is its cid, so that its bubble stays the same when it is stored.
  const key = m.cid ?? `s${m.seq}`
  return bubble({ key, from: m.from, own, ts: m.ts, text: m.b.x, state, cid: m.cid ?? '' })
}

function waiting(p: PendingMessage, ctx: RowContext): Bubble {
  const state = p.state === 'stored' ? 'sent' : p.state
  return bubble({ key: p.cid, from: ctx.me, own: true, ts: p.ts, text: p.body.x, state, cid: p.cid, error: p.error })
}

function bubble(fields: Partial<Bubble> & Pick<Bubble, 'key' | 'from' | 'own' | 'ts' | 'text' | 'state' | 'cid'>): Bubble {
  return { kind: 'bubble', error: '', head: true, tail: true, ...fields }
}

function push(rows: Row[], next: Bubble, isFirstUnread = false): void {
  const previous = rows.at(-1)
  const before = rows.findLast((row): row is Bubble => row.kind === 'bubble')
  if (!before || dayOf(before.ts) !== dayOf(next.ts)) {
    rows.push({ kind: 'day', key: `d${dayOf(next.ts)}`, ts: next.ts })
  } else if (!isFirstUnread && previous === before && before.from === next.from && next.ts - before.ts < GROUP_MS) {
    before.tail = false
    next.head = false
  }
  // Where all is new, a line says nothing.
  if (isFirstUnread && before) rows.push({ kind: 'unread', key: 'unread' })
  rows.push(next)
}

export function dayOf(ts: number): string {
  const date = new Date(ts)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}
