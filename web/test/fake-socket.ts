// A socket whose other end is the test.

import type { SocketLike } from '../src/protocol/connection'

export interface SentFrame {
  t: string
  r: number
  [field: string]: unknown
}

export class FakeSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  readonly sent: SentFrame[] = []
  isClosed = false

  send(text: string): void {
    this.sent.push(JSON.parse(text) as SentFrame)
  }

  close(): void {
    this.isClosed = true
  }

  open(): void {
    this.onopen?.()
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }

  drop(code: number, reason = ''): void {
    this.onclose?.({ code, reason })
  }

  /** The frames of a type that were sent so far. */
  of(t: string): SentFrame[] {
    return this.sent.filter((frame) => frame.t === t)
  }

  last(t: string): SentFrame {
    const frame = this.of(t).at(-1)
    if (!frame) throw new Error(`no ${t} was sent`)
    return frame
  }
}

/** Hands out sockets and remembers them. */
export class FakeNetwork {
  readonly sockets: FakeSocket[] = []

  readonly open = (): FakeSocket => {
    const socket = new FakeSocket()
    this.sockets.push(socket)
    return socket
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('nothing was opened')
    return socket
  }
}

export const ME = { id: 'me', name: 'Me', avatar: '', role: 'user' }
export const BOB = { id: 'bob', name: 'Bob', avatar: '', role: 'user' }

export function ready(fields: object = {}): object {
  return { t: 'ready', r: 1, v: 1, server: 'magpie', user: ME, epoch: 'e', heartbeat_ms: 30_000, now: 0, ...fields }
}

export function message(seq: number, from = 'bob', fields: object = {}): {
  c: string
  seq: number
  id: string
  from: string
  ts: number
  b: { k: string; x: string }
} {
  return { c: 'c1', seq, id: `id${seq}`, from, ts: seq * 1000, b: { k: 'text', x: `m${seq}` }, ...fields }
}

export function entry(fields: object = {}): object {
  const numbers = { head: 0, rev: 1, ts: 0, unread: 0, read: 0, cleared: 0, delivered: 0, peer_read: 0, peer_delivered: 0 }
  return { c: 'c1', kind: 'direct', peer: BOB, visible: true, pin: false, mute: false, last: null, ...numbers, ...fields }
}
