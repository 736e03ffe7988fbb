// Calls over a WebRTC that is only bookkeeping, and a server that is the test.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCalls } from '../src/calls/index.js'
import type { Call, Calls, Rtc } from '../src/calls/types.js'
import { FakePeer, FakeTrack } from './fake-rtc.js'
import { C, goOnline, greet, ME, PEER, settle, sync, T0, world, type Frame, type World } from './fake.js'

beforeEach(() => void vi.useFakeTimers({ now: T0 }))
afterEach(() => void vi.useRealTimers())

const ICE = [{ urls: ['turn:t'], username: 'u', credential: 'c' }]

interface Setup extends World {
  calls: Calls
  peers: FakePeer[]
  tracks: FakeTrack[]
  rtc: Rtc & { denied: boolean }
  incoming: Call[]
  /** Tells an event of the server. */
  tell(frame: object): void
}

async function setUp(options: { features?: string[] } = {}): Promise<Setup> {
  const given = world()
  const peers: FakePeer[] = []
  const tracks: FakeTrack[] = []
  const stream = (...kinds: string[]) => {
    const made = kinds.map((kind) => new FakeTrack(kind))
    tracks.push(...made)
    return { getTracks: () => made }
  }
  const rtc = {
    denied: false,
    createPeerConnection: (configuration: never) => {
      const peer = new FakePeer(configuration)
      peers.push(peer)
      return peer
    },
    getUserMedia: async ({ audio, video }: { audio: boolean; video: boolean }) => {
      if (rtc.denied) throw new Error('NotAllowedError')
      return stream(...(audio ? ['audio'] : []), ...(video ? ['video'] : []))
    },
    getDisplayMedia: async () => stream('video'),
  }
  const calls = createCalls(given.client, rtc as never)
  given.transport.auto.set('call.signal', () => ({ t: 'ok' }))
  given.transport.auto.set('call.end', () => ({ t: 'ok' }))
  given.transport.auto.set('call.ice', () => ({ t: 'call.ice', ice: [{ urls: ['turn:new'] }], expires: T0 }))
  await goOnline(given, [], options.features ? { ready: options } : {})
  const incoming: Call[] = []
  calls.on('incoming', (call) => void incoming.push(call))
  const tell = (frame: object): void => given.transport.socket.tell(frame)
  return { ...given, calls, peers, tracks, rtc: rtc as never, incoming, tell }
}

function info(call: string, state: string, more: object = {}): object {
  return { t: 'call', call, c: C, media: 'video', from: ME.id, to: PEER.id, state, ts: T0, conns: ['42', null], ...more }
}

const signals = (given: World): unknown[] => given.transport.socket.all('call.signal').map(({ data }) => data)
const peerOf = ({ peers }: Setup): FakePeer => peers.at(-1) as FakePeer

/** A call from here that the other side has taken and that is connected. */
async function active(): Promise<{ given: Setup; call: Call; id: string }> {
  const given = await setUp()
  given.transport.auto.set('call.invite', ({ call }) => info(call as string, 'ringing', { ice: ICE }))
  const call = await given.calls.invite(PEER.id, 'video')
  given.tell(info(call.id, 'active', { answered: T0 + 5, conns: ['42', '57'] }))
  await settle()
  given.tell({ t: 'call.signal', call: call.id, n: 1, data: { s: 1, description: { type: 'answer', sdp: 'answer-1' } } })
  await settle()
  peerOf(given).state('connected')
  return { given, call, id: call.id }
}

/** Somebody calls this client. */
async function ringing(): Promise<{ given: Setup; call: Call; id: string }> {
  const given = await setUp()
  const id = 'their-call'
  given.tell(info(id, 'ringing', { from: PEER.id, to: ME.id }))
  return { given, call: given.incoming[0] as Call, id }
}

async function reconnect(given: Setup): Promise<void> {
  given.transport.socket.end(1006)
  await vi.advanceTimersByTimeAsync(500)
  const socket = await greet(given)
  socket.tell(sync())
  await settle()
}

