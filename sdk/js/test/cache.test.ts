// What outlives a reload, and what must not.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { C, entry, FakeStorage, goOnline, greet, message, messages, page, settle, sync, T0, texts, world, type Frame, type World } from './fake.js'
import type { SyncEntry } from '../src/protocol.gen.js'

beforeEach(() => void vi.useFakeTimers({ now: T0 }))
afterEach(() => void vi.useRealTimers())

/** A start whose cache holds one conversation of three. */
async function withPartOfTheList(): Promise<{ after: World; rest: SyncEntry[]; storage: FakeStorage }> {
  const storage = new FakeStorage()
  const before = world({ storage, cache: { conversations: 1 } })
  const rest = ['a', 'b'].map((c) => entry({ c: c.repeat(16), ts: T0 - 1, last: null, items: [] }))
  await goOnline(before, [entry(), ...rest])
  before.client.close()
  await settle()
  const after = world({ storage })
  await settle()
  expect(after.client.conversations).toHaveLength(1)
  return { after, rest, storage }
}

describe('the cache', () => {
  it('opens the app offline, and resumes from the cursor that it covers', async () => {
    const storage = new FakeStorage()
    const before = world({ storage })
    const socket = await goOnline(before, [entry({ unread: 1, read: 9 })])
    socket.tell({ t: 'msg', ...message(11) })
    socket.tell({ t: 'push', channel: 'pay', version: 4, ts: T0, data: 1 })
    await vi.advanceTimersByTimeAsync(3_000)
    const after = world({ storage })
    await settle()
    expect(after.client.state).toBe('idle')
    expect(after.client.user?.id).toBe('小明')
    expect(after.client.conversations).toMatchObject([{ c: C, unread: 2, last: { seq: 11 } }])
    expect(texts(after.client.timeline(C).view.items)).toEqual(['text 10', 'text 11'])
    void after.client.connect()
    await settle()
    after.transport.socket.open()
    expect(after.transport.socket.last('hello')).toMatchObject({ cursor: 'cur-1', channels: [['pay', 4]] })
    after.transport.socket.tell({ t: 'error', r: 1, code: 'x', retry: 'later', message: '' })
  })

  it('tells after a reload what came meanwhile, and nothing again that was told before', async () => {
    const storage = new FakeStorage()
    const before = world({ storage })
    const socket = await goOnline(before, [entry()])
    socket.tell({ t: 'msg', ...message(11) })
    before.client.close()
    await settle()
    const after = world({ storage })
    await goOnline(after, [entry({ head: 13, items: messages(11, 13) })])
    expect(after.events.message.map(({ seq }) => seq)).toEqual([12, 13])
  })

  it('does not lose a message that was waiting behind a hole when the page was reloaded', async () => {
    const storage = new FakeStorage()
    const before = world({ storage })
    const socket = await goOnline(before, [entry()])
    socket.tell({ t: 'msg', ...message(13) })
    await vi.advanceTimersByTimeAsync(3_000)
    const after = world({ storage })
    after.transport.auto.set('history', (asked: Frame) => page(asked, 13))
    // The cursor covers 13: the server says that nothing was missed.
    await goOnline(after, [])
    expect(after.events.message.map(({ seq }) => seq)).toEqual([11, 12, 13])
  })

  it('never holds a cursor without what it covers', async () => {
    const storage = new FakeStorage()
    const given = world({ storage })
    given.transport.auto.delete('inbox')
    const socket = await goOnline(given, [])
    // An unknown conversation is being asked for when the cursor moves on.
    socket.tell({ t: 'msg', ...message(1) })
    await vi.advanceTimersByTimeAsync(100)
    given.client.nudge()
    socket.reply(socket.last('ping'), { t: 'pong', n: 1, cur: 'cur-2', now: T0 })
    await vi.advanceTimersByTimeAsync(3_000)
    expect([...storage.values.values()].join()).not.toContain('cur-2')
    socket.reply(socket.last('inbox'), { t: 'inbox', convs: [entry({ head: 1 })], next: null })
    await vi.advanceTimersByTimeAsync(3_000)
    const cached = JSON.parse(storage.values.get('magpie.小明/cache') ?? '{}')
    expect(cached).toMatchObject({ cursor: 'cur-2', entries: [{ c: C }] })
  })

  it('is bounded', async () => {
    const storage = new FakeStorage()
    const given = world({ storage, cache: { conversations: 3, messages: 5 } })
    given.transport.auto.set('history', (asked: Frame) => page(asked, 10))
    const many = Array.from({ length: 6 }, (_, at) => entry({ c: `${at}`.repeat(16), ts: T0 + at, last: null, items: [] }))
    await goOnline(given, [...many, entry({ ts: T0 + 100 })])
    await given.client.timeline(C).open()
    await vi.advanceTimersByTimeAsync(3_000)
    const cached = JSON.parse(storage.values.get('magpie.小明/cache') ?? '{}')
    expect(cached.entries.map(({ c }: { c: string }) => c)).toEqual([C, '5'.repeat(16), '4'.repeat(16)])
    expect(cached.timelines[0][3].map(({ seq }: { seq: number }) => seq)).toEqual([6, 7, 8, 9, 10])
    const after = world({ storage })
    const rest = many.map((one) => ({ ...one }))
    after.transport.auto.set('inbox', () => ({ t: 'inbox', convs: rest, next: null }))
    await goOnline(after, [])
    expect(after.client.conversations).toHaveLength(7)
  })

  it('of a part of the list brings the rest, also behind a page that the app has just asked for', async () => {
    const { after, rest } = await withPartOfTheList()
    after.transport.auto.delete('inbox')
    void after.client.connect()
    const socket = await greet(after)
    const asked = after.client.moreConversations()
    socket.tell(sync())
    await settle()
    expect(socket.all('inbox')).toHaveLength(1)
    socket.reply(socket.last('inbox'), { t: 'inbox', convs: rest.slice(0, 1), next: 'mark-1' })
    expect(await asked).toBe(true)
    await settle()
    expect(socket.last('inbox').before).toBe('mark-1')
    socket.reply(socket.last('inbox'), { t: 'inbox', convs: rest.slice(1), next: null })
    await settle()
    expect(after.client.conversations).toHaveLength(3)
    expect(socket.all('inbox')).toHaveLength(2)
  })

  it('of a part of the list that stays one, because the rest was refused, says so to the next start', async () => {
    const { after, storage } = await withPartOfTheList()
    after.transport.auto.delete('inbox')
    const socket = await goOnline(after)
    socket.refuse(socket.last('inbox'), 'rate_limited', { retry: 'later' })
    await vi.advanceTimersByTimeAsync(3_000)
    expect(socket.all('inbox')).toHaveLength(1)
    after.client.close()
    const third = world({ storage })
    expect((await goOnline(third)).all('inbox')).toHaveLength(1)
  })

  it('goes on a gap, the queue stays', async () => {
    const storage = new FakeStorage()
    const before = world({ storage })
    await goOnline(before, [entry()])
    await vi.advanceTimersByTimeAsync(3_000)
    before.transport.socket.end(1006)
    const out = before.client.send(C, 'kept')
    await vi.advanceTimersByTimeAsync(500)
    const socket = await greet(before, { epoch: 'e2' })
    socket.tell({ t: 'sync', gap: true, more: true, convs: [] })
    expect(before.client.conversations).toEqual([])
    await settle()
    expect(storage.values.has('magpie.小明/cache')).toBe(false)
    socket.tell(sync([entry({ head: 3 })], { cur: 'cur-9' }))
    await settle()
    expect(before.events.sync.at(-1)).toEqual({ gap: true })
    expect(before.events.message).toEqual([])
    expect(socket.all('send')).toEqual([expect.objectContaining({ cid: out.cid })])
    expect(texts(before.client.timeline(C).view.items)).toEqual(['text 3', 'kept'])
  })

  it('of another user is not shown when the app knows who it is', async () => {
    const storage = new FakeStorage()
    const before = world({ storage })
    await goOnline(before, [entry()])
    await vi.advanceTimersByTimeAsync(3_000)
    const after = world({ storage, user: 'A' })
    await settle()
    expect(after.client.conversations).toEqual([])
    expect(after.client.user).toBeNull()
  })

  it('that is damaged is none', async () => {
    const storage = new FakeStorage()
    storage.values.set('magpie.user', '小明')
    storage.values.set('magpie.小明/cache', '{"v":1,"entries":')
    storage.values.set('magpie.小明/queue', '[null, 5, {"cid":1}]')
    const given = world({ storage })
    const socket = await goOnline(given, [entry()])
    expect(socket.last('hello')).not.toHaveProperty('cursor')
    expect(given.client.outgoing).toEqual([])
  })

  it('goes with the user who signs out', async () => {
    const storage = new FakeStorage()
    const given = world({ storage, device: undefined as never })
    await goOnline(given, [entry()])
    given.client.send(C, 'unsent')
    await vi.advanceTimersByTimeAsync(3_000)
    await given.client.signOut()
    expect([...storage.values.keys()]).toEqual(['magpie.device'])
    expect(given.client.conversations).toEqual([])
    expect(given.client.user).toBeNull()
  })
})

describe('the device id', () => {
  it('is made once and kept', async () => {
    const storage = new FakeStorage()
    const devices: unknown[] = []
    for (let start = 0; start < 2; start++) {
      const given = world({ storage, device: undefined as never })
      given.transport.randomId = () => `random-${start}`
      devices.push((await goOnline(given)).last('hello').device)
    }
    expect(devices[0]).toBe(devices[1])
  })
})

describe('a storage that is full or denied', () => {
  it('is told about once, and everything else works', async () => {
    const storage = new FakeStorage()
    storage.denied = true
    const given = world({ storage })
    const socket = await goOnline(given, [entry()])
    const out = given.client.send(C, 'hi')
    socket.reply(socket.last('send'), { t: 'ack', c: C, id: 'x', seq: 11, ts: T0 })
    socket.tell({ t: 'msg', ...message(12) })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(out.status).toBe('sent')
    expect(given.events.message.map(({ seq }) => seq)).toEqual([11, 12])
    expect(given.events.error.map(({ code }) => code)).toEqual(['storage'])
  })
})
