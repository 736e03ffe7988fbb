// One peer connection by the pattern of perfect negotiation: the caller insists, the callee gives way.
// WebRTC is injected; signals leave through a function.

import type { IceServer } from '../protocol.gen.js'
import type { SignalData } from './signals.js'
import type { CallStats, PeerConnectionLike, Rtc, SenderLike, SessionDescription, StreamLike, TrackLike } from './types.js'

export interface PeerHost {
  /** The callee. */
  polite: boolean
  signal(data: SignalData): void
  onState(state: string): void
  onRemoteStream(stream: StreamLike): void
  onError(error: unknown): void
}

export class Peer {
  private readonly pc: PeerConnectionLike
  private readonly senders = new Map<string, SenderLike>()
  private making = false
  private ignoring = false
  private closed = false
  /** Remote signals are worked off one by one: each waits for the browser. */
  private steps: Promise<void> = Promise.resolve()

  constructor(
    rtc: Rtc,
    ice: readonly IceServer[],
    private readonly stream: StreamLike,
    private readonly host: PeerHost,
  ) {
    const pc = rtc.createPeerConnection({ iceServers: ice as never[] })
    this.pc = pc
    pc.onnegotiationneeded = () => void this.offer()
    pc.onicecandidate = ({ candidate }: { candidate?: unknown }) => {
      if (candidate) host.signal({ candidate })
    }
    pc.onconnectionstatechange = () => {
      if (!this.closed) host.onState(pc.connectionState)
    }
    pc.ontrack = ({ streams }: { streams: StreamLike[] }) => {
      if (streams[0]) host.onRemoteStream(streams[0])
    }
    // The callee joins in when the first offer comes: two first offers would only get in each other's way.
    if (!host.polite) this.addOwn()
  }

  get state(): string {
    return this.pc.connectionState
  }

  receive(data: SignalData): void {
    this.steps = this.steps.then(async () => {
      if (this.closed) return
      try {
        if (data.description) await this.describe(data.description)
        else if (data.candidate) await this.candidate(data.candidate)
      } catch (error) {
        if (!this.closed) this.host.onError(error)
      }
    })
  }

  /** Finds a new way through the network; `ice`: fresh servers. */
  restart(ice: readonly IceServer[] | undefined): void {
    if (this.closed) return
    if (ice) this.pc.setConfiguration?.({ iceServers: ice } as never)
    this.pc.restartIce()
  }

  /** Puts a track where the one of its kind is sent; null sends nothing of it. */
  async send(kind: string, track: TrackLike | null): Promise<void> {
    const sender = this.senders.get(kind)
    if (sender) await sender.replaceTrack(track as never)
    else if (track) this.add(track)
  }

  async stats(): Promise<CallStats> {
    const found = { rttMs: 0, lostPackets: 0, bytesSent: 0, bytesReceived: 0 }
    const reports = (await this.pc.getStats()) as { forEach(fn: (report: Record<string, unknown>) => void): void }
    const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)
    reports.forEach((report) => {
      if (report.type === 'candidate-pair' && report.nominated === true) {
        found.rttMs = Math.round(numberOf(report.currentRoundTripTime) * 1_000)
        found.bytesSent += numberOf(report.bytesSent)
        found.bytesReceived += numberOf(report.bytesReceived)
      } else if (report.type === 'inbound-rtp') {
        found.lostPackets += numberOf(report.packetsLost)
      }
    })
    return found
  }

  close(): void {
    this.closed = true
    this.pc.onnegotiationneeded = this.pc.onicecandidate = this.pc.onconnectionstatechange = this.pc.ontrack = null
    this.pc.close()
  }

  private addOwn(): void {
    for (const track of this.stream.getTracks()) if (!this.senders.has(track.kind)) this.add(track)
  }

  private add(track: TrackLike): void {
    this.senders.set(track.kind, this.pc.addTrack(track as never, this.stream as never))
  }

  private async offer(): Promise<void> {
    if (this.closed) return
    this.making = true
    try {
      await this.pc.setLocalDescription()
      this.tell()
    } catch (error) {
      if (!this.closed) this.host.onError(error)
    } finally {
      this.making = false
    }
  }

  private async describe(description: SessionDescription): Promise<void> {
    const { pc } = this
    const collides = description.type === 'offer' && (this.making || pc.signalingState !== 'stable')
    this.ignoring = collides && !this.host.polite
    if (this.ignoring) return
    await pc.setRemoteDescription(description as never)
    if (description.type !== 'offer') return
    this.addOwn()
    await pc.setLocalDescription()
    this.tell()
  }

  private async candidate(candidate: unknown): Promise<void> {
    try {
      await this.pc.addIceCandidate(candidate as never)
    } catch (error) {
      // Candidates of an offer that was turned down fit nowhere.
      if (!this.ignoring) throw error
    }
  }

  private tell(): void {
    const { localDescription } = this.pc
    if (!localDescription || this.closed) return
    const { type, sdp } = localDescription
    this.host.signal({ description: sdp === undefined ? { type } : { type, sdp } })
  }
}
