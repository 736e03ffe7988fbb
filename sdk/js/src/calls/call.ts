// One call: its state machine, its tracks, and what it does when the line to the server or to the other side
// breaks. Frames come from the entry; it never listens to the client itself.

import { Emitter } from '../core/emitter.js'
import { MagpieError } from '../core/errors.js'
import type { CallInfo, IceServer, ServerFrames } from '../protocol.gen.js'
import type { Client } from '../types.js'
import { Peer } from './peer.js'
import { Signals, type SignalData } from './signals.js'
import type { Call as PublicCall, CallEnd, CallState, CallStats, CallView, Rtc, StreamLike, TrackLike } from './types.js'

type Reply = CallInfo & { ice?: IceServer[] }

/** A line that only hiccups mends itself. */
const HICCUP_MS = 2_000
/** No way to the other side for this long: the call is over. */
const GIVE_UP_MS = 40_000
/** After a reconnect the server says within this time that a call still rings. */
const STILL_RINGING_MS = 5_000

export interface CallHost {
  client: Client
  rtc: Rtc
  onChange(call: Call): void
  onError(error: MagpieError): void
}

export class Call implements PublicCall {
  view: CallView
  private readonly events = new Emitter<{ change: CallView }>()
  private readonly signals: Signals
  private peer: Peer | null = null
  private microphone: TrackLike | null = null
  private camera: TrackLike | null = null
  private screen: TrackLike | null = null
  private ice: IceServer[] = []
  private answering = false
  /** Signals that came before this side was ready for them. */
  private readonly early: SignalData[] = []
  private timer: ReturnType<typeof setTimeout> | undefined
  private ringTimer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly host: CallHost,
    readonly id: string,
    first: Pick<CallView, 'c' | 'media' | 'direction' | 'peer'>,
  ) {
    const out = first.direction === 'out'
    this.view = {
      ...{ id, ...first, state: out ? 'ringing-out' : 'ringing-in', why: '', error: null, answered: 0, ended: 0 },
      ...{ muted: false, camera: first.media === 'video', sharing: false, localStream: null, remoteStream: null },
    }
    this.signals = new Signals(
      (data) => this.request('call.signal', { data }),
      (data) => (this.peer ? this.peer.receive(data) : this.early.push(data)),
      () => void this.attach(),
      (error) => host.onError(error),
    )
  }

  get over(): boolean {
    return this.view.state === 'ended'
  }

  on(event: 'change', fn: (view: CallView) => void): () => void {
    return this.events.on(event, fn)
  }

  /** Rings at the other side; the caller's own devices are asked for first. */
  async invite(): Promise<void> {
    await this.guarded(async () => {
      await this.capture()
      const { peer: to, media } = this.view
      this.take(await this.request<Reply>('call.invite', { to, media }))
    })
  }

  async accept(): Promise<void> {
    if (this.view.state !== 'ringing-in' || this.answering) return
    this.answering = true
    await this.guarded(async () => {
      await this.capture()
      this.take(await this.request<Reply>('call.accept', {}))
    })
  }

  async end(): Promise<void> {
    if (this.over) return
    const { state, direction } = this.view
    const ringing = state === 'ringing-out' || state === 'ringing-in'
    const why = !ringing ? 'hangup' : direction === 'out' ? 'cancelled' : 'rejected'
    this.finish(why)
    await this.request('call.end', {}).catch(() => undefined)
  }

  /** What the server says of this call. */
  take(info: Reply): void {
    clearTimeout(this.ringTimer)
    if (this.over) return
    if (info.ice) this.ice = info.ice
    const { state, direction } = this.view
    this.show({ c: info.c, answered: info.answered ?? 0, ended: info.ended ?? 0 })
    if (info.state === 'ended') this.finish(info.why ?? 'hangup')
    else if (info.state === 'active' && (state === 'ringing-out' || state === 'ringing-in')) {
      if (direction === 'in' && !this.answering) this.finish('taken')
      // The reply to `accept` brings the servers; the event that overtakes it does not.
      else if (direction === 'out' || info.ice) this.connect()
    }
  }

  receive(signal: ServerFrames['call.signal']): void {
    if (!this.over) this.signals.receive(signal)
  }

  /** The client is back on line. */
  onSynced(): void {
    if (this.over) return
    if (this.view.state === 'ringing-in' && !this.answering) {
      this.ringTimer = setTimeout(() => this.finish('missed'), STILL_RINGING_MS)
    } else void this.attach()
  }

  setMuted(muted: boolean): void {
    if (this.microphone) this.microphone.enabled = !muted
    this.show({ muted })
  }

  async setCamera(on: boolean): Promise<void> {
    if (on && !this.camera) {
      const track = await this.track('video')
      if (!track) return
      this.camera = track
      this.show({ camera: true })
      if (!this.screen) await this.peer?.send('video', track)
    } else if (!on) {
      // Stopped, not only dark: the lamp beside the lens must go out.
      if (this.camera) this.camera.enabled = false
      this.camera?.stop()
      this.camera = null
      this.show({ camera: false })
      if (!this.screen) await this.peer?.send('video', null)
    }
  }

  async switchDevice(kind: 'audio' | 'video'): Promise<void> {
    const used = kind === 'audio' ? this.microphone : this.camera
    if (kind === 'video' && !used) return
    // Some phones give one camera at a time.
    used?.stop()
    const track = await this.track(kind)
    if (!track) return
    if (kind === 'audio') {
      track.enabled = !this.view.muted
      this.microphone = track
      await this.peer?.send('audio', track)
    } else {
      this.camera = track
      if (!this.screen) await this.peer?.send('video', track)
    }
    this.show({})
  }

  async shareScreen(on: boolean): Promise<void> {
    if (on === this.view.sharing) return
    if (!on) {
      this.screen?.stop()
      this.screen = null
      this.show({ sharing: false })
      await this.peer?.send('video', this.camera)
      return
    }
    const { getDisplayMedia } = this.host.rtc
    if (!getDisplayMedia) throw new MagpieError('unsupported', 'this platform cannot share the screen')
    const stream = await getDisplayMedia({ video: true }).catch((error: unknown) => {
      throw failed(error)
    })
    const track = stream.getTracks().find(({ kind }) => kind === 'video') ?? null
    if (this.over || !track) {
      track?.stop()
      return
    }
    this.screen = track
    // The browser's own button ends it too.
    track.onended = () => void this.shareScreen(false)
    this.show({ sharing: true })
    await this.peer?.send('video', track)
  }

  stats(): Promise<CallStats> {
    if (this.peer) return this.peer.stats()
    return Promise.reject(new MagpieError('call_failed', 'the call has no connection'))
  }

  finish(why: CallEnd, error: MagpieError | null = null): void {
    if (this.over) return
    clearTimeout(this.timer)
    clearTimeout(this.ringTimer)
    this.signals.close()
    this.peer?.close()
    this.peer = null
    for (const track of [...this.tracks(), this.microphone, this.camera, this.screen]) track?.stop()
    const ended = this.view.ended || this.host.client.now
    this.show({ state: 'ended', why, error, ended, sharing: false, localStream: null, remoteStream: null })
  }

  private connect(): void {
    const { localStream, direction } = this.view
    if (!localStream || this.peer) return
    this.show({ state: 'connecting' })
    this.timer = setTimeout(() => void this.giveUp(), GIVE_UP_MS)
    this.peer = new Peer(this.host.rtc, this.ice, localStream, {
      polite: direction === 'in',
      signal: (data) => this.signals.send(data),
      onState: (state) => this.onPeer(state),
      onRemoteStream: (remoteStream) => this.show({ remoteStream }),
      onError: (error) => this.host.onError(failed(error)),
    })
    for (const data of this.early.splice(0)) this.peer.receive(data)
  }

  private onPeer(state: string): void {
    if (this.over) return
    clearTimeout(this.timer)
    if (state === 'connected') {
      this.show({ state: 'active' })
      return
    }
    this.timer = setTimeout(() => void this.giveUp(), GIVE_UP_MS)
    if (state !== 'disconnected' && state !== 'failed') return
    this.show({ state: 'reconnecting' })
    const restart = (): void => {
      this.timer = setTimeout(() => void this.giveUp(), GIVE_UP_MS)
      void this.restartIce()
    }
    clearTimeout(this.timer)
    if (state === 'failed') restart()
    else this.timer = setTimeout(restart, HICCUP_MS)
  }

  private async giveUp(): Promise<void> {
    if (this.over) return
    this.finish('failed', new MagpieError('call_failed', 'there was no way to the other side'))
    await this.request('call.end', { why: 'failed' }).catch(() => undefined)
  }

  private async restartIce(): Promise<void> {
    // The credentials of the first servers may have ended; without an answer the old ones have to do.
    const reply = await this.host.client.request<ServerFrames['call.ice']>('call.ice').catch(() => null)
    this.peer?.restart(reply?.ice)
  }

  /** Takes this call over to the present connection, and hears what was said meanwhile. */
  private async attach(): Promise<void> {
    try {
      this.take(await this.request<Reply>('call.attach', { have: this.signals.have }))
      await this.signals.flush()
      if (this.peer && this.peer.state !== 'connected') await this.restartIce()
    } catch (error) {
      // Without a line the next one attaches; a call that the server does not know is over.
      if (error instanceof MagpieError && !error.retryable) this.finish('lost', error)
    }
  }

  private async capture(): Promise<void> {
    const stream = await this.media({ audio: true, video: this.view.media === 'video' })
    if (this.over) {
      for (const track of stream.getTracks()) track.stop()
      throw new MagpieError('aborted', 'the call ended meanwhile')
    }
    this.microphone = stream.getTracks().find(({ kind }) => kind === 'audio') ?? null
    this.camera = stream.getTracks().find(({ kind }) => kind === 'video') ?? null
    if (this.microphone) this.microphone.enabled = !this.view.muted
    // The platform may have given less than was asked for: a call without a camera goes on.
    this.show({ localStream: stream, camera: this.camera !== null })
  }

  private async track(kind: 'audio' | 'video'): Promise<TrackLike | null> {
    const stream = await this.media({ audio: kind === 'audio', video: kind === 'video' })
    const track = stream.getTracks().find((one) => one.kind === kind) ?? null
    if (!this.over) return track
    track?.stop()
    return null
  }

  private media(constraints: { audio: boolean; video: boolean }): Promise<StreamLike> {
    return this.host.rtc.getUserMedia(constraints).catch((error: unknown) => {
      throw failed(error)
    })
  }

  /** What goes wrong before the call is up ends it here and at the server. */
  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const known = error instanceof MagpieError ? error : failed(error)
      const ours = known.code === 'call_failed'
      this.finish(known.code === 'call_taken' ? 'taken' : known.code === 'busy' ? 'busy' : 'failed', known)
      if (ours && this.view.direction === 'in') await this.request('call.end', { why: 'failed' }).catch(() => undefined)
      throw known
    }
  }

  private request<R>(t: string, fields: object): Promise<R> {
    return this.host.client.request<R>(t, { call: this.id, ...fields })
  }

  private tracks(): TrackLike[] {
    return this.view.localStream?.getTracks() ?? []
  }

  private show(change: Partial<CallView> & { state?: CallState }): void {
    this.view = { ...this.view, ...change }
    this.events.emit('change', this.view)
    this.host.onChange(this)
  }
}

function failed(error: unknown): MagpieError {
  return error instanceof MagpieError ? error : new MagpieError('call_failed', String(error))
}
