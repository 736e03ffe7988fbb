import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { DESK, Session } from '../src/model/session'
import { entry, FakeNetwork, type FakeSocket, message, ready } from './fake-socket'

function setUp(convs: object[] = [entry()]) {
  const network = new FakeNetwork()
  const refused: boolean[] = []
  const session = new Session({
    openSocket: network.open,
    token: 'tok',
    device: 'dev',
    onTokenRefused: (expired) => refused.push(expired),
    random: () => 0,
  })
  session.start()
  const goOnline = (sync: object = { gap: true, convs }): FakeSocket => {
    network.socket.open()
    network.socket.say(ready())
    network.socket.say({ t: 'sync', more: false, cur: 'k', gap: false, convs: [], ...sync })
    return network.socket
  }
  return { network, session, refused, goOnline }
}

async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

function texts(session: Session, c = 'c1'): string[] {
  const items = session.chat(c).timeline.view.items
  return items.flatMap((item) => ('b' in item ? [item.b.x] : []))
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('sending', () => {
  it('shows a message at once as sending and as stored after the ack', async () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    const chat = session.chat('c1')
    chat.send('hi')
    expect(chat.view.pending).toMatchObject([{ state: 'sending', body: { k: 'text', x: 'hi' } }])
    const { r, c } = socket.last('send')
    expect(c).toBe('c1')
    socket.say({ t: 'ack', r, c: 'c1', id: 'i1', seq: 1, ts: 5 })
    await settle()
    expect(chat.view.pending).toEqual([])
    expect(texts(session)).toEqual(['hi'])
    expect(session.inbox.get('c1')).toMatchObject({ head: 1, unread: 0, last: { seq: 1 } })
  })

  it('sends again with the same key after a reconnect, in the old order', async () => {
    const { network, session, goOnline } = setUp()
    const before = goOnline()
    const chat = session.chat('c1')
    chat.send('one')
    chat.send('two')
    const { cid } = before.last('send')
    before.drop(1006)
    await settle()
    expect(chat.view.pending.map((one) => one.state)).toEqual(['sending', 'sending'])
    const after = goOnline({})
    expect(after).toBe(network.sockets[1])
    expect(after.of('send').map((frame) => frame['cid'])).toEqual([cid])
    after.say({ t: 'ack', r: after.last('send').r, c: 'c1', id: 'i1', seq: 1, ts: 5, dup: true })
    await settle()
    after.say({ t: 'ack', r: after.last('send').r, c: 'c1', id: 'i2', seq: 2, ts: 6 })
    await settle()
    expect(texts(session)).toEqual(['one', 'two'])
    expect(chat.view.pending).toEqual([])
  })

  it('does not show a message twice that came back by resume before its ack', async () => {
    const { session, goOnline } = setUp()
    const before = goOnline()
    const chat = session.chat('c1')
    chat.send('hi')
    const { cid } = before.last('send')
    before.drop(1006)
    await settle()
    const mine = { ...message(1, 'me'), b: { k: 'text', x: 'hi' }, cid }
    goOnline({ convs: [entry({ head: 1, last: mine, items: [mine] })] })
    await settle()
    expect(chat.view.pending).toEqual([])
    expect(texts(session)).toEqual(['hi'])
  })

  it('keeps a refused message with its reason until it is tried again or discarded', async () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    const chat = session.chat('c1')
    chat.send('hi')
    socket.say({ t: 'error', r: socket.last('send').r, code: 'stranger_limit', retry: 'later', message: '' })
    await settle()
    expect(chat.view.pending).toMatchObject([{ state: 'failed', error: 'stranger_limit' }])
    chat.retry(chat.view.pending[0]?.cid ?? '')
    expect(socket.of('send')).toHaveLength(2)
    chat.discard(chat.view.pending[0]?.cid ?? '')
    expect(chat.view.pending).toEqual([])
  })

  it('waits as long as a busy server asks and sends again', async () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    session.chat('c1').send('hi')
    socket.say({ t: 'error', r: socket.last('send').r, code: 'rate_limited', retry: 'after_ms', after_ms: 250, message: '' })
    await settle(249)
    expect(socket.of('send')).toHaveLength(1)
    await settle(1)
    expect(socket.of('send')).toHaveLength(2)
  })

  it('makes the desk conversation with the first message to it', async () => {
    const { session, goOnline } = setUp([])
    const socket = goOnline()
    session.open(DESK)
    session.chat(DESK).send('help')
    expect(socket.last('send')).toMatchObject({ to: 'desk:' })
    socket.say({ t: 'ack', r: socket.last('send').r, c: 'd1', id: 'i', seq: 1, ts: 1 })
    await settle()
    expect(session.view.open).toBe('d1')
    socket.say({ t: 'inbox', r: socket.last('inbox').r, convs: [entry({ c: 'd1', kind: 'desk', peer: null, head: 1 })], next: null })
    await settle()
    expect(session.inbox.list.value.map((one) => one.c)).toEqual(['d1'])
    session.chat('d1').send('more')
    expect(socket.last('send')).toMatchObject({ c: 'd1' })
  })
})

