import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { Connection, RequestError, type Status } from '../src/protocol/connection'
import { backoffMs, closeRule } from '../src/protocol/retry'
import { FakeNetwork, message, ready } from './fake-socket'

function setUp() {
  const network = new FakeNetwork()
  const statuses: Status[] = []
  const events: string[] = []
  const connection = new Connection({
    openSocket: network.open,
    hello: () => ({ token: 'tok' }),
    onReady: () => undefined,
    onEvent: (event) => events.push(event.t),
    onStatus: (status) => statuses.push(status),
    random: () => 0.5,
  })
  connection.start()
  const goOnline = (): void => {
    network.socket.open()
    network.socket.say(ready())
  }
  const state = (): Status => statuses.at(-1) as Status
  return { network, connection, events, goOnline, state }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the way online', () => {
  it('says hello first and is online only after ready', () => {
    const { network, goOnline, state } = setUp()
    expect(state().state).toBe('connecting')
    goOnline()
    expect(network.socket.sent[0]).toMatchObject({ t: 'hello', r: 1, token: 'tok' })
    expect(network.socket.sent[0]).not.toHaveProperty('cursor')
    expect(state().state).toBe('online')
  })

  it('stops when the hello is refused for good', () => {
    const { network, state } = setUp()
    network.socket.open()
    network.socket.say({ t: 'error', r: 1, code: 'unauthorized', retry: 'never', message: '' })
    vi.advanceTimersByTime(60_000)
    expect(state()).toMatchObject({ state: 'closed', code: 4500 })
    expect(network.sockets).toHaveLength(1)
  })

  it('gives up a socket that never answers the hello and tries again', () => {
    const { network, state } = setUp()
    network.socket.open()
    vi.advanceTimersByTime(10_000)
    expect(state().state).toBe('waiting')
    vi.advanceTimersByTime(20_000)
    expect(network.sockets.length).toBeGreaterThan(1)
    expect(network.sockets[0]?.isClosed).toBe(true)
  })
})

describe('reconnecting', () => {
  it('obeys the range of the close code', () => {
    expect(closeRule(4500, '')).toEqual({ again: false })
    expect(closeRule(4999, '')).toEqual({ again: false })
    for (const code of [1000, 1001, 1006, 1011, 4000, 4499]) expect(closeRule(code, '').again).toBe(true)
  })

  it('waits as long as a draining server asks', () => {
    const { network, goOnline, state } = setUp()
    goOnline()
    network.socket.drop(1012, 'retry_after_ms=1500')
    expect(state().state).toBe('waiting')
    vi.advanceTimersByTime(1_499)
    expect(network.sockets).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(network.sockets).toHaveLength(2)
  })

  it('stays away after a final close code', () => {
    const { network, goOnline, state } = setUp()
    goOnline()
    network.socket.drop(4502, 'kicked')
    vi.advanceTimersByTime(120_000)
    expect(state()).toMatchObject({ state: 'closed', code: 4502 })
    expect(network.sockets).toHaveLength(1)
  })

  it('grows its wait up to 20 s with full jitter', () => {
    expect(backoffMs(0, () => 1)).toBe(500)
    expect(backoffMs(3, () => 1)).toBe(4_000)
    expect(backoffMs(30, () => 1)).toBe(20_000)
    expect(backoffMs(30, () => 0)).toBe(0)
  })

  it('tries at once when the network comes back', () => {
    const { network, connection } = setUp()
    network.socket.drop(1006)
    connection.nudge()
    expect(network.sockets).toHaveLength(2)
    vi.advanceTimersByTime(5_000)
    expect(network.sockets).toHaveLength(2)
  })

  it('does not make a network that came back pay for the time without one', () => {
    const { network, connection, state } = setUp()
    for (let attempt = 0; attempt < 10; attempt++) {
      network.socket.drop(1006)
      vi.advanceTimersToNextTimer()
    }
    expect(state().state).toBe('connecting')
    connection.nudge()
    network.socket.drop(1006)
    expect(state().retryAtMs - Date.now()).toBeLessThanOrEqual(500)
  })

  it('ignores what a socket says after it was given up', () => {
    const { network, connection, goOnline, events } = setUp()
    const [first] = network.sockets
    const late = first?.onmessage
    network.socket.drop(1006)
    connection.nudge()
    goOnline()
    late?.({ data: JSON.stringify({ t: 'msg', ...message(1) }) })
    expect(events).toEqual([])
  })

  it('resumes from the cursor of the last complete sync', () => {
    const { network, connection, goOnline } = setUp()
    goOnline()
    network.socket.say({ t: 'sync', gap: false, more: true, convs: [] })
    network.socket.say({ t: 'sync', gap: false, more: false, cur: 'k1', convs: [] })
    network.socket.drop(1006)
    connection.nudge()
    network.socket.open()
    expect(network.socket.last('hello')).toMatchObject({ cursor: 'k1' })
  })

  it('has no cursor while a complete sync is only half there', () => {
    const { network, connection, goOnline } = setUp()
    goOnline()
    network.socket.say({ t: 'sync', gap: false, more: false, cur: 'k1', convs: [] })
    network.socket.say({ t: 'sync', gap: true, more: true, convs: [] })
    network.socket.drop(1006)
    connection.nudge()
    network.socket.open()
    expect(network.socket.last('hello')).not.toHaveProperty('cursor')
  })
})

