// Tokens, clocks, and servers of other versions.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { C, goOnline, message, settle, T0, world } from './fake.js'

beforeEach(() => void vi.useFakeTimers({ now: T0 }))
afterEach(() => void vi.useRealTimers())

describe('the token', () => {
  it('is renewed on the live connection before it ends', async () => {
    const asked: boolean[] = []
    const given = world({ getToken: ({ renew }) => `token-${asked.push(renew)}` })
    const socket = await goOnline(given, [], { ready: { expires: T0 + 300_000 } })
    for (let beat = 0; beat < 8; beat++) {
      await vi.advanceTimersByTimeAsync(30_000)
      socket.reply(socket.last('ping'), { t: 'pong', n: 0, now: T0 + (beat + 1) * 30_000 })
    }
    await settle()
    expect(socket.last('auth')).toMatchObject({ token: 'token-2' })
    expect(asked).toEqual([false, true])
    socket.reply(socket.last('auth'), { t: 'ok', expires: T0 + 600_000 })
    await settle()
    for (let beat = 8; beat < 18; beat++) {
      await vi.advanceTimersByTimeAsync(30_000)
      socket.reply(socket.last('ping'), { t: 'pong', n: 0, now: T0 + (beat + 1) * 30_000 })
    }
    await settle()
    expect(socket.last('auth')).toMatchObject({ token: 'token-3' })
    expect(given.transport.sockets).toHaveLength(1)
  })

  it('that expired in the middle is got anew, and the client comes back at once', async () => {
    const asked: boolean[] = []
    const given = world({ getToken: ({ renew }) => `token-${asked.push(renew)}` })
    const socket = await goOnline(given)
    socket.end(4003)
    await settle()
    given.transport.socket.open()
    expect(given.transport.socket.last('hello').token).toBe('token-2')
    expect(asked).toEqual([false, true])
  })

  it('that is refused as expired again and again does not make a storm', async () => {
    const given = world()
    void given.client.connect().catch(() => undefined)
    for (let attempt = 0; attempt < 2; attempt++) {
      await settle()
      given.transport.socket.open()
      given.transport.socket.tell({ t: 'error', r: 1, code: 'token_expired', retry: 'never', message: '' })
      given.transport.socket.end(4003)
      await settle()
    }
    expect(given.client.status).toMatchObject({ state: 'waiting', code: 4003, retryInMs: 500 })
  })

  it('that is not valid ends the client, also where the platform tells no close code', async () => {
    for (const code of [4500, 1006]) {
      const given = world()
      const connected = expect(given.client.connect()).rejects.toMatchObject({ code: 'unauthorized' })
      await settle()
      given.transport.socket.open()
      given.transport.socket.tell({ t: 'error', r: 1, code: 'unauthorized', retry: 'never', message: 'bad token' })
      given.transport.socket.end(code)
      await connected
      expect(given.client.status).toMatchObject({ state: 'closed', code: 4500 })
    }
  })

  it('may be missing for now: getToken that throws is tried again, null ends it', async () => {
    let answer: () => string | null = () => {
      throw new Error('backend down')
    }
    const given = world({ getToken: () => answer() })
    const connected = given.client.connect().catch((error: unknown) => error)
    await settle()
    expect(given.client.state).toBe('waiting')
    expect(given.events.error).toMatchObject([{ code: 'token', retryable: true }])
    answer = () => null
    await vi.advanceTimersByTimeAsync(500)
    expect(given.client.status).toMatchObject({ state: 'closed', code: 4500 })
    expect(await connected).toMatchObject({ code: 'unauthorized' })
  })

  it('that comes after the client was closed opens nothing', async () => {
    let answer: (token: string) => void = () => undefined
    const given = world({ getToken: () => new Promise<string>((resolve) => (answer = resolve)) })
    void given.client.connect().catch(() => undefined)
    await settle()
    given.client.close()
    answer('late')
    await settle()
    expect(given.transport.sockets).toEqual([])
    expect(given.client.state).toBe('closed')
  })

  it('that never comes does not hold the client for ever', async () => {
    const given = world({ getToken: () => new Promise(() => undefined) })
    void given.client.connect().catch(() => undefined)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(given.client.state).toBe('waiting')
  })
})

describe('a wrong clock', () => {
  it('by a day changes neither the time that is shown nor when the token is renewed', async () => {
    const given = world()
    vi.setSystemTime(T0 - 86_400_000)
    const socket = await goOnline(given, [], { ready: { expires: T0 + 100_000 } })
    expect(given.client.now).toBe(T0)
    await vi.advanceTimersByTimeAsync(30_000)
    socket.reply(socket.last('ping'), { t: 'pong', n: 0, now: T0 + 30_000 })
    await vi.advanceTimersByTimeAsync(30_000)
    socket.reply(socket.last('ping'), { t: 'pong', n: 0, now: T0 + 60_000 })
    expect(socket.all('auth')).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(socket.all('auth')).toHaveLength(1)
    expect(given.client.now).toBe(T0 + 80_000)
  })

  it('that is set while the app runs changes nothing where the platform has a clock that only runs forward', async () => {
    let monotonicMs = 0
    const given = world()
    Object.assign(given.transport, { monotonicMs: () => monotonicMs })
    await goOnline(given)
    vi.setSystemTime(T0 + 86_400_000)
    monotonicMs = 5_000
    expect(given.client.now).toBe(T0 + 5_000)
  })
})

describe('a server of another version', () => {
  it('may send frames, fields, kinds and codes that this SDK does not know', async () => {
    const given = world()
    const socket = await goOnline(given, [], { ready: { brand: 'new', features: ['changes', 'flying'] } })
    socket.tell({ t: 'flying.carpet', c: C, height: 3 })
    socket.tell({ t: 'msg', ...message(1, { b: { k: 'hologram', x: '[全息]', light: true } }), shine: 1 })
    const refused = given.client.unread(C)
    socket.refuse(socket.last('unread'), 'too_shiny', { retry: 'later' })
    await expect(refused).rejects.toMatchObject({ code: 'too_shiny', retryable: true })
    expect(given.events.message).toMatchObject([{ body: { k: 'hologram', x: '[全息]', light: true } }])
    expect(given.events.frame).toEqual([{ t: 'flying.carpet', c: C, height: 3 }])
    expect(given.client.state).toBe('online')
  })

  it('without an ability gets a clear answer instead of a request', async () => {
    const given = world()
    const socket = await goOnline(given, [], { ready: { features: undefined, limits: undefined } })
    const unsupported = { code: 'unsupported', retryable: false }
    await expect(given.client.recall(C, 1)).rejects.toMatchObject(unsupported)
    await expect(given.client.edit(C, 1, 'x')).rejects.toMatchObject(unsupported)
    await expect(given.client.react(C, 1, '👍')).rejects.toMatchObject(unsupported)
    await expect(given.client.forward({ c: C, seq: 1 }, { to: 'A' })).rejects.toMatchObject(unsupported)
    expect(socket.sent.map(({ t }) => t)).toEqual(['hello'])
    const devices = given.client.devices()
    socket.refuse(socket.last('devices'), 'unknown_type')
    await expect(devices).rejects.toMatchObject(unsupported)
  })

  it('that sends no JSON is left', async () => {
    const given = world()
    const socket = await goOnline(given)
    socket.text('<html>')
    expect(given.client.state).toBe('waiting')
  })
})
