// The golden frames and the transcript that the server is tested with: the files of magpie-proto and the
// examples of docs/protocol.md, whatever there is of them by now.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCalls } from '../src/calls/index.js'
import type { Client } from '../src/types.js'
import { C, entry, goOnline, greet, message, ready, settle, sync, T0, world, type FakeTransport, type Frame, type World } from './fake.js'

beforeEach(() => void vi.useFakeTimers({ now: T0 }))
afterEach(() => void vi.useRealTimers())

const root = fileURLToPath(new URL('../../..', import.meta.url))
const protocol = readFileSync(`${root}/docs/protocol.md`, 'utf8')

/** All golden frames of one side by name. */
function golden(side: 'client' | 'server'): [string, Frame][] {
  const found = new Map<string, Frame>()
  const folder = `${root}/crates/magpie-proto/golden/v1/${side}`
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    found.set(file.replace(/\.json$/, ''), JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as Frame)
  }
  for (const [, name, text] of protocol.matchAll(/```json golden=(\S+)\n(.*?)\n```/gs)) {
    if (name?.startsWith(`${side}/`)) found.set(name.slice(side.length + 1), JSON.parse(text as string) as Frame)
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
}

const str = (value: unknown): string => value as string
const fields = (frame: Frame, ...without: string[]): object =>
  Object.fromEntries(Object.entries(frame).filter(([name]) => !['t', 'r', ...without].includes(name)))
const num = (value: unknown): number => value as number

/** The call of the SDK that produces a client frame of this type. */
const CALLS: Record<string, (client: Client, f: Frame) => unknown> = {
  send: (client, f) => client.send(f.to === undefined ? str(f.c) : { to: str(f.to) }, f.b as never),
  receipt: (client, f) => client.markRead(str((f.read as [string, number][])[0]?.[0])),
  typing: (client, f) => client.typing(f.to === undefined ? str(f.c) : { to: str(f.to) }),
  'presence.watch': (client, f) => client.watchPresence(f.users as string[]),
  history: (client, f) => client.history(str(f.c), fields(f, 'c')),
  inbox: (client, f) => client.request('inbox', fields(f)),
  'conv.open': (client, f) => client.openConversation(str(f.to)),
  'conv.pin': (client, f) => client.pin(str(f.c), f.on as boolean),
  'conv.mute': (client, f) => client.mute(str(f.c), f.on as boolean),
  'conv.hide': (client, f) => client.hideConversation(str(f.c)),
  'conv.delete': (client, f) => client.deleteConversation(str(f.c)),
  'conv.draft': (client, f) => client.setDraft(str(f.c), str(f.x), f.re as number | undefined),
  'msg.hide': (client, f) => client.hide(str(f.c), num(f.seq)),
  'msg.recall': (client, f) => client.recall(str(f.c), num(f.seq)),
  'msg.edit': (client, f) => client.edit(str(f.c), num(f.seq), f.b as never),
  'msg.react': (client, f) => client.react(str(f.c), num(f.seq), str(f.e), f.on as boolean),
  'msg.forward': (client, f) =>
    client.forward({ c: str(f.c), seq: num(f.seq) }, f.to === undefined ? str(f.into) : { to: str(f.to) }),
  unread: (client, f) => client.unread(str(f.c)),
  block: (client, f) => client.block(str(f.user), f.on as boolean),
  blocks: (client) => client.blocked(),
  channel: (client, f) => client.channel(str(f.channel)),
  broadcast: (client, f) => client.broadcast(f.b as never),
  devices: (client) => client.devices(),
  'device.signout': (client, f) => client.signOutDevice(str(f.device)),
  'profile.set': (client, f) => client.setProfile(fields(f)),
}

/** What the SDK has no call of its own for: calls and media stand on `request`, the rest is the connection's. */
const BY_REQUEST = /^(call\.|changes$)/