describe('requests', () => {
  it('pairs replies with requests, and refusals too', async () => {
    const { network, connection, goOnline } = setUp()
    goOnline()
    const one = connection.request('a')
    const two = connection.request('b').catch((error: unknown) => error)
    const { r: first } = network.socket.last('a')
    const { r: second } = network.socket.last('b')
    network.socket.say({ t: 'error', r: second, code: 'blocked', retry: 'never', message: 'no' })
    network.socket.say({ t: 'ok', r: first, x: 1 })
    expect(await one).toMatchObject({ x: 1 })
    expect(await two).toMatchObject({ code: 'blocked', isTransport: false })
  })

  it('fails what is open when the socket ends, as a fault of the line', async () => {
    const { network, connection, goOnline } = setUp()
    goOnline()
    const open = connection.request('a').catch((error: unknown) => error)
    network.socket.drop(1006)
    expect(await open).toBeInstanceOf(RequestError)
    expect(await open).toMatchObject({ code: 'disconnected', isTransport: true })
  })

  it('takes a missing answer for a dead line', async () => {
    const { connection, goOnline, state } = setUp()
    goOnline()
    const open = connection.request('a').catch((error: unknown) => error)
    vi.advanceTimersByTime(10_000)
    expect(await open).toMatchObject({ code: 'timeout' })
    expect(state().state).toBe('waiting')
  })
})

describe('heartbeat', () => {
  it('takes the cursor of a pong whose count is right', async () => {
    const { network, connection, goOnline } = setUp()
    goOnline()
    network.socket.say({ t: 'msg', ...message(1) })
    vi.advanceTimersByTime(30_000)
    network.socket.say({ t: 'pong', r: network.socket.last('ping').r, cur: 'k9', n: 1, now: 0 })
    await Promise.resolve()
    network.socket.drop(1006)
    connection.nudge()
    network.socket.open()
    expect(network.socket.last('hello')).toMatchObject({ cursor: 'k9' })
  })

  it('reconnects and resumes when an event was lost', async () => {
    const { network, goOnline, state } = setUp()
    goOnline()
    network.socket.say({ t: 'presence', user: 'bob', online: true, last_seen: 0 })
    vi.advanceTimersByTime(30_000)
    network.socket.say({ t: 'pong', r: network.socket.last('ping').r, cur: 'k9', n: 1, now: 0 })
    await vi.advanceTimersByTimeAsync(0)
    expect(state().state).toBe('waiting')
  })

  it('reconnects when no pong comes', () => {
    const { goOnline, state } = setUp()
    goOnline()
    vi.advanceTimersByTime(30_000 + 10_000)
    expect(state().state).toBe('waiting')
  })
})
