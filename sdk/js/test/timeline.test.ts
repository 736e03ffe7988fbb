import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { C, entry, goOnline, greet, message, messages, page, settle, sync, T0, texts, world, type Frame, type World } from './fake.js'

beforeEach(() => void vi.useFakeTimers({ now: T0 }))
afterEach(() => void vi.useRealTimers())

/** Answers every history request as a server would that has 1..head. */
function withHistory(given: World, head: () => number): void {
  given.transport.auto.set('history', (asked: Frame) => page(asked, head()))
}

async function resume(given: World, convs: object[], more: object = {}): Promise<ReturnType<typeof greet>> {
  given.transport.socket.end(1006)
  await vi.advanceTimersByTimeAsync(500)
  const socket = await greet(given)
  socket.tell(sync(convs, more))
  await settle()
  return socket
}

const seqs = (given: World): number[] => given.events.message.map(({ seq }) => seq)

describe('messages', () => {
  it('come once and in order, however the frames come', async () => {
    const given = world()
    withHistory(given, () => 14)
    const socket = await goOnline(given, [entry({ head: 10 })])
    for (const seq of [11, 11, 13, 10, 12, 14, 13]) socket.tell({ t: 'msg', ...message(seq) })
    await settle()
    expect(seqs(given)).toEqual([11, 12, 13, 14])
    expect(texts(given.client.timeline(C).view.items)).toEqual(['text 10', 'text 11', 'text 12', 'text 13', 'text 14'])
  })

  it('are in the timeline and the list when the app is told of them', async () => {
    const given = world()
    const socket = await goOnline(given, [entry({ head: 10 })])
    const seen: unknown[] = []
    given.client.on('message', ({ seq }) => {
      seen.push([texts(given.client.timeline(C).view.items).at(-1), given.client.conversation(C)?.head, seq])
    })
    expect(given.client.timeline(C).view.items).toHaveLength(1)
    socket.tell({ t: 'msg', ...message(11) })
    expect(seen).toEqual([['text 11', 11, 11]])
  })

  it('above a hole wait until it is filled', async () => {
    const given = world()
    const socket = await goOnline(given, [entry({ head: 10 })])
    socket.tell({ t: 'msg', ...message(13) })
    await settle()
    expect(seqs(given)).toEqual([])
    expect(texts(given.client.timeline(C).view.items)).toEqual(['text 10'])
    expect(socket.last('history')).toMatchObject({ c: C, after: 10, limit: 2 })
    socket.reply(socket.last('history'), page(socket.last('history'), 13))
    await settle()
    expect(seqs(given)).toEqual([11, 12, 13])
  })

  it('fill their hole after the next connect when the line broke meanwhile', async () => {
    const given = world()
    const socket = await goOnline(given, [entry({ head: 10 })])
    socket.tell({ t: 'msg', ...message(13) })
    withHistory(given, () => 13)
    await resume(given, [])
    expect(seqs(given)).toEqual([11, 12, 13])
  })

  it('fill their hole again after a server that was overloaded', async () => {
    const given = world()
    const socket = await goOnline(given, [entry({ head: 10 })])
    socket.tell({ t: 'msg', ...message(12) })
    socket.refuse(socket.last('history'), 'overloaded', { retry: 'after_ms', after_ms: 300 })
    withHistory(given, () => 12)
    await vi.advanceTimersByTimeAsync(300)
    expect(seqs(given)).toEqual([11, 12])
  })

  it('that were missed come with the resume, own ones of other devices too', async () => {
    const given = world()
    await goOnline(given, [entry({ head: 10 })])
    const items = [message(11), message(12, { from: '小明', cid: 'other-device' })]
    await resume(given, [entry({ head: 12, unread: 1, items })])
    expect(given.events.message.map(({ seq, own }) => [seq, own])).toEqual([
      [11, false],
      [12, true],
    ])
    expect(given.events.sync).toEqual([{ gap: true }, { gap: false }])
  })

  it('that were there at the first look are no news', async () => {
    const given = world()
    await goOnline(given, [entry({ head: 10 })])
    expect(given.events.message).toEqual([])
  })

  it('of a conversation that is new come, and the list is asked for', async () => {
    const given = world()
    given.transport.auto.set('inbox', () => ({ t: 'inbox', convs: [entry({ head: 1, read: 0, unread: 1 })], next: null }))
    const socket = await goOnline(given)
    socket.tell({ t: 'msg', ...message(1) })
    await settle()
    expect(seqs(given)).toEqual([1])
    expect(given.client.conversations).toMatchObject([{ c: C, unread: 1 }])
  })

  it('of a hole that is too long are left to paging: the newest show at once', async () => {
    const given = world({ fillMax: 50 })
    await goOnline(given, [entry({ head: 10 })])
    const timeline = given.client.timeline(C)
    withHistory(given, () => 200)
    const socket = await resume(given, [entry({ head: 200, items: messages(151, 200), hole: [11, 150] })])
    expect(socket.all('history')).toEqual([])
    expect(texts(timeline.view.items)).toEqual(messages(151, 200).map(({ b }) => b.x))
    expect(timeline.view.atStart).toBe(false)
    for (let step = 0; step < 3; step++) await timeline.loadOlder()
    expect(texts(timeline.view.items)).toEqual(messages(1, 200).map(({ b }) => b.x).slice(0))
    expect(timeline.view.atStart).toBe(true)
    expect(seqs(given)).toEqual(messages(151, 200).map(({ seq }) => seq))
  })
})

