// Conversations, unread counts and shared changes: what the list and the app see.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Item } from '../src/protocol.gen.js'
import { C, entry, goOnline, greet, ME, message, messages, page, PEER, settle, sync, T0, texts, world, type Frame, type World } from './fake.js'

beforeEach(() => void vi.useFakeTimers({ now: T0 }))
afterEach(() => void vi.useRealTimers())

const D = '4efbef18c974044f'
const one = (given: World) => given.client.conversation(C)

function change(rev: number, seq: number, item: Item, kind = 'edit', by = PEER.id): object {
  return { t: 'msg.change', c: C, rev, seq, kind, by, ts: T0, item }
}

const recalled = (seq: number, by = PEER.id): Item => ({ from: seq, to: seq, gone: 'recalled', by })
const edited = (seq: number, rev: number, x: string, more: object = {}): Item =>
  message(seq, { rev, edited: T0, b: { k: 'text', x }, ...more })

describe('the list', () => {
  it('stands in order: pinned first, then the newest; and moves with messages', async () => {
    const given = world()
    const B = 'bbbbbbbbbbbbbbbb'
    const socket = await goOnline(given, [
      entry({ c: D, ts: T0 + 30, last: null }),
      entry({ c: C, ts: T0 + 20 }),
      entry({ c: B, ts: T0 + 10, pin: true, last: null }),
      entry({ c: 'cccccccccccccccc', visible: false }),
    ])
    expect(given.client.conversations.map(({ c }) => c)).toEqual([B, D, C])
    const told = given.events.conversations.length
    socket.tell({ t: 'msg', ...message(11, { ts: T0 + 40 }) })
    await settle()
    expect(given.client.conversations.map(({ c }) => c)).toEqual([B, C, D])
    expect(given.events.conversations).toHaveLength(told + 1)
    expect(given.events.conversations.at(-1)).toBe(given.client.conversations)
  })

  it('hides what is hidden until the next message', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    const state = { t: 'conv.state', c: C, read: 10, cleared: 0, pin: false, mute: false, unread: 0 }
    socket.tell({ ...state, hidden: 10 })
    expect(given.client.conversations).toEqual([])
    socket.tell({ t: 'msg', ...message(11) })
    expect(given.client.conversations).toMatchObject([{ c: C }])
  })

  it('takes the answers of its own requests', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    const pinned = given.client.pin(C, true)
    socket.reply(socket.last('conv.pin'), { t: 'conv', ...entry({ pin: true }) })
    await pinned
    expect(one(given)?.pin).toBe(true)
    const opened = given.client.openConversation('A')
    socket.reply(socket.last('conv.open'), { t: 'conv', ...entry({ c: D, head: 0, peer: { ...PEER, id: 'A' } }) })
    expect(await opened).toMatchObject({ c: D, peer: { id: 'A' } })
  })

  it('fetches page after page', async () => {
    const given = world()
    const pages = [
      { t: 'inbox', convs: [entry()], next: 'mark-1' },
      { t: 'inbox', convs: [entry({ c: D, last: null })], next: null },
    ]
    given.transport.auto.set('inbox', () => pages.shift() ?? {})
    const socket = await goOnline(given)
    expect(await given.client.moreConversations()).toBe(true)
    expect(await given.client.moreConversations()).toBe(false)
    expect(await given.client.moreConversations()).toBe(false)
    expect(socket.all('inbox').map(({ before }) => before)).toEqual([undefined, 'mark-1'])
    expect(given.client.conversations).toHaveLength(2)
  })

  it('waits for the answer that is on its way before it asks for the next page', async () => {
    const given = world()
    given.transport.auto.delete('inbox')
    const socket = await goOnline(given)
    // A conversation that is not listed here is being asked for.
    socket.tell({ t: 'msg', ...message(1) })
    const more = given.client.moreConversations()
    await settle()
    expect(socket.all('inbox')).toHaveLength(1)
    socket.reply(socket.last('inbox'), { t: 'inbox', convs: [entry({ head: 1 })], next: 'mark-1' })
    await settle()
    expect(socket.all('inbox').map(({ before }) => before)).toEqual([undefined, 'mark-1'])
    socket.reply(socket.last('inbox'), { t: 'inbox', convs: [entry({ c: D, last: null })], next: null })
    expect(await more).toBe(false)
  })

  it('asks once more, when the answer is here, for conversations that came up meanwhile', async () => {
    const given = world()
    given.transport.auto.delete('inbox')
    const socket = await goOnline(given)
    for (const c of [C, D, 'e'.repeat(16)]) socket.tell({ t: 'msg', ...message(1, { c }) })
    expect(socket.all('inbox')).toHaveLength(1)
    for (let asked = 1; asked <= 2; asked++) {
      socket.reply(socket.last('inbox'), { t: 'inbox', convs: [], next: null })
      await settle()
    }
    expect(socket.all('inbox').map(({ before }) => before)).toEqual([undefined, undefined])
  })

  it('says when a page did not come, and asks for the same one again', async () => {
    const given = world()
    given.transport.auto.delete('inbox')
    const socket = await goOnline(given)
    const refused = expect(given.client.moreConversations()).rejects.toMatchObject({ code: 'rate_limited', retryable: true })
    socket.refuse(socket.last('inbox'), 'rate_limited', { retry: 'later' })
    await refused
    const more = given.client.moreConversations()
    socket.reply(socket.last('inbox'), { t: 'inbox', convs: [entry()], next: 'mark-1' })
    expect(await more).toBe(true)
    expect(socket.all('inbox').map(({ before }) => before)).toEqual([undefined, undefined])
  })
})

