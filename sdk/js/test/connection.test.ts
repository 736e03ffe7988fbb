import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { closeRule } from '../src/core/backoff.js'
import { CLOSE_CODES } from '../src/protocol.gen.js'
import { C, entry, goOnline, greet, message, ready, settle, sync, T0, world } from './fake.js'

beforeEach(() => void vi.useFakeTimers({ now: T0 }))
afterEach(() => void vi.useRealTimers())

describe('a connection', () => {
  it('says hello, and is online when the sync is done', async () => {
    const given = world({ deviceName: 'Chrome on Linux' })
    expect(given.client.state).toBe('idle')
    const socket = await goOnline(given)
    expect(socket.url).toBe('ws://im.test/v1/ws')
    expect(socket.subprotocol).toBe('magpie.v1')
    expect(socket.last('hello')).toEqual({
      ...{ t: 'hello', r: 1, token: 'token-1', device: 'phone-7c2e', instance: 'id-1', name: 'Chrome on Linux' },
      features: ['changes'],
    })
    expect(given.events.state.map(({ state, synced }) => [state, synced])).toEqual([
      ['connecting', false],
      ['online', false],
      ['online', true],
    ])
    expect(given.client.user?.id).toBe('小明')
  })

  it.each(CLOSE_CODES.filter(([code]) => code >= 4500).map(([code]) => code))('ends for good after %i', async (code) => {
    const given = world()
    const socket = await goOnline(given)
    socket.end(code, 'why')
    expect(given.client.status).toMatchObject({ state: 'closed', code, reason: 'why' })
    expect(given.events.kicked).toEqual([{ code, reason: 'why' }])
    await vi.advanceTimersByTimeAsync(600_000)
    expect(given.transport.sockets).toHaveLength(1)
  })

  it('judges every close code as the table of the protocol does', () => {
    for (const [code, again] of CLOSE_CODES) {
      // 1000 is the one exception: a regular end that this side did not ask for.
      if (code !== 1000) expect([code, closeRule(code, '').again]).toEqual([code, again])
    }
    expect(closeRule(4600, '').again).toBe(false)
    expect(closeRule(4100, '').again).toBe(true)
    expect(closeRule(1006, '').again).toBe(true)
  })

  it('waits as long as a server that goes down asks', async () => {
    const given = world()
    const socket = await goOnline(given)
    socket.end(1012, 'retry_after_ms=1830')
    expect(given.client.status).toMatchObject({ state: 'waiting', retryInMs: 1_830, code: 1012 })
    await vi.advanceTimersByTimeAsync(1_829)
    expect(given.transport.sockets).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(given.transport.sockets).toHaveLength(2)
  })

  it('backs off with full jitter up to 20 s while the server is gone from the start', async () => {
    const given = world({ random: () => 0.999999 })
    void given.client.connect().catch(() => undefined)
    const waits: number[] = []
    for (let attempt = 0; attempt < 8; attempt++) {
      await settle()
      given.transport.socket.end(1006)
      waits.push(given.client.status.retryInMs)
      await vi.advanceTimersByTimeAsync(given.client.status.retryInMs)
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000])
    const lucky = world({ random: () => 0 })
    void lucky.client.connect().catch(() => undefined)
    await settle()
    lucky.transport.socket.end(1006)
    expect(lucky.client.status.retryInMs).toBe(0)
  })

  it('survives a platform that cannot open a socket at all', async () => {
    const given = world()
    given.transport.refuseSockets = true
    void given.client.connect().catch(() => undefined)
    await settle()
    expect(given.client.state).toBe('waiting')
    expect(given.events.error[0]?.code).toBe('unsupported')
    given.transport.refuseSockets = false
    await vi.advanceTimersByTimeAsync(500)
    await greet(given)
    given.transport.socket.tell(sync())
    expect(given.client.status).toMatchObject({ state: 'online', synced: true })
  })

  it('tries at once when the network comes back, and starts the back-off afresh', async () => {
    const given = world({ random: () => 1 })
    const socket = await goOnline(given)
    socket.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    given.transport.socket.end(1006)
    given.transport.wake?.(false)
    await settle()
    expect(given.transport.sockets).toHaveLength(3)
    given.transport.socket.end(1006)
    expect(given.client.status.retryInMs).toBe(500)
  })

  it('checks the line at once when the app comes back, and leaves a dead one', async () => {
    const given = world()
    const socket = await goOnline(given)
    given.transport.wake?.(true)
    expect(socket.all('ping')).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(4_000)
    expect(given.client.state).toBe('waiting')
    expect(socket.closedWith).toBe(1000)
  })

  it('comes back after it made room for another connection only when somebody looks', async () => {
    const given = world()
    const socket = await goOnline(given)
    socket.end(4505)
    given.transport.wake?.(false)
    await settle()
    expect(given.client.state).toBe('closed')
    given.transport.wake?.(true)
    await settle()
    expect(given.transport.sockets).toHaveLength(2)
  })

  it('is there again, with everything since, when somebody looks at a page that made room', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    socket.end(4505)
    given.client.nudge(true)
    const next = await greet(given)
    expect(next.last('hello')).toMatchObject({ cursor: 'cur-1' })
    next.tell(sync([entry({ head: 11, items: [message(11)] })]))
    expect(given.client.status).toMatchObject({ state: 'online', synced: true })
    expect(given.events.message).toMatchObject([{ seq: 11 }])
    expect(given.transport.wake).not.toBeNull()
  })

  it('begins anew for a feature that is wanted when its hello has left', async () => {
    const given = world()
    const connected = given.client.connect()
    await settle()
    given.transport.socket.open()
    given.client.platform.want('calls')
    given.transport.socket.tell(ready())
    await settle()
    expect(given.transport.sockets).toHaveLength(2)
    const off = given.client.on('user', () => given.client.platform.want('media'))
    expect((await greet(given)).last('hello').features).toEqual(['changes', 'calls'])
    off()
    const third = await greet(given)
    expect(third.last('hello').features).toEqual(['changes', 'calls', 'media'])
    third.tell(sync())
    await connected
    expect(given.transport.sockets).toHaveLength(3)
    expect(given.events.state.map(({ state }) => state)).toEqual(['connecting', 'connecting', 'connecting', 'online', 'online'])
  })

  it('goes away when the app closes it, whatever the network does', async () => {
    const given = world()
    const socket = await goOnline(given)
    given.client.close()
    expect(socket.closedWith).toBe(1000)
    expect(given.client.state).toBe('closed')
    expect(given.transport.wake).toBeNull()
    expect(given.events.kicked).toEqual([])
    await expect(given.client.history(C)).rejects.toMatchObject({ code: 'closed', retryable: false })
  })

  it('leaves no timer behind', async () => {
    const given = world()
    const socket = await goOnline(given, [entry()])
    socket.tell({ t: 'msg', ...message(11) })
    given.client.send(C, 'on its way')
    given.client.setDraft(C, 'half')
    given.client.markRead(C)
    given.client.close()
    expect(vi.getTimerCount()).toBe(0)
    // What is collected for a moment has gone out all the same.
    expect(socket.last('conv.draft')).toMatchObject({ x: 'half' })
    expect(socket.last('receipt')).toMatchObject({ read: [[C, 11]] })
  })

  it('leaves no timer behind when it is closed by a listener', async () => {
    const given = world()
    const socket = await goOnline(given)
    given.client.on('message', () => given.client.close())
    socket.tell({ t: 'msg', ...message(1) })
    await settle()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells connect() that it was closed meanwhile', async () => {
    const given = world()
    const connected = given.client.connect()
    const told = expect(connected).rejects.toMatchObject({ code: 'closed' })
    await settle()
    given.client.close()
    await told
  })
})

