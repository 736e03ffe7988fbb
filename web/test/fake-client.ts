// A client of the SDK that does nothing by itself: tests say what happens and look at what was asked.
import {
  type Client,
  type ClientEvents,
  type Conversation,
  type Limits,
  MagpieError,
  type Message,
  type Outgoing,
  type Status,
  type Target,
  type Timeline,
  type TimelineItem,
  type TimelineView,
  type User,
} from 'magpie-im'
import { vi } from 'vitest'

export const ME: User = { id: '小明', name: '小明', avatar: '', role: 'user' }
export const HUA: User = { id: '翠花', name: '翠花', avatar: '', role: 'user' }
export const C = '1dc8ed6837bc9e7e'
export const NOON = new Date(2026, 4, 1, 12).getTime()

export function message(seq: number, fields: Partial<Message> & { x?: string } = {}): Message {
  const { x = `m${seq}`, ...rest } = fields
  const from = rest.from ?? HUA.id
  const own = from === ME.id
  return {
    type: 'message',
    key: rest.cid ?? `${C}:${seq}`,
    c: C,
    seq,
    id: `id${seq}`,
    cid: '',
    from,
    own,
    ts: NOON + seq * 1000,
    body: { k: 'text', x },
    status: own ? 'sent' : 'received',
    error: null,
    edited: 0,
    reactions: [],
    re: 0,
    ...rest,
  }
}

export function conversation(fields: Partial<Conversation> = {}): Conversation {
  return {
    c: C,
    kind: 'direct',
    peer: HUA,
    head: 0,
    ts: NOON,
    unread: 0,
    read: 0,
    cleared: 0,
    visible: true,
    pin: false,
    mute: false,
    peerRead: 0,
    peerDelivered: 0,
    last: null,
    draft: null,
    typing: [],
    ...fields,
  }
}

const EMPTY: TimelineView = { items: [], atStart: true, atEnd: true, loading: '', error: null }

export class FakeTimeline {
  view: TimelineView = EMPTY
  private readonly heard = new Set<(view: TimelineView) => void>()
  constructor(public c: string) {}
  on(_event: 'change', fn: (view: TimelineView) => void): () => void {
    this.heard.add(fn)
    return () => this.heard.delete(fn)
  }
  show(items: readonly TimelineItem[], fields: Partial<TimelineView> = {}): void {
    this.view = { ...this.view, items, ...fields }
    for (const fn of this.heard) fn(this.view)
  }
  open = vi.fn(async () => undefined)
  loadOlder = vi.fn(async () => undefined)
  loadNewer = vi.fn(async () => undefined)
  loadAround = vi.fn(async (_seq: number): Promise<void> => undefined)
  loadNewest = vi.fn(async () => undefined)
  reset = vi.fn()
}

export class FakeClient {
  status: Status = { state: 'online', synced: true, retryInMs: 0, code: 0, reason: '' }
  user: User | null = ME
  features: readonly string[] = ['changes']
  limits: Limits = { body_bytes: 65_536, in_flight: 64, messages_per_s: 1000, list: 200, recall_ms: 120_000, edit_ms: 86_400_000 }
  now = NOON + 60_000
  conversations: readonly Conversation[] = [conversation()]
  outgoing: Outgoing[] = []
  readonly timelines = new Map<string, FakeTimeline>()
  private readonly heard = new Map<string, Set<(value: never) => void>>()

  on(event: string, fn: (value: never) => void): () => void {
    const set = this.heard.get(event) ?? new Set()
    this.heard.set(event, set.add(fn))
    return () => set.delete(fn)
  }
  emit<E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void {
    if (event === 'conversations') this.conversations = value as readonly Conversation[]
    for (const fn of this.heard.get(event) ?? []) fn(value as never)
  }
  timelineOf(c = C): FakeTimeline {
    const known = this.timelines.get(c) ?? new FakeTimeline(c)
    this.timelines.set(c, known)
    return known
  }
  timeline(target: Target): Timeline {
    const c = typeof target === 'string' ? target : 'c' in target ? target.c : ''
    return this.timelineOf(c)
  }
  conversation(c: string): Conversation | null {
    return this.conversations.find((one) => one.c === c) ?? null
  }
  connect = vi.fn(async () => undefined)
  close = vi.fn()
  signOut = vi.fn(async () => undefined)
  nudge = vi.fn()
  send = vi.fn()
  recall = vi.fn(async (_c: string, _seq: number) => undefined)
  edit = vi.fn(async (_c: string, _seq: number, _body: unknown) => undefined)
  react = vi.fn(async () => undefined)
  forward = vi.fn(async () => ({ c: C, seq: 1 }))
  message = vi.fn(async (_c: string, _seq: number): Promise<TimelineItem | null> => null)
  openConversation = vi.fn(async (user: string) => conversation({ c: `c-${user}`, peer: { ...HUA, id: user, name: user } }))
  moreConversations = vi.fn(async () => false)
  pin = vi.fn(async () => undefined)
  mute = vi.fn(async () => undefined)
  hideConversation = vi.fn(async () => undefined)
  deleteConversation = vi.fn(async () => undefined)
  hide = vi.fn(async () => undefined)
  markRead = vi.fn()
  setDraft = vi.fn()
  typing = vi.fn()
  watchPresence = vi.fn()
  block = vi.fn(async (_user: string, _on?: boolean): Promise<void> => undefined)
  blocked = vi.fn(async (): Promise<User[]> => [])
}

export const asClient = (fake: FakeClient): Client => fake as unknown as Client

export const refused = (code: string): MagpieError => new MagpieError(code, code)

/** Lets planned frames and promises run; the test has fake timers. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(40)
}