describe('receiving', () => {
  it('fills a gap from history before it shows what is behind', async () => {
    const { session, goOnline } = setUp([entry({ head: 1, items: [message(1)] })])
    const socket = goOnline()
    socket.say({ t: 'msg', ...message(4) })
    expect(texts(session)).toEqual(['m1'])
    expect(socket.last('history')).toMatchObject({ c: 'c1', after: 1, limit: 2 })
    socket.say({ t: 'history', r: socket.last('history').r, c: 'c1', head: 4, more: true, items: [message(2), message(3)] })
    await settle()
    expect(texts(session)).toEqual(['m1', 'm2', 'm3', 'm4'])
  })

  it('pages a long hole in from the newest instead of loading all of it', async () => {
    const { session, goOnline } = setUp([entry({ head: 1, items: [message(1)] })])
    goOnline().drop(1006)
    await settle()
    const items = [message(999), message(1000)]
    const socket = goOnline({ convs: [entry({ head: 1000, items, hole: [2, 998] })] })
    expect(texts(session)).toEqual(['m999', 'm1000'])
    expect(socket.of('history')).toEqual([])
    void session.chat('c1').loadOlder()
    expect(socket.last('history')).toMatchObject({ before: 999 })
  })

  it('starts over when the server cannot replay, and keeps what is still to be sent', async () => {
    const { session, goOnline } = setUp([entry({ head: 1, items: [message(1)] })])
    const before = goOnline()
    session.chat('c1').send('unsent')
    before.drop(1006)
    await settle()
    goOnline({ gap: true, convs: [entry({ head: 7, items: [message(7)] })] })
    expect(texts(session)).toEqual(['m7'])
    expect(session.chat('c1').view.pending).toHaveLength(1)
  })

  it('asks for the list when somebody unknown writes', async () => {
    const { session, goOnline } = setUp([])
    const socket = goOnline()
    socket.say({ t: 'msg', ...message(1) })
    socket.say({ t: 'inbox', r: socket.last('inbox').r, convs: [entry({ head: 1, unread: 1, last: message(1) })], next: null })
    await settle()
    expect(session.inbox.list.value).toMatchObject([{ c: 'c1', unread: 1 }])
    expect(texts(session)).toEqual(['m1'])
  })

  it('lists two strangers who write at the same time', async () => {
    const { session, goOnline } = setUp([])
    const socket = goOnline()
    const first = entry({ head: 1, unread: 1, last: message(1) })
    const second = entry({ c: 'c2', head: 1, unread: 1, last: message(1, 'eve', { c: 'c2' }) })
    socket.say({ t: 'msg', ...message(1) })
    socket.say({ t: 'msg', ...message(1, 'eve', { c: 'c2' }) })
    socket.say({ t: 'inbox', r: socket.last('inbox').r, convs: [first], next: null })
    await settle()
    socket.say({ t: 'inbox', r: socket.last('inbox').r, convs: [first, second], next: null })
    await settle()
    expect(socket.of('inbox')).toHaveLength(2)
    expect(session.inbox.list.value.map((one) => one.c).sort()).toEqual(['c1', 'c2'])
  })
})