describe('the heartbeat', () => {
  it('keeps the cursor of a pong whose count agrees, and resumes from it', async () => {
    const given = world()
    const socket = await goOnline(given)
    socket.tell({ t: 'msg', ...message(1) })
    await vi.advanceTimersByTimeAsync(30_000)
    const ping = socket.last('ping')
    socket.reply(ping, { t: 'pong', cur: 'cur-2', n: 1, now: T0 + 30_000 })
    await settle()
    socket.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    given.transport.socket.open()
    expect(given.transport.socket.last('hello').cursor).toBe('cur-2')
  })

  it('notices a lost push: it resumes from the last kept cursor, at once the first time', async () => {
    const given = world()
    const socket = await goOnline(given)
    socket.tell({ t: 'msg', ...message(1) })
    await vi.advanceTimersByTimeAsync(30_000)
    socket.reply(socket.last('ping'), { t: 'pong', cur: 'cur-2', n: 2, now: T0 })
    await settle()
    expect(given.client.status).toMatchObject({ state: 'connecting' })
    given.transport.socket.open()
    expect(given.transport.socket.last('hello').cursor).toBe('cur-1')
    given.transport.socket.tell(ready())
    given.transport.socket.tell(sync())
    await vi.advanceTimersByTimeAsync(30_000)
    given.transport.socket.reply(given.transport.socket.last('ping'), { t: 'pong', n: 1, now: T0 })
    await settle()
    expect(given.client.status).toMatchObject({ state: 'waiting', retryInMs: 250 })
  })

  it('counts durable events only, and those of this connection only', async () => {
    const given = world()
    const socket = await goOnline(given)
    socket.tell({ t: 'msg', ...message(1) })
    socket.tell({ t: 'msg.hidden', c: C, seq: 1 })
    socket.tell({ t: 'conv.state', c: C, read: 0, cleared: 0, hidden: 0, pin: false, mute: false, unread: 0 })
    socket.tell({ t: 'msg.change', c: C, rev: 1, seq: 1, kind: 'edit', by: '翠花', ts: T0, item: message(1, { rev: 1 }) })
    for (const t of ['typing', 'receipt', 'presence', 'push', 'broadcast', 'call', 'brand.new']) socket.tell({ t, c: C })
    await vi.advanceTimersByTimeAsync(30_000)
    socket.reply(socket.last('ping'), { t: 'pong', cur: 'cur-2', n: 4, now: T0 })
    await settle()
    expect(given.client.state).toBe('online')
  })

  it('keeps the old cursor while the server still catches up', async () => {
    const given = world()
    const socket = await goOnline(given)
    await vi.advanceTimersByTimeAsync(30_000)
    socket.reply(socket.last('ping'), { t: 'pong', n: 0, now: T0 })
    await settle()
    socket.end(4001)
    await vi.advanceTimersByTimeAsync(500)
    given.transport.socket.open()
    expect(given.transport.socket.last('hello').cursor).toBe('cur-1')
  })

  it('has no point to resume from between the pages that follow a gap, and is not synced before the last', async () => {
    const given = world()
    const socket = await goOnline(given)
    socket.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    const next = await greet(given)
    next.tell(sync([], { gap: true, more: true, cur: undefined }))
    expect(given.client.status.synced).toBe(false)
    next.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    given.transport.socket.open()
    expect(given.transport.socket.last('hello')).not.toHaveProperty('cursor')
  })

  it('does not keep a cursor between two pages of a sync', async () => {
    const given = world()
    void given.client.connect().catch(() => undefined)
    const socket = await greet(given)
    socket.tell(sync([], { more: true, cur: undefined }))
    socket.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    given.transport.socket.open()
    expect(given.transport.socket.last('hello')).not.toHaveProperty('cursor')
  })

  it('ends a connection without a pong after 10 s', async () => {
    const given = world()
    await goOnline(given)
    await vi.advanceTimersByTimeAsync(39_999)
    expect(given.client.state).toBe('online')
    await vi.advanceTimersByTimeAsync(1)
    expect(given.client.state).toBe('waiting')
  })
})