describe('every golden client frame', () => {
  const frames = golden('client')

  it('is found', () => {
    expect(frames.length).toBeGreaterThanOrEqual(26)
  })

  it.each(frames.filter(([, { t }]) => !['hello', 'auth', 'ping'].includes(t)))('%s is what the SDK sends', async (_name, frame) => {
    const given = world()
    given.transport.randomId = () => str(frame.cid ?? 'id')
    // `to` is written as it is only as long as the conversation is not known.
    const [, read = 13] = ((frame.read ?? []) as [string, number][])[0] ?? []
    const known = frame.to === undefined ? [entry({ head: read - 1 })] : []
    const socket = await goOnline(given, known)
    if (frame.t === 'receipt') socket.tell({ t: 'msg', ...message(read) })
    const done = BY_REQUEST.test(frame.t)
      ? given.client.request(frame.t, fields(frame))
      : CALLS[frame.t]?.(given.client, frame)
    if (done instanceof Promise) done.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(1_000)
    const sent = socket.last(frame.t)
    expect({ ...sent, r: undefined }).toEqual({ ...frame, r: undefined })
    expect('r' in sent).toBe('r' in frame)
  })

  it('hello, hello-resume and auth are what the connection sends', async () => {
    const hellos = frames.filter(([, { t }]) => t === 'hello')
    const resume = hellos.find(([, frame]) => 'cursor' in frame)?.[1] as Frame
    const fixed = (transport: FakeTransport): void => void (transport.randomId = () => str(resume.instance))
    const given = world({ getToken: ({ renew }) => (renew ? '<new token>' : '<token>') }, fixed)
    const socket = await goOnline(given, [], { sync: { cur: resume.cursor }, ready: { expires: T0 + 10_000 } })
    for (const [channel, version] of resume.channels as [string, number][]) {
      socket.tell({ t: 'push', channel, version, ts: T0, data: 1 })
    }
    await vi.advanceTimersByTimeAsync(9_000)
    const auth = frames.find(([, { t }]) => t === 'auth')?.[1] as Frame
    expect({ ...socket.last('auth'), r: auth.r }).toEqual(auth)
    socket.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    given.transport.socket.open()
    // Which abilities a client has is its own affair; the rest is the golden frame.
    const own = { features: given.transport.socket.last('hello').features }
    expect({ ...given.transport.socket.last('hello'), ...own }).toEqual({ ...resume, ...own })
    const first = hellos.find(([, frame]) => !('cursor' in frame) && !('features' in frame))?.[1] as Frame
    expect({ ...socket.last('hello'), features: undefined }).toEqual(first)
    await vi.advanceTimersByTimeAsync(0)
    given.transport.socket.tell(ready())
    await vi.advanceTimersByTimeAsync(30_000)
    expect(given.transport.socket.last('ping')).toEqual({ t: 'ping', r: expect.any(Number) })
  })
})

/** What the SDK makes of a server frame: an event, or the answer to a call. */
const EVENTS: Record<string, keyof World['events']> = {
  ...{ msg: 'message', receipt: 'receipt', typing: 'typing', presence: 'presence', push: 'push' },
  ...{ broadcast: 'broadcast', 'msg.change': 'change', call: 'frame', 'call.signal': 'frame', error: 'error' },
}

describe('every golden server frame', () => {
  const frames = golden('server')

  it('is found', () => {
    expect(frames.length).toBeGreaterThanOrEqual(30)
  })

  it.each(frames.filter(([, { t, r }]) => r === undefined && t !== 'sync'))('%s is told to the app', async (_name, frame) => {
    const given = world()
    given.transport.auto.set('history', (asked) => ({ t: 'history', c: asked.c, head: 99, more: false, items: [] }))
    const socket = await goOnline(given, [entry({ head: frame.t === 'msg' ? num(frame.seq) - 1 : 15, read: 9, unread: 4 })])
    const before = given.client.conversation(C)
    const event = EVENTS[frame.t]
    const count = event ? given.events[event].length : 0
    socket.tell(frame)
    await settle()
    if (event) expect(given.events[event]).toHaveLength(count + 1)
    else expect(given.client.conversation(C)).not.toBe(before)
    expect(given.client.state).toBe('online')
  })

  it.each(frames.filter(([, { t }]) => t === 'sync'))('%s is taken', async (_name, frame) => {
    const given = world()
    const socket = await goOnline(given)
    socket.tell(frame)
    await settle()
    const convs = frame.convs as { c: string; head: number }[]
    expect(given.client.conversations.map(({ c, head }) => [c, head])).toEqual(convs.map(({ c, head }) => [c, head]))
  })

  it.each(frames.filter(([, { t, r }]) => r !== undefined && t !== 'ready' && t !== 'pong'))('%s is an answer', async (_name, frame) => {
    const given = world()
    const socket = await goOnline(given)
    const answer = given.client.request('any').catch((error: unknown) => error)
    const reply = { ...frame, r: socket.last('any').r }
    socket.tell(reply)
    const { code, after_ms: afterMs = 0 } = frame
    expect(await answer).toMatchObject(frame.t === 'error' ? { name: 'MagpieError', code, afterMs } : reply)
  })

  it.each(frames.filter(([, { t }]) => t === 'ready' || t === 'pong'))('%s keeps the connection', async (_name, frame) => {
    const given = world()
    void given.client.connect()
    await settle()
    given.transport.socket.open()
    given.transport.socket.tell(frame.t === 'ready' ? frame : ready())
    given.transport.socket.tell(sync())
    for (let seq = 1; seq <= num(frame.n ?? 0); seq++) given.transport.socket.tell({ t: 'msg', ...message(seq) })
    given.client.nudge()
    await settle()
    const { r } = given.transport.socket.last('ping')
    given.transport.socket.tell(frame.t === 'pong' ? { ...frame, r } : { t: 'pong', r, n: 0, now: T0 })
    await settle()
    expect(given.client.status).toMatchObject({ state: 'online', synced: true })
  })
})