describe('an outgoing call', () => {
  it('rings, connects by offer and answer, and is active', async () => {
    const { given, call, id } = await active()
    expect(given.transport.socket.last('call.invite')).toMatchObject({ to: PEER.id, call: id, media: 'video' })
    expect(peerOf(given).configuration).toEqual({ iceServers: ICE })
    expect(signals(given)).toEqual([{ s: 1, description: { type: 'offer', sdp: 'offer-1' } }])
    expect(call.view).toMatchObject({ state: 'active', direction: 'out', answered: T0 + 5, peer: PEER.id, camera: true })
    expect(peerOf(given).senders.map(({ track }) => track?.kind)).toEqual(['audio', 'video'])
  })

  it('goes through its states one by one', async () => {
    const given = await setUp()
    const seen: string[] = []
    given.calls.on('call', (call) => void seen.push(call?.view.state ?? 'none'))
    const inviting = given.calls.invite(PEER.id, 'audio')
    await settle()
    const asked = given.transport.socket.last('call.invite')
    given.transport.socket.reply(asked, info(asked.call as string, 'ringing', { ice: ICE }))
    const call = await inviting
    given.tell(info(call.id, 'active'))
    peerOf(given).state('connected')
    given.tell(info(call.id, 'ended', { why: 'hangup', ended: T0 + 9 }))
    expect([...new Set(seen)]).toEqual(['ringing-out', 'connecting', 'active', 'none'])
    expect(call.view).toMatchObject({ state: 'ended', why: 'hangup', ended: T0 + 9 })
    expect(given.tracks.every(({ stopped }) => stopped)).toBe(true)
    expect(peerOf(given).closed).toBe(true)
    expect(given.calls.current).toBeNull()
  })

  it.each(['rejected', 'missed', 'busy'])('ends %s when the server says so', async (why) => {
    const given = await setUp()
    given.transport.auto.set('call.invite', ({ call }) => info(call as string, 'ringing', { ice: [] }))
    const call = await given.calls.invite(PEER.id, 'audio')
    given.tell(info(call.id, 'ended', { why }))
    expect(call.view).toMatchObject({ state: 'ended', why })
  })

  it('is refused with its code, and leaves the microphone', async () => {
    const given = await setUp()
    const inviting = given.calls.invite(PEER.id, 'audio')
    const refused = expect(inviting).rejects.toMatchObject({ code: 'blocked' })
    await settle()
    given.transport.socket.refuse(given.transport.socket.last('call.invite'), 'blocked')
    await refused
    expect(given.tracks.every(({ stopped }) => stopped)).toBe(true)
    expect(given.calls.current).toBeNull()
  })

  it('is not begun without a microphone, a server with calls, or beside another', async () => {
    const given = await setUp()
    given.rtc.denied = true
    await expect(given.calls.invite(PEER.id, 'audio')).rejects.toMatchObject({ code: 'call_failed' })
    expect(given.transport.socket.all('call.invite')).toEqual([])
    const { given: busy } = await active()
    await expect(busy.calls.invite('A', 'audio')).rejects.toMatchObject({ code: 'busy' })
    const old = await setUp({ features: [] })
    expect(old.calls.supported).toBe(false)
    await expect(old.calls.invite(PEER.id, 'audio')).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('is cancelled while it rings', async () => {
    const given = await setUp()
    given.transport.auto.set('call.invite', ({ call }) => info(call as string, 'ringing', { ice: [] }))
    const call = await given.calls.invite(PEER.id, 'audio')
    await call.end()
    expect(call.view).toMatchObject({ state: 'ended', why: 'cancelled' })
    expect(given.transport.socket.last('call.end')).toMatchObject({ call: call.id })
  })
})

describe('an incoming call', () => {
  it('is told, taken, and answered with own tracks', async () => {
    const { given, call, id } = await ringing()
    expect(call.view).toMatchObject({ state: 'ringing-in', direction: 'in', peer: PEER.id, media: 'video' })
    const accepting = call.accept()
    await settle()
    // The caller is quick: its event and its offer overtake the reply.
    given.tell(info(id, 'active', { from: PEER.id, to: ME.id }))
    given.tell({ t: 'call.signal', call: id, n: 1, data: { s: 1, description: { type: 'offer', sdp: 'offer-9' } } })
    const asked = given.transport.socket.last('call.accept')
    given.transport.socket.reply(asked, info(id, 'active', { from: PEER.id, to: ME.id, ice: ICE }))
    await accepting
    await settle()
    expect(call.view.state).toBe('connecting')
    expect(peerOf(given).remoteDescription).toEqual({ type: 'offer', sdp: 'offer-9' })
    expect(peerOf(given).senders).toHaveLength(2)
    expect(signals(given)).toEqual([{ s: 1, description: { type: 'answer', sdp: 'answer-1' } }])
  })

  it('ends here when another device of the user takes it', async () => {
    const { given, call, id } = await ringing()
    given.tell(info(id, 'active', { from: PEER.id, to: ME.id }))
    expect(call.view).toMatchObject({ state: 'ended', why: 'taken' })
    const second = await ringing()
    const late = expect(second.call.accept()).rejects.toMatchObject({ code: 'call_taken' })
    await settle()
    second.given.transport.socket.refuse(second.given.transport.socket.last('call.accept'), 'call_taken')
    await late
    expect(second.call.view).toMatchObject({ state: 'ended', why: 'taken' })
  })

  it('is rejected', async () => {
    const { given, call, id } = await ringing()
    await call.end()
    expect(call.view.why).toBe('rejected')
    expect(given.transport.socket.last('call.end')).toMatchObject({ call: id })
  })

  it('without a microphone fails at both sides', async () => {
    const { given, call, id } = await ringing()
    given.rtc.denied = true
    await expect(call.accept()).rejects.toMatchObject({ code: 'call_failed' })
    expect(given.transport.socket.last('call.end')).toMatchObject({ call: id, why: 'failed' })
  })

  it('that is over when the line comes back does not ring on', async () => {
    const { given, call, id } = await ringing()
    await reconnect(given)
    await vi.advanceTimersByTimeAsync(4_999)
    expect(call.view.state).toBe('ringing-in')
    given.tell(info(id, 'ringing', { from: PEER.id, to: ME.id }))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(call.view.state).toBe('ringing-in')
    const gone = await ringing()
    await reconnect(gone.given)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(gone.call.view).toMatchObject({ state: 'ended', why: 'missed' })
  })
})

describe('negotiation', () => {
  it('of two offers at once: the caller insists, the callee gives way', async () => {
    const { given, id } = await active()
    peerOf(given).restartIce()
    await settle()
    const insisting = peerOf(given).localDescription
    given.tell({ t: 'call.signal', call: id, n: 2, data: { s: 2, description: { type: 'offer', sdp: 'theirs' } } })
    given.tell({ t: 'call.signal', call: id, n: 3, data: { s: 3, candidate: { candidate: 'x' } } })
    await settle()
    expect(peerOf(given).localDescription).toBe(insisting)
    expect(peerOf(given).remoteDescription?.sdp).toBe('answer-1')
    const polite = await ringing()
    const { given: callee } = polite
    callee.transport.auto.set('call.accept', () => info(polite.id, 'active', { from: PEER.id, to: ME.id, ice: [] }))
    await polite.call.accept()
    peerOf(callee).restartIce()
    await settle()
    callee.tell({ t: 'call.signal', call: polite.id, n: 1, data: { s: 1, description: { type: 'offer', sdp: 'theirs' } } })
    await settle()
    expect(peerOf(callee).remoteDescription?.sdp).toBe('theirs')
    expect(signals(callee).at(-1)).toMatchObject({ description: { type: 'answer' } })
  })

  it('passes candidates on, both ways', async () => {
    const { given, id } = await active()
    peerOf(given).onicecandidate?.({ candidate: { candidate: 'mine' } })
    peerOf(given).onicecandidate?.({ candidate: null })
    given.tell({ t: 'call.signal', call: id, n: 2, data: { s: 2, candidate: { candidate: 'theirs' } } })
    await settle()
    expect(signals(given).at(-1)).toEqual({ s: 2, candidate: { candidate: 'mine' } })
    expect(peerOf(given).candidates).toEqual([{ candidate: 'theirs' }])
  })
})

describe('a broken line', () => {
  it('is taken up again: attach says what is here, and what was not sent goes out once', async () => {
    const { given, call, id } = await active()
    const wrong: unknown[] = []
    given.calls.on('error', (error) => void wrong.push(error))
    given.transport.auto.delete('call.signal')
    peerOf(given).onicecandidate?.({ candidate: { candidate: 'lost' } })
    given.transport.auto.set('call.signal', () => ({ t: 'ok' }))
    given.transport.auto.set('call.attach', () => info(id, 'active', { ice: ICE }))
    await reconnect(given)
    expect(given.transport.socket.last('call.attach')).toMatchObject({ call: id, have: 1 })
    expect(signals(given)).toEqual([{ s: 2, candidate: { candidate: 'lost' } }])
    // It came through the first time as well, and the server says it all again.
    given.tell({ t: 'call.signal', call: id, n: 1, data: { s: 1, description: { type: 'answer', sdp: 'again' } } })
    given.tell({ t: 'call.signal', call: id, n: 2, data: { s: 1, description: { type: 'answer', sdp: 'again' } } })
    given.tell({ t: 'call.signal', call: id, n: 3, data: { s: 2, candidate: { candidate: 'new' } } })
    await settle()
    expect(peerOf(given).remoteDescription?.sdp).toBe('answer-1')
    expect(peerOf(given).candidates).toEqual([{ candidate: 'new' }])
    // A repeated answer would be an error of the peer connection.
    expect(wrong).toEqual([])
    expect(call.view.state).toBe('active')
  })

  it('that swallowed a signal is noticed by its number', async () => {
    const { given, id } = await active()
    given.tell({ t: 'call.signal', call: id, n: 3, data: { s: 3, candidate: { candidate: 'third' } } })
    expect(given.transport.socket.last('call.attach')).toMatchObject({ call: id, have: 1 })
    expect(peerOf(given).candidates).toEqual([])
  })

  it('behind which the server knows the call no more ends it', async () => {
    const { given, call } = await active()
    given.transport.auto.set('call.attach', ({ r }: Frame) => ({ t: 'error', r, code: 'unknown_call', retry: 'never', message: '' }))
    await reconnect(given)
    expect(call.view).toMatchObject({ state: 'ended', why: 'lost' })
  })

  it('does not keep the end of a call from the server', async () => {
    const { given, call, id } = await active()
    given.transport.socket.end(1006)
    await call.end()
    await vi.advanceTimersByTimeAsync(500)
    const socket = await greet(given)
    socket.tell(sync())
    await settle()
    expect(socket.last('call.end')).toMatchObject({ call: id })
  })
})

describe('a broken way to the other side', () => {
  it('mends itself, or is made anew with fresh servers', async () => {
    const { given, call } = await active()
    const peer = peerOf(given)
    peer.state('disconnected')
    expect(call.view.state).toBe('reconnecting')
    peer.state('connected')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(peer.restarts).toBe(0)
    peer.state('failed')
    await settle()
    expect(peer.restarts).toBe(1)
    expect(peer.configuration).toEqual({ iceServers: [{ urls: ['turn:new'] }] })
    expect(signals(given).at(-1)).toMatchObject({ description: { type: 'offer' } })
    peer.state('connected')
    expect(call.view.state).toBe('active')
  })

  it('that stays broken ends the call at both sides', async () => {
    const { given, call, id } = await active()
    peerOf(given).state('disconnected')
    given.transport.auto.set('ping', () => ({ t: 'pong', n: 0, now: T0 }))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(peerOf(given).restarts).toBe(1)
    await vi.advanceTimersByTimeAsync(40_000)
    expect(call.view).toMatchObject({ state: 'ended', why: 'failed', error: { code: 'call_failed' } })
    expect(given.transport.socket.last('call.end')).toMatchObject({ call: id, why: 'failed' })
  })
})

describe('in a call', () => {
  it('mutes, and shares the screen in place of the camera', async () => {
    const { given, call } = await active()
    const [, video] = peerOf(given).senders
    call.setMuted(true)
    expect(call.view.muted).toBe(true)
    expect(given.tracks.find(({ kind }) => kind === 'audio')?.enabled).toBe(false)
    const camera = video?.track
    await call.shareScreen(true)
    expect(call.view.sharing).toBe(true)
    expect(video?.track).not.toBe(camera)
    // The browser's own button ends it.
    video?.track?.onended?.()
    await settle()
    expect(call.view.sharing).toBe(false)
    expect(video?.track).toBe(camera)
    expect(await call.stats()).toEqual({ rttMs: 42, lostPackets: 3, bytesSent: 10, bytesReceived: 20 })
  })

  it('lets go of the camera, takes it again, and takes another microphone as muted as the first', async () => {
    const { given, call } = await active()
    const [audio, video] = peerOf(given).senders
    const camera = video?.track
    await call.setCamera(false)
    expect([camera?.stopped, video?.track, call.view.camera]).toEqual([true, null, false])
    await call.setCamera(true)
    expect([video?.track?.kind, video?.track === camera, call.view.camera]).toEqual(['video', false, true])
    call.setMuted(true)
    const microphone = audio?.track
    await call.switchDevice('audio')
    expect([microphone?.stopped, audio?.track?.enabled, audio?.track === microphone]).toEqual([true, false, false])
    await call.end()
    expect(given.tracks.every(({ stopped }) => stopped)).toBe(true)
  })

  it('hears nothing of other calls', async () => {
    const { given, call } = await active()
    given.tell(info('other', 'ringing', { from: 'A', to: ME.id }))
    given.tell(info('other', 'ended', { why: 'busy' }))
    given.tell({ t: 'call.signal', call: 'other', n: 1, data: { candidate: 'x' } })
    expect(given.incoming).toEqual([])
    expect(call.view.state).toBe('active')
  })
})
