import { mount } from '@vue/test-utils'
import { type CallView, createCalls } from 'magpie-im/calls'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { t } from '../src/app/i18n'
import CallBubble from '../src/features/calls/CallBubble.vue'
import CallWindow from '../src/features/calls/CallWindow.vue'
import { useCalls } from '../src/features/calls/calls'
import { browserRtc, type RtcHost } from '../src/features/calls/rtc'
import { useInbox } from '../src/stores/inbox'
import { useSession } from '../src/stores/session'
import { useToasts } from '../src/stores/toasts'
import { conversation, FakeClient, HUA, message } from './fake-client'

const { made } = vi.hoisted(() => ({ made: { current: null as null | FakeCalls } }))

class FakeCall {
  id = 'call-1'
  heard: (view: CallView) => void = () => undefined
  constructor(public view: CallView) {}
  on(_: string, fn: (view: CallView) => void): () => void {
    this.heard = fn
    return () => undefined
  }
  show(change: Partial<CallView>): void {
    this.view = { ...this.view, ...change }
    this.heard(this.view)
  }
  accept = vi.fn(async () => undefined)
  end = vi.fn(async () => undefined)
  setMuted = vi.fn()
  setCamera = vi.fn(async () => undefined)
  switchDevice = vi.fn(async () => undefined)
}

interface FakeCalls {
  heard: Map<string, (value: unknown) => void>
  invite: ReturnType<typeof vi.fn>
  close: ReturnType<typeof vi.fn>
}

vi.mock('magpie-im/calls', () => ({
  createCalls: vi.fn(() => {
    const heard = new Map<string, (value: unknown) => void>()
    made.current = { heard, invite: vi.fn(async () => undefined), close: vi.fn() }
    return { ...made.current, on: (event: string, fn: (value: unknown) => void) => heard.set(event, fn) }
  }),
}))

const VIEW = {
  ...{ id: 'call-1', c: 'c', media: 'video', direction: 'in', peer: '翠花', state: 'ringing-in', why: '', error: null },
  ...{ answered: 0, ended: 0, muted: false, camera: true, sharing: false, localStream: null, remoteStream: null },
} as unknown as CallView

let calls: ReturnType<typeof useCalls>
let client: FakeClient

beforeEach(async () => {
  setActivePinia(createPinia())
  made.current = null
  client = new FakeClient()
  client.features = ['calls']
  calls = useCalls()
  useInbox().attach(client as never)
  useSession().start(client as never, () => undefined)
  await vi.waitFor(() => expect(made.current).not.toBeNull())
})
afterEach(() => vi.useRealTimers())

function rung(fields: Partial<CallView> = {}): FakeCall {
  const call = new FakeCall({ ...VIEW, ...fields })
  made.current?.heard.get('call')?.(call)
  return call
}

describe('the call of the page', () => {
  it('rings, is answered, and asks before the page is left only while it goes on', async () => {
    const call = rung()
    expect(calls.view?.state).toBe('ringing-in')
    expect(calls.isGoingOn).toBe(false)
    await calls.accept('video')
    expect(call.accept).toHaveBeenCalled()
    call.show({ state: 'active', answered: 5 })
    expect(calls.isGoingOn).toBe(true)
  })

  it('shows its end for a moment, and an unanswered one not at all', () => {
    vi.useFakeTimers()
    const call = rung()
    call.show({ state: 'active', answered: 5 })
    call.show({ state: 'ended', why: 'hangup' })
    vi.advanceTimersByTime(1_000)
    expect(calls.view?.state).toBe('ended')
    vi.advanceTimersByTime(5_000)
    expect(calls.view).toBeNull()
    rung().show({ state: 'ended', why: 'taken' })
    vi.advanceTimersByTime(1)
    expect(calls.view).toBeNull()
  })

  it('shows whom one talks with in its small window too', () => {
    client.conversations = [conversation({ peer: { ...HUA, avatar: 'https://example.com/hua.png' } })]
    useInbox().attach(client as never)
    const small = mount(CallWindow, { props: { view: { ...VIEW, state: 'active' } } })
    expect(small.get('img').attributes('src')).toBe('https://example.com/hua.png')
    small.unmount()
  })

  it('is left to the old session when the user signs out', () => {
    rung()
    useSession().stop()
    expect(made.current?.close).toHaveBeenCalledBefore(client.close)
    expect(calls.view).toBeNull()
  })
})

describe('a page that cannot load what calls need', () => {
  it('says so, and goes on', async () => {
    vi.mocked(createCalls).mockImplementationOnce(() => {
      throw new Error('no such part')
    })
    useSession().stop()
    useSession().start(client as never, () => undefined)
    await vi.waitFor(() => expect(useToasts().list).toMatchObject([{ kind: 'error', text: t('call.unavailable') }]))
  })
})

describe('devices that cannot be had', () => {
  const host: RtcHost = { wantsVideo: () => true, isCaller: () => true, isVideoCall: () => true, onTrouble: vi.fn(), onOwnVideo: vi.fn() }
  const track = (kind: string): object => ({ kind, stop: vi.fn() })
  class FakeStream {
    constructor(private readonly tracks: object[] = []) {}
    addTrack(one: object): void {
      this.tracks.push(one)
    }
    getTracks(): object[] {
      return this.tracks
    }
  }

  beforeEach(() => vi.stubGlobal('MediaStream', FakeStream))
  afterEach(() => vi.unstubAllGlobals())

  function devices(answer: (kind: string) => object): void {
    const getUserMedia = async (wishes: object): Promise<object> => new FakeStream([answer(Object.keys(wishes)[0] ?? '')])
    vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
  }

  const refused = (name: string): never => {
    throw Object.assign(new Error(), { name })
  }

  it('make a video call one with sound only', async () => {
    devices((kind) => (kind === 'video' ? refused('NotFoundError') : track(kind)))
    const stream = await browserRtc(host).getUserMedia({ audio: true, video: true })
    expect(stream.getTracks().map(({ kind }) => kind)).toEqual(['audio'])
    expect(host.onTrouble).toHaveBeenLastCalledWith('video', 'missing')
  })

  it('leave one who can only listen, and who still asks to hear and see', async () => {
    devices((kind) => refused(kind === 'audio' ? 'NotAllowedError' : 'NotReadableError'))
    const transceivers: string[] = []
    vi.stubGlobal('RTCPeerConnection', class {
      addTransceiver(kind: string, { direction }: { direction: string }): void {
        transceivers.push(`${kind} ${direction}`)
      }
    })
    const rtc = browserRtc({ ...host, wantsVideo: () => false })
    expect((await rtc.getUserMedia({ audio: true, video: true })).getTracks()).toEqual([])
    rtc.createPeerConnection({ iceServers: [] })
    expect(transceivers).toEqual(['audio recvonly', 'video recvonly'])
  })
})

describe('the record of a call', () => {
  it('offers to call back with the same kind of call', async () => {
    const body = { k: 'call', x: '[视频通话] 未接听', call: { id: '1', media: 'video', why: 'missed', ms: 0 } }
    const bubble = mount(CallBubble, { props: { message: message(1, { body }) } })
    expect(bubble.classes()).toContain('missed')
    await bubble.get('[data-testid="call-back"]').trigger('click')
    expect(made.current?.invite).toHaveBeenCalledWith('翠花', 'video')
  })
})
