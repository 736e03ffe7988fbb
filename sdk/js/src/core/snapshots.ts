// Makes what the app sees of what is on the wire. The same item in the same state is the same object.

import type { Item } from '../protocol.gen.js'
import type { Message, MessageStatus, TimelineItem } from '../types.js'
import { isGone } from './places.js'

export interface Marks {
  me: string
  peerRead: number
  peerDelivered: number
}

const made = new WeakMap<Item, TimelineItem>()

export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

export function snapshot(c: string, item: Item, { me, peerRead, peerDelivered }: Marks): TimelineItem {
  const known = made.get(item)
  if (isGone(item)) {
    if (known) return known
    const { from, to, gone, by = '' } = item
    return keep(item, { type: 'gone', key: `${c}:${from}`, c, from, to, gone, by })
  }
  const own = item.from === me
  let status: MessageStatus = 'received'
  if (own) status = item.seq <= peerRead ? 'read' : item.seq <= peerDelivered ? 'delivered' : 'sent'
  if (known && (known as Message).status === status) return known
  const { seq, id, from, ts, b, cid = '', edited = 0 } = item
  return keep(item, {
    type: 'message',
    key: own && cid ? cid : `${c}:${seq}`,
    ...{ c, seq, id, cid, from, own, ts, body: b, status, error: null, edited },
    reactions: (item.reactions ?? []).map(([e, users]) => ({ e, users, own: users.includes(me) })),
    re: numberOf(b?.re),
  })
}

function keep(item: Item, made_: TimelineItem): TimelineItem {
  made.set(item, made_)
  return made_
}