describe('unread and receipts', () => {
  it('counts messages of others, never own ones from another device', () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    socket.say({ t: 'msg', ...message(1) })
    socket.say({ t: 'msg', ...message(2, 'me', { cid: 'x' }) })
    socket.say({ t: 'msg', ...message(2, 'me', { cid: 'x' }) })
    expect(session.inbox.get('c1')).toMatchObject({ unread: 1, head: 2 })
  })

  it('reports delivered and read once per 200 ms, cumulative', async () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    session.open('c1')
    for (const seq of [1, 2, 3]) socket.say({ t: 'msg', ...message(seq) })
    session.seen('c1')
    await settle(200)
    expect(socket.of('receipt')).toHaveLength(1)
    expect(socket.last('receipt')).toMatchObject({ delivered: [['c1', 3]], read: [['c1', 3]] })
    expect(session.inbox.get('c1')?.unread).toBe(0)
  })

  it('marks nothing read that is behind a gap', async () => {
    const { session, goOnline } = setUp([entry({ head: 1, items: [message(1)] })])
    const socket = goOnline()
    session.open('c1')
    socket.say({ t: 'msg', ...message(5) })
    session.seen('c1')
    await settle(200)
    expect(socket.last('receipt')).toMatchObject({ delivered: [['c1', 1]], read: [['c1', 1]] })
    expect(session.inbox.get('c1')?.unread).toBe(1)
  })

  it('sends receipts again that were lost with a connection', async () => {
    const { session, goOnline } = setUp()
    const before = goOnline()
    session.open('c1')
    before.say({ t: 'msg', ...message(1) })
    session.seen('c1')
    await settle(200)
    before.drop(1006)
    await settle()
    const after = goOnline({})
    await settle()
    expect(after.last('receipt')).toMatchObject({ read: [['c1', 1]] })
  })

  it('takes the count of the server but no count that is older than its own read', () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    socket.say({ t: 'msg', ...message(1) })
    socket.say({ t: 'msg', ...message(2) })
    socket.say({ t: 'conv.state', c: 'c1', read: 1, unread: 1 })
    expect(session.inbox.get('c1')?.unread).toBe(1)
    session.open('c1')
    session.seen('c1')
    socket.say({ t: 'conv.state', c: 'c1', read: 1, unread: 1 })
    expect(session.inbox.get('c1')?.unread).toBe(0)
  })

  it('does not bring a badge back whose receipt is still on its way', async () => {
    const { session, goOnline } = setUp()
    const before = goOnline()
    before.say({ t: 'msg', ...message(1) })
    session.open('c1')
    session.seen('c1')
    before.drop(1006)
    await settle()
    goOnline({ convs: [entry({ head: 1, unread: 1, last: message(1), items: [message(1)] })] })
    expect(session.inbox.get('c1')).toMatchObject({ unread: 0, read: 1 })
  })

  it('moves the marks of the other side forward only', () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    socket.say({ t: 'receipt', c: 'c1', user: 'bob', delivered: 3, read: 2 })
    socket.say({ t: 'receipt', c: 'c1', user: 'bob', delivered: 2, read: 0 })
    expect(session.inbox.get('c1')).toMatchObject({ peer_delivered: 3, peer_read: 2 })
  })
})

describe('around the chat', () => {
  it('knows nobody to be online while it is disconnected itself', async () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    expect(socket.last('presence.watch')).toMatchObject({ users: ['bob'] })
    socket.say({ t: 'presence', user: 'bob', online: true, last_seen: 1 })
    expect(session.presence.get('bob')?.online).toBe(true)
    socket.drop(1006)
    expect(session.presence.get('bob')).toBeUndefined()
  })

  it('shows a push once per version and tells the server what it has', async () => {
    const { session, goOnline } = setUp()
    const socket = goOnline()
    const push = { t: 'push', channel: 'pay', version: 3, ts: 1, data: { message: 'paid' } }
    socket.say(push)
    socket.say(push)
    expect(session.toasts.list).toMatchObject([{ kind: 'push', title: 'pay', text: 'paid' }])
    socket.drop(1006)
    await settle()
    expect(goOnline({}).last('hello')).toMatchObject({ channels: [['pay', 3]] })
  })

  it('pauses when newer windows took its place, until it is looked at again', async () => {
    const { network, session, goOnline } = setUp()
    goOnline().drop(4505)
    await settle(60_000)
    expect(session.view.status).toMatchObject({ state: 'closed', code: 4505 })
    expect(network.sockets).toHaveLength(1)
    session.lookedAt()
    goOnline({})
    expect(session.view.status.state).toBe('online')
  })

  it('hands a refused or expired token back to whoever gave it', () => {
    const first = setUp()
    first.goOnline().drop(4500)
    expect(first.refused).toEqual([false])
    const second = setUp()
    second.goOnline().drop(4003)
    expect(second.refused).toEqual([true])
    second.session.renew('new')
    expect(second.goOnline({}).last('hello')).toMatchObject({ token: 'new' })
  })
})