describe('unread', () => {
  it('counts the messages of others above what was read, and sums what is not muted', async () => {
    const given = world()
    const socket = await goOnline(given, [entry(), entry({ c: D, unread: 5, mute: true, last: null })])
    socket.tell({ t: 'msg', ...message(11) })
    socket.tell({ t: 'msg', ...message(12, { from: ME.id, cid: 'x' }) })
    socket.tell({ t: 'msg', ...message(13) })
    expect(one(given)?.unread).toBe(2)
    expect(given.client.unreadTotal).toBe(2)
  })

  it('falls when something is read here, and tells the server soon and once', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    for (const seq of [11, 12, 13]) socket.tell({ t: 'msg', ...message(seq) })
    given.client.markRead(C, 11)
    expect(one(given)?.unread).toBe(2)
    given.client.markRead(C)
    expect(one(given)?.unread).toBe(0)
    await vi.advanceTimersByTimeAsync(200)
    expect(socket.all('receipt')).toEqual([{ t: 'receipt', r: expect.any(Number), delivered: [[C, 13]], read: [[C, 13]] }])
    given.client.markRead(C)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(socket.all('receipt')).toHaveLength(1)
  })

  it('is corrected by the server, but not by a word that is older than the last read here', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    socket.tell({ t: 'msg', ...message(11) })
    const state = { t: 'conv.state', c: C, cleared: 0, hidden: 0, pin: false, mute: false }
    socket.tell({ ...state, read: 10, unread: 7 })
    expect(one(given)?.unread).toBe(7)
    given.client.markRead(C)
    socket.tell({ ...state, read: 10, unread: 7 })
    expect(one(given)).toMatchObject({ unread: 0, read: 11 })
  })

  it('never counts what was recalled or hidden, nor counts it off twice', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    for (const seq of [11, 12, 13]) socket.tell({ t: 'msg', ...message(seq) })
    socket.tell(change(1, 12, recalled(12), 'recall'))
    socket.tell(change(1, 12, recalled(12), 'recall'))
    expect(one(given)?.unread).toBe(2)
    socket.tell({ t: 'msg.hidden', c: C, seq: 11 })
    expect(one(given)?.unread).toBe(1)
  })

  it('counts off a recall of a message that was never loaded here', async () => {
    const given = world()
    const socket = await goOnline(given, [entry({ head: 100, read: 90, unread: 10 })])
    socket.tell(change(1, 95, recalled(95), 'recall'))
    expect(one(given)?.unread).toBe(9)
    socket.tell(change(2, 40, recalled(40), 'recall'))
    socket.tell(change(3, 96, recalled(96, ME.id), 'recall', ME.id))
    expect(one(given)?.unread).toBe(9)
  })

  it('is never marked above a hole', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    socket.tell({ t: 'msg', ...message(13) })
    given.client.markRead(C, 13)
    await vi.advanceTimersByTimeAsync(200)
    expect(socket.all('receipt')).toEqual([])
  })
})

