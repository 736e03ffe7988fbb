// A transport without a network: the test is the server. Time is vitest's fake time.
import { vi } from 'vitest'
import { createClient } from '../src/client.js'
import type { SocketHandlers, Storage, Transport } from '../src/core/transport.js'
import type { Entry, Item, MessageItem, SyncEntry } from '../src/protocol.gen.js'
import type { Client, ClientEvents, ClientOptions } from '../src/types.js'

export const ME = { id: '小明', name: '小明', avatar: '', role: 'user' }
export const PEER = { id: '翠花', name: '翠花', avatar: '', role: 'user' }
export const C = '1dc8ed6837bc9e7e'
export const T0 = 1_764_000_000_000

export interface Frame {
  t: string
  r?: number
  [field: string]: unknown
}

export class FakeSocket {
  readonly sent: Frame[] = []
  closedWith: number | null = null
  over = false

  constructor(
    readonly url: string,
    readonly subprotocol: string,
    private readonly handlers: SocketHandlers,
  ) {}

  open(): void {
    this.handlers.onOpen()
  }

  tell(frame: object): void {
    this.handlers.onText(JSON.stringify(frame))
  }

  text(text: string): void {
    this.handlers.onText(text)
  }

  /** The other side, or the network, ends it. */
  end(code: number, reason = ''): void {
    this.over = true
    this.handlers.onClose(code, reason)
  }

  all(t: string): Frame[] {
    return this.sent.filter((frame) => frame.t === t)
  }

  /** The newest frame of a type; a test that expects one that is not there fails here. */
  last(t: string): Frame {
    const found = this.all(t).at(-1)
    if (!found) throw new Error(`no ${t} among: ${this.sent.map((frame) => frame.t).join(', ') || 'nothing'}`)
    return found
  }

  reply(to: Frame, frame: object): void {
    this.tell({ r: to.r, ...frame })
  }

  refuse(to: Frame, code: string, more: object = {}): void {
    this.tell({ t: 'error', r: to.r, code, retry: 'never', message: code, ...more })
  }
}

export class FakeTransport implements Transport {
  readonly sockets: FakeSocket[] = []
  /** What is answered by itself; a test that is about one of these takes it out. */
  readonly auto = new Map<string, (asked: Frame) => object>([
    ['receipt', () => ({ t: 'ok' })],
    ['inbox', () => ({ t: 'inbox', convs: [], next: null })],
  ])
  wake: ((looked: boolean) => void) | null = null
  refuseSockets = false
  private ids = 0

  openSocket(url: string, subprotocol: string, handlers: SocketHandlers): { send(text: string): void; close(code: number): void } {
    if (this.refuseSockets) throw new Error('no network')
    const socket = new FakeSocket(url, subprotocol, handlers)
    this.sockets.push(socket)
    return {
      send: (text) => {
        const frame = JSON.parse(text) as Frame
        socket.sent.push(frame)
        const answer = this.auto.get(frame.t)
        if (answer) socket.reply(frame, answer(frame))
      },
      close: (code) => void (socket.closedWith = code),
    }
  }

  onWake(wake: (looked: boolean) => void): () => void {
    this.wake = wake
    return () => void (this.wake = null)
  }

  randomId(): string {
    return `id-${++this.ids}`
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('no socket was opened')
    return socket
  }
}

/** Storage in memory, with the faults that a test asks for. */
export class FakeStorage implements Storage {
  readonly values = new Map<string, string>()
  denied = false

  async get(key: string): Promise<string | null> {
    if (this.denied) throw new Error('denied')
    return this.values.get(key) ?? null
  }

  async set(key: string, value: string): Promise<void> {
    if (this.denied) throw new Error('QuotaExceededError')
    this.values.set(key, value)
  }

  async remove(key: string): Promise<void> {
    this.values.delete(key)
  }
}

export interface World {
  client: Client
  transport: FakeTransport
  events: { [E in keyof ClientEvents]: ClientEvents[E][] }
}