describe('the session from beginning to end', () => {
  /** Lines of the transcript; what is left out of a frame (`...`) is filled with the frames of these tests. */
  function transcript(): [string, string][] {
    const block = /## 20\. .*?```text\n(.*?)```/s.exec(protocol)?.[1] ?? ''
    const lines = block.split('\n').filter((line) => /^[<>] /.test(line))
    return lines.map((line) => [line.slice(0, 1), line.slice(2).replace(/(?<=[}\]])\s{2,}.*$/, '')])
  }

  function parse(text: string): Frame {
    return JSON.parse(text.replace(/,\.\.\.(?=[,}\]])/g, '')) as Frame
  }

  it('is what the SDK does', async () => {
    const given = world({ getToken: () => '<token>' }, (transport) => void (transport.randomId = () => '5f1b90aa'))
    const { client } = given
    void client.connect()
    await settle()
    given.transport.socket.open()
    let seen = 0
    const steps: Record<string, () => void> = {
      send: () => {
        given.transport.randomId = () => 'm-1'
        client.send({ to: '翠花' }, '在的')
      },
      receipt: () => client.markRead(C),
    }
    for (const [side, text] of transcript()) {
      const { socket } = given.transport
      if (/^(GET|101)/.test(text)) continue
      if (text.startsWith('close ')) {
        const [, code, reason] = text.split(' ')
        socket.end(Number(code), reason)
        await vi.advanceTimersByTimeAsync(1_830)
        given.transport.socket.open()
        seen = 0
      } else if (side === '>') {
        const wanted = parse(text)
        steps[wanted.t]?.()
        await vi.advanceTimersByTimeAsync(wanted.t === 'receipt' ? 200 : wanted.t === 'ping' ? 30_000 : 0)
        const sent = socket.sent[seen++] as Frame
        // A conversation that is known is named instead of its peer.
        const named = 'to' in sent || wanted.t !== 'send' ? {} : { to: '翠花' }
        expect({ ...sent, ...named, r: 0 }).toMatchObject({ ...wanted, r: 0 })
      } else {
        const frame = parse(text)
        const convs = ((frame.convs ?? []) as object[]).map((conv) => entry({ read: 12, delivered: 12, ...conv }))
        const full = frame.t === 'ready' ? { ...ready(), ...frame } : frame.t === 'sync' ? { ...frame, convs } : frame
        // The numbers of requests are the client's: an answer goes to the newest of its kind.
        const asked = { ack: 'send', ok: 'receipt', pong: 'ping', ready: 'hello' }[frame.t]
        given.transport.auto.delete('receipt')
        socket.tell(frame.r === undefined ? full : { ...full, r: socket.last(asked ?? '').r })
        await settle()
      }
    }
    expect(client.status).toMatchObject({ state: 'online', synced: true })
    expect(given.events.message.map(({ seq }) => seq)).toEqual([13, 14])
    expect(client.conversation(C)).toMatchObject({ head: 14, unread: 0, peerDelivered: 13 })
    expect(given.transport.sockets).toHaveLength(2)
  })
})

describe('a client with calls', () => {
  it('says so in hello, and anew on a connection that is live', async () => {
    const given = world()
    await goOnline(given)
    createCalls(given.client, {} as never)
    const socket = await greet(given)
    expect(socket.last('hello').features).toEqual(['changes', 'calls'])
  })
})