describe('receipts', () => {
  it('say again after a reconnect what was delivered, because a crash may have lost it', async () => {
    const given = world()
    const first = await goOnline(given, [entry()])
    first.tell({ t: 'msg', ...message(11) })
    await vi.advanceTimersByTimeAsync(200)
    expect(first.all('receipt')).toHaveLength(1)
    first.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    const second = await greet(given)
    second.tell(sync())
    await vi.advanceTimersByTimeAsync(200)
    expect(second.all('receipt')).toEqual([expect.objectContaining({ delivered: [[C, 11]] })])
  })

  it('that the server refused for the rate go out again later', async () => {
    const given = world()
    given.transport.auto.delete('receipt')
    const socket = await goOnline(given, [entry()])
    socket.tell({ t: 'msg', ...message(11) })
    await vi.advanceTimersByTimeAsync(200)
    socket.refuse(socket.last('receipt'), 'rate_limited', { retry: 'after_ms', after_ms: 100 })
    socket.tell({ t: 'msg', ...message(12) })
    await vi.advanceTimersByTimeAsync(200)
    expect(socket.last('receipt')).toMatchObject({ delivered: [[C, 12]] })
  })
})

describe('a shared change', () => {
  it('edits, reacts and recalls in timeline and list', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    const { client } = given
    const shown = () => client.timeline(C).view.items.at(-1)
    socket.tell(change(1, 10, edited(10, 1, 'better')))
    expect(shown()).toMatchObject({ key: `${C}:10`, body: { x: 'better' }, edited: T0 })
    expect(one(given)?.last).toMatchObject({ body: { x: 'better' } })
    socket.tell(change(2, 10, edited(10, 2, 'better', { reactions: [['👍', ['小明', '翠花']]] }), 'react'))
    expect(shown()).toMatchObject({ reactions: [{ e: '👍', users: ['小明', '翠花'], own: true }] })
    socket.tell(change(3, 10, recalled(10), 'recall'))
    expect(shown()).toMatchObject({ type: 'gone', gone: 'recalled', by: PEER.id })
    expect(one(given)?.last).toMatchObject({ type: 'gone', gone: 'recalled' })
    expect(given.events.change.map(({ kind }) => kind)).toEqual(['edit', 'react', 'recall'])
  })

  it('of an own message keeps its key on the screen', async () => {
    const given = world()
    const own = message(10, { from: ME.id, cid: 'my-cid' })
    const socket = await goOnline(given, [entry({ last: own, items: [own] })])
    socket.tell(change(1, 10, edited(10, 1, 'better', { from: ME.id })))
    expect(given.client.timeline(C).view.items).toMatchObject([{ key: 'my-cid', body: { x: 'better' } }])
  })

  it('that is older than what is here changes nothing; recalled is final, hidden stays hidden', async () => {
    const given = world()
    given.transport.auto.set('history', (asked: Frame) => page(asked, 10))
    const socket = await goOnline(given, [entry()])
    const timeline = given.client.timeline(C)
    await timeline.open()
    socket.tell(change(1, 10, edited(10, 1, 'one')))
    socket.tell(change(2, 10, edited(10, 2, 'two')))
    socket.tell(change(1, 10, edited(10, 1, 'one')))
    expect(texts(timeline.view.items).at(-1)).toBe('two')
    socket.tell(change(3, 9, recalled(9), 'recall'))
    socket.tell(change(4, 9, edited(9, 4, 'back from the dead')))
    socket.tell({ t: 'msg.hidden', c: C, seq: 8 })
    socket.tell(change(5, 8, edited(8, 5, 'seen again')))
    socket.tell(change(6, 8, recalled(8), 'recall'))
    expect(texts(timeline.view.items).slice(-3)).toEqual(['text 7', '(recalled)', 'two'])
  })

  it('that overtakes the page with its message is not lost', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    const timeline = given.client.timeline(C)
    const opening = timeline.open()
    socket.tell(change(1, 5, edited(5, 1, 'newer')))
    socket.tell(change(2, 6, recalled(6), 'recall'))
    socket.reply(socket.last('history'), page(socket.last('history'), 10))
    await opening
    expect(texts(timeline.view.items).slice(3, 7)).toEqual(['text 4', 'newer', '(recalled)', 'text 7'])
  })

  it('that was missed is asked for, page after page, when a jump shows it', async () => {
    const given = world()
    given.transport.auto.set('history', (asked: Frame) => page(asked, 10))
    const socket = await goOnline(given, [entry()])
    const timeline = given.client.timeline(C)
    await timeline.open()
    socket.tell(change(4, 10, edited(10, 4, 'four')))
    expect(socket.last('changes')).toMatchObject({ c: C, after: 0 })
    socket.reply(socket.last('changes'), { t: 'changes', c: C, rev: 2, more: true, items: [edited(7, 2, 'two')] })
    await settle()
    expect(socket.last('changes')).toMatchObject({ after: 2 })
    socket.reply(socket.last('changes'), { t: 'changes', c: C, rev: 4, more: false, items: [recalled(8), edited(10, 4, 'four')] })
    await settle()
    expect(texts(timeline.view.items).slice(-4)).toEqual(['two', '(recalled)', 'text 9', 'four'])
    socket.tell(change(5, 10, edited(10, 5, 'five')))
    expect(socket.all('changes')).toHaveLength(2)
  })

  it('that a resume did not bring is asked for after what is applied', async () => {
    const given = world()
    given.transport.auto.set('history', (asked: Frame) => page(asked, 10))
    const socket = await goOnline(given, [entry({ rev: 3 })])
    await given.client.timeline(C).open()
    socket.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    const next = await greet(given)
    next.tell(sync([entry({ rev: 90, changes: 3, items: [edited(10, 90, 'ninety')] })]))
    await settle()
    expect(next.last('changes')).toMatchObject({ c: C, after: 3 })
    next.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    const third = await greet(given)
    third.tell(sync([entry({ rev: 91, items: [edited(9, 91, 'ninety-one')] })]))
    await settle()
    // What the broken line left undone is not forgotten because the next resume is complete.
    expect(third.last('changes')).toMatchObject({ after: 3 })
  })

  it('asks and answers by its requests', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    const { client } = given
    const done = Promise.all([
      client.recall(C, 10),
      client.edit(C, 10, '在吗??'),
      client.react(C, 10, '👍'),
      client.react(C, 10, '👍', false),
    ])
    const asked = socket.sent.slice(1).filter(({ t }) => t.startsWith('msg.'))
    for (const frame of asked) socket.reply(frame, { t: 'ok' })
    await done
    expect(asked.map((frame) => ({ ...frame, r: undefined }))).toEqual([
      { t: 'msg.recall', c: C, seq: 10 },
      { t: 'msg.edit', c: C, seq: 10, b: { k: 'text', x: '在吗??' } },
      { t: 'msg.react', c: C, seq: 10, e: '👍', on: true },
      { t: 'msg.react', c: C, seq: 10, e: '👍', on: false },
    ])
  })

  it('too late is refused by its code', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    const refused = given.client.recall(C, 10)
    socket.refuse(socket.last('msg.recall'), 'too_late')
    await expect(refused).rejects.toMatchObject({ code: 'too_late', retryable: false })
  })

  it('forwards, and fetches the copy that the server made', async () => {
    const given = world()
    const socket = await goOnline(given, [entry(), entry({ c: D, peer: { ...PEER, id: 'A' }, head: 3, last: null, items: [] })])
    const forwarded = given.client.forward({ c: C, seq: 10 }, { to: 'A' })
    expect(socket.last('msg.forward')).toMatchObject({ c: C, seq: 10, into: D, cid: expect.any(String) })
    socket.reply(socket.last('msg.forward'), { t: 'ack', c: D, id: 'm-4', seq: 4, ts: T0 })
    expect(await forwarded).toEqual({ c: D, seq: 4 })
    expect(socket.last('history')).toMatchObject({ c: D, after: 3, limit: 1 })
    const copy = message(4, { c: D, from: ME.id, cid: 'x', b: { k: 'text', x: 'text 10', fw: { from: PEER.id, ts: T0 } } })
    socket.reply(socket.last('history'), { t: 'history', c: D, head: 4, more: false, items: [copy] })
    await settle()
    expect(given.client.conversation(D)?.last).toMatchObject({ body: { fw: { from: PEER.id } } })
    expect(given.events.message).toMatchObject([{ c: D, seq: 4, own: true }])
  })
})

describe('a long conversation', () => {
  it('is told completely, in order, however pages and events are mixed', async () => {
    const given = world()
    let head = 10
    given.transport.auto.set('history', (asked: Frame) => page(asked, head))
    const socket = await goOnline(given, [entry()])
    head = 300
    for (const seq of [300, 20, 150, 11, 299, 151]) socket.tell({ t: 'msg', ...message(seq) })
    await settle()
    expect(given.events.message.map(({ seq }) => seq)).toEqual(messages(11, 300).map(({ seq }) => seq))
  })
})