const EVENTS: (keyof ClientEvents)[] = [
  ...(['state', 'user', 'sync', 'message', 'change', 'conversations', 'outgoing', 'receipt'] as const),
  ...(['typing', 'presence', 'push', 'broadcast', 'kicked', 'frame', 'error'] as const),
]

export function world(options: Partial<ClientOptions> = {}, prepare?: (transport: FakeTransport) => void): World {
  const transport = new FakeTransport()
  prepare?.(transport)
  const client = createClient({
    url: 'http://im.test',
    getToken: () => 'token-1',
    transport,
    device: 'phone-7c2e',
    random: () => 0.5,
    ...options,
  })
  const events = {} as World['events']
  for (const event of EVENTS) {
    const seen: never[] = []
    events[event] = seen
    client.on(event, (value) => void seen.push(value as never))
  }
  return { client, transport, events }
}

export function ready(more: object = {}): object {
  return {
    ...{ t: 'ready', r: 1, v: 1, server: 'magpie 0.1.0', user: ME, epoch: 'e1', conn: '42', heartbeat_ms: 30_000 },
    limits: { body_bytes: 65_536, in_flight: 64, messages_per_s: 1_000, list: 200, draft_bytes: 4_096, media_bytes: 1_000_000 },
    ...{ features: ['changes', 'calls', 'media'], now: T0, expires: T0 + 3_600_000 },
    ...more,
  }
}

export function sync(convs: object[] = [], more: object = {}): object {
  return { t: 'sync', gap: false, more: false, cur: 'cur-1', convs, ...more }
}

/** Lets everything that waits for a promise go on. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

/** Connects up to the end of the first sync. */
export async function goOnline(given: World, convs: object[] = [], more: { ready?: object; sync?: object } = {}): Promise<FakeSocket> {
  const connected = given.client.connect()
  await settle()
  const socket = await greet(given, more.ready)
  socket.tell(sync(convs, more.sync))
  await connected
  await settle()
  return socket
}

/** Answers the hello of the newest socket. */
export async function greet(given: World, more: object = {}): Promise<FakeSocket> {
  await settle()
  const { socket } = given.transport
  socket.open()
  socket.tell(ready(more))
  await settle()
  return socket
}

export function message(seq: number, more: Partial<MessageItem> = {}): MessageItem {
  return { c: C, seq, id: `m-${seq}`, from: PEER.id, ts: T0 + seq, b: { k: 'text', x: `text ${seq}` }, ...more }
}

export function messages(from: number, to: number, more: Partial<MessageItem> = {}): MessageItem[] {
  return Array.from({ length: to - from + 1 }, (_, at) => message(from + at, more))
}

export function entry(more: Partial<SyncEntry> = {}): SyncEntry {
  const head = more.head ?? 10
  const newest: Item | null = head > 0 ? message(head) : null
  const made: Entry = {
    ...{ c: C, kind: 'direct', peer: PEER, head, rev: 0, ts: T0 + head, unread: 0, read: head, cleared: 0 },
    ...{ delivered: head, visible: true, pin: false, mute: false, peer_read: 0, peer_delivered: 0, last: newest },
  }
  return { ...made, ...(newest && { items: [newest] }), ...more }
}

/** A history page as the server cuts it out of a dense conversation 1..head. */
export function page(asked: Frame, head: number, items?: Item[]): object {
  const { before, after, limit = 50 } = asked as { before?: number; after?: number; limit?: number }
  const size = limit as number
  const from = after !== undefined ? after + 1 : Math.max(1, (before ?? head + 1) - size)
  const to = after !== undefined ? Math.min(head, after + size) : (before ?? head + 1) - 1
  const more = after !== undefined ? to < head : from > 1
  return { t: 'history', c: C, head, more, items: items ?? (to >= from ? messages(from, to) : []) }
}

export function texts(items: readonly object[]): string[] {
  return items.map((item) => {
    if ('body' in item) return (item as { body: { x: string } }).body.x
    return `(${(item as { gone: string }).gone})`
  })
}
