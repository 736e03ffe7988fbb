// The entry `magpie-im/calls`: audio and video calls over an injected WebRTC. Hands the server's frames to the
// call that they concern; there is one call at a time.

import { Emitter } from '../core/emitter.js'
import { MagpieError } from '../core/errors.js'
import type { CallInfo, ServerFrames } from '../protocol.gen.js'
import type { Client } from '../types.js'
import { Call, type CallHost } from './call.js'
import type { Call as PublicCall, Calls, CallsEvents, Rtc } from './types.js'

export type * from './types.js'

const FEATURE = 'calls'

/** Make it before `connect`: only a client that has said so is rung. */
export function createCalls(client: Client, rtc: Rtc): Calls {
  return new CallsClient(client, rtc)
}

class CallsClient implements Calls {
  current: Call | null = null
  private readonly events = new Emitter<CallsEvents>()
  private readonly host: CallHost
  private readonly off: (() => void)[]
  /** Calls that ended while there was no line to say so. */
  private readonly unsaid = new Set<string>()
  private synced: boolean

  constructor(
    private readonly client: Client,
    rtc: Rtc,
  ) {
    this.host = {
      ...{ client, rtc },
      onChange: (call) => this.onChange(call),
      onError: (error) => this.events.emit('error', error),
    }
    this.synced = client.status.synced
    client.platform.want(FEATURE)
    this.off = [
      client.on('frame', ({ t, ...frame }) => {
        if (t === 'call') this.onCall(frame as unknown as CallInfo)
        else if (t === 'call.signal') this.onSignal(frame as unknown as ServerFrames['call.signal'])
      }),
      client.on('state', ({ synced }) => {
        if (synced && !this.synced) this.onSynced()
        this.synced = synced
      }),
    ]
  }

  get supported(): boolean {
    return this.client.features.includes(FEATURE)
  }

  on<E extends keyof CallsEvents>(event: E, fn: (value: CallsEvents[E]) => void): () => void {
    return this.events.on(event, fn)
  }

  async invite(user: string, media: 'audio' | 'video'): Promise<PublicCall> {
    if (this.client.state !== 'online') throw new MagpieError('disconnected', 'not connected', 'later')
    if (!this.supported) throw new MagpieError('unsupported', 'this server has no calls')
    if (this.current) throw new MagpieError('busy', 'there is a call already', 'later')
    const call = new Call(this.host, this.client.platform.newId(), { c: '', media, direction: 'out', peer: user })
    this.current = call
    this.events.emit('call', call)
    await call.invite()
    return call
  }

  close(): void {
    void this.current?.end()
    for (const off of this.off) off()
  }

  private onCall(info: CallInfo): void {
    const { call: id, state, from, to, c } = info
    if (this.current?.id === id) {
      this.current.take(info)
      return
    }
    // Another device's call, or one of a page that is no more: only what rings here concerns this client.
    if (state !== 'ringing' || to !== this.client.user?.id || this.current || this.unsaid.has(id)) return
    const media = info.media === 'video' ? 'video' : 'audio'
    const call = new Call(this.host, id, { c, media, direction: 'in', peer: from })
    this.current = call
    this.events.emit('incoming', call)
    this.events.emit('call', call)
  }

  private onSignal(signal: ServerFrames['call.signal']): void {
    if (this.current?.id === signal.call) this.current.receive(signal)
  }

  private onSynced(): void {
    for (const call of this.unsaid) {
      this.client.request('call.end', { call }).then(
        () => this.unsaid.delete(call),
        (error: MagpieError) => {
          if (!error.retryable) this.unsaid.delete(call)
        },
      )
    }
    this.current?.onSynced()
  }

  private onChange(call: Call): void {
    if (this.current !== call) return
    if (call.over) {
      this.current = null
      if (!this.client.status.synced) this.unsaid.add(call.id)
    }
    this.events.emit('call', this.current)
  }
}