describe('requests', () => {
  it('fail when the connection ends, and can be told from refusals', async () => {
    const given = world()
    const socket = await goOnline(given)
    const lost = given.client.history(C)
    const refused = given.client.unread(C)
    socket.refuse(socket.last('unread'), 'unknown_conversation')
    socket.end(1006)
    await expect(refused).rejects.toMatchObject({ name: 'MagpieError', code: 'unknown_conversation', retryable: false })
    await expect(lost).rejects.toMatchObject({ code: 'disconnected', retryable: true })
    await expect(given.client.history(C)).rejects.toMatchObject({ code: 'disconnected' })
  })

  it('carry the wait that the server asks for', async () => {
    const given = world()
    const socket = await goOnline(given)
    const refused = given.client.unread(C)
    socket.refuse(socket.last('unread'), 'rate_limited', { retry: 'after_ms', after_ms: 250 })
    await expect(refused).rejects.toMatchObject({ code: 'rate_limited', retry: 'after_ms', afterMs: 250 })
  })

  it('that get no answer end after their time, and the line is checked', async () => {
    const given = world()
    const socket = await goOnline(given)
    const late = expect(given.client.unread(C)).rejects.toMatchObject({ code: 'timeout' })
    await vi.advanceTimersByTimeAsync(10_000)
    await late
    expect(socket.all('ping')).toHaveLength(1)
    socket.reply(socket.last('ping'), { t: 'pong', n: 0, now: T0 })
    await vi.advanceTimersByTimeAsync(4_000)
    expect(given.client.state).toBe('online')
  })

  it('stay below the limit of requests in flight, and pings go past those that wait', async () => {
    const given = world()
    const socket = await goOnline(given, [], { ready: { limits: { body_bytes: 9, in_flight: 8, messages_per_s: 1, list: 200 } } })
    const asked = Array.from({ length: 6 }, () => given.client.unread(C).catch(() => 'failed'))
    expect(socket.all('unread')).toHaveLength(4)
    given.client.nudge()
    expect(socket.all('ping')).toHaveLength(1)
    socket.reply(socket.all('unread')[0] as never, { t: 'unread', count: 0 })
    expect(socket.all('unread')).toHaveLength(5)
    socket.end(1006)
    expect(await Promise.all(asked)).toEqual([expect.objectContaining({ count: 0 }), ...Array(5).fill('failed')])
  })
})
