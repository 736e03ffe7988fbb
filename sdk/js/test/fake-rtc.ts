// WebRTC that is only bookkeeping: the signalling states of a browser, without media.
import type { SessionDescription } from '../src/calls/types.js'

export class FakeTrack {
  enabled = true
  stopped = false
  onended: (() => void) | null = null
  constructor(
    readonly kind: string,
    readonly label = '',
  ) {}
  stop(): void {
    this.stopped = true
  }
}

export class FakePeer {
  signalingState = 'stable'
  connectionState = 'new'
  iceConnectionState = 'new'
  localDescription: SessionDescription | null = null
  remoteDescription: SessionDescription | null = null
  onnegotiationneeded: ((event: unknown) => void) | null = null
  onicecandidate: ((event: unknown) => void) | null = null
  onconnectionstatechange: ((event: unknown) => void) | null = null
  ontrack: ((event: unknown) => void) | null = null
  readonly senders: { track: FakeTrack | null; replaceTrack(track: FakeTrack | null): Promise<void> }[] = []
  readonly candidates: unknown[] = []
  restarts = 0
  closed = false
  private made = 0
  private due = false

  constructor(public configuration: { iceServers: unknown[] }) {}

  addTrack(track: FakeTrack): object {
    const sender = {
      track: track as FakeTrack | null,
      replaceTrack: async (next: FakeTrack | null) => void (sender.track = next),
    }
    this.senders.push(sender)
    // Inside of an answer nothing further has to be negotiated.
    if (this.signalingState === 'stable') this.negotiate()
    return sender
  }

  async setLocalDescription(): Promise<void> {
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer'
    this.localDescription = { type, sdp: `${type}-${++this.made}` }
    this.signalingState = type === 'answer' ? 'stable' : 'have-local-offer'
  }

  async setRemoteDescription(description: SessionDescription): Promise<void> {
    if (description.type === 'answer' && this.signalingState !== 'have-local-offer') throw new Error('InvalidStateError')
    this.remoteDescription = description
    // An offer over an own one rolls that back, as browsers do.
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable'
  }

  async addIceCandidate(candidate: unknown): Promise<void> {
    if (!this.remoteDescription) throw new Error('no remote description')
    this.candidates.push(candidate)
  }

  restartIce(): void {
    this.restarts++
    this.negotiate()
  }

  setConfiguration(configuration: { iceServers: unknown[] }): void {
    this.configuration = configuration
  }

  async getStats(): Promise<Map<string, object>> {
    return new Map<string, object>([
      ['1', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.042, bytesSent: 10, bytesReceived: 20 }],
      ['2', { type: 'inbound-rtp', packetsLost: 3 }],
    ])
  }

  close(): void {
    this.closed = true
  }

  state(connectionState: string): void {
    this.connectionState = connectionState
    this.onconnectionstatechange?.({})
  }

  private negotiate(): void {
    if (this.due) return
    this.due = true
    void Promise.resolve().then(() => {
      this.due = false
      this.onnegotiationneeded?.({})
    })
  }
}