describe('a timeline', () => {
  it('opens with a first page, and is complete when there is nothing older', async () => {
    const given = world()
    withHistory(given, () => 70)
    const socket = await goOnline(given, [entry({ head: 70 })])
    const timeline = given.client.timeline(C)
    const views: string[] = []
    timeline.on('change', ({ loading, items }) => void views.push(`${loading}:${items.length}`))
    await timeline.open()
    await settle()
    expect(timeline.view.items).toHaveLength(51)
    expect(timeline.view).toMatchObject({ atStart: false, atEnd: true, loading: '', error: null })
    expect(views.at(-1)).toBe(':51')
    await timeline.loadOlder()
    expect(texts(timeline.view.items)[0]).toBe('text 1')
    expect(timeline.view.atStart).toBe(true)
    await timeline.loadOlder()
    expect(socket.all('history')).toHaveLength(2)
  })

  it('moves to a quoted message and back to the end, joining what it has', async () => {
    const given = world()
    withHistory(given, () => 500)
    const socket = await goOnline(given, [entry({ head: 500 })])
    const timeline = given.client.timeline(C)
    await timeline.open()
    await timeline.loadAround(100)
    expect(texts(timeline.view.items)).toEqual(messages(76, 125).map(({ b }) => b.x))
    expect(timeline.view.atEnd).toBe(false)
    socket.tell({ t: 'msg', ...message(501) })
    expect(timeline.view.items).toHaveLength(50)
    await timeline.loadNewer()
    expect(texts(timeline.view.items).at(-1)).toBe('text 175')
    await timeline.loadNewest()
    expect(timeline.view.atEnd).toBe(true)
    expect(texts(timeline.view.items).at(-1)).toBe('text 501')
    expect(seqs(given)).toEqual([501])
  })

  it('moves to a message also while a page is on its way', async () => {
    const given = world()
    withHistory(given, () => 500)
    await goOnline(given, [entry({ head: 500 })])
    const timeline = given.client.timeline(C)
    await timeline.open()
    const older = timeline.loadOlder()
    await timeline.loadAround(100)
    await older
    expect(texts(timeline.view.items)).toContain('text 100')
    expect(timeline.view).toMatchObject({ atEnd: false, loading: '' })
  })

  it('follows the newest message again once paging has reached it', async () => {
    const given = world()
    withHistory(given, () => 100)
    const socket = await goOnline(given, [entry({ head: 100 })])
    const timeline = given.client.timeline(C)
    await timeline.loadAround(10)
    for (let step = 0; step < 2; step++) await timeline.loadNewer()
    expect(timeline.view).toMatchObject({ atEnd: true })
    socket.tell({ t: 'msg', ...message(101) })
    expect(texts(timeline.view.items).at(-1)).toBe('text 101')
  })

  it('goes down to the end when its user writes', async () => {
    const given = world()
    withHistory(given, () => 500)
    await goOnline(given, [entry({ head: 500 })])
    const timeline = given.client.timeline(C)
    await timeline.loadAround(100)
    given.client.send(C, 'hello')
    expect(timeline.view.atEnd).toBe(true)
    expect(texts(timeline.view.items)).toEqual(['text 500', 'hello'])
  })

  it('says what went wrong, and can be asked again', async () => {
    const given = world()
    const socket = await goOnline(given, [entry({ head: 70 })])
    const timeline = given.client.timeline(C)
    const opening = timeline.open()
    expect(timeline.view.loading).toBe('older')
    socket.refuse(socket.last('history'), 'overloaded', { retry: 'later' })
    await opening
    expect(timeline.view).toMatchObject({ loading: '', error: { code: 'overloaded' } })
    withHistory(given, () => 70)
    await timeline.open()
    expect(timeline.view.error).toBeNull()
    expect(timeline.view.items).toHaveLength(51)
  })

  it('gives a new picture for a change, and the same for none', async () => {
    const given = world()
    const socket = await goOnline(given, [entry({ head: 10 })])
    const timeline = given.client.timeline(C)
    const before = timeline.view
    expect(timeline.view).toBe(before)
    socket.tell({ t: 'msg', ...message(11) })
    expect(timeline.view).not.toBe(before)
    expect(timeline.view.items[0]).toBe(before.items[0])
    const after = timeline.view
    socket.tell({ t: 'msg', ...message(11) })
    expect(timeline.view).toBe(after)
  })

  it('forgets what the user deleted, hides what he hid, and says so to no reader', async () => {
    const given = world()
    withHistory(given, () => 10)
    const socket = await goOnline(given, [entry({ head: 10 })])
    const timeline = given.client.timeline(C)
    await timeline.open()
    socket.tell({ t: 'msg.hidden', c: C, seq: 9 })
    expect(texts(timeline.view.items)).toEqual(messages(1, 10).filter(({ seq }) => seq !== 9).map(({ b }) => b.x))
    socket.tell({ t: 'conv.state', c: C, read: 10, cleared: 7, hidden: 0, pin: false, mute: false, unread: 0 })
    expect(texts(timeline.view.items)).toEqual(['text 8', 'text 10'])
    expect(timeline.view.atStart).toBe(true)
  })

  it('has all of a message by its seq, from what is known or from history', async () => {
    const given = world()
    withHistory(given, () => 500)
    const socket = await goOnline(given, [entry({ head: 500 })])
    expect(await given.client.message(C, 500)).toMatchObject({ body: { x: 'text 500' } })
    expect(socket.all('history')).toEqual([])
    expect(await given.client.message(C, 20)).toMatchObject({ body: { x: 'text 20' } })
    expect(await given.client.message(C, 20)).toMatchObject({ seq: 20 })
    expect(socket.all('history')).toEqual([expect.objectContaining({ after: 19, limit: 1 })])
    socket.tell({ t: 'msg.hidden', c: C, seq: 20 })
    expect(await given.client.message(C, 20)).toBeNull()
  })
})

describe('a listener that throws', () => {
  it('keeps nobody else from being told', async () => {
    const given = world()
    const socket = await goOnline(given, [entry({ head: 10 })])
    given.client.on('message', () => {
      throw new Error('the fault of the app')
    })
    const later: number[] = []
    const off = given.client.on('message', ({ seq }) => void later.push(seq))
    socket.tell({ t: 'msg', ...message(11) })
    expect(later).toEqual([11])
    await expect(vi.advanceTimersByTimeAsync(1)).rejects.toThrow('the fault of the app')
    off()
    socket.tell({ t: 'msg', ...message(12) })
    expect(later).toEqual([11])
    await expect(vi.advanceTimersByTimeAsync(1)).rejects.toThrow('the fault of the app')
  })
})
