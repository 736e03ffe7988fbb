// Public types of the entry `magpie-im/calls`. WebRTC is injected: the part that is used is named here.

import type { MagpieError } from '../core/errors.js'

export interface TrackLike {
  readonly kind: string
  enabled: boolean
  stop(): void
  onended?: ((event: never) => unknown) | null
}

export interface StreamLike {
  getTracks(): TrackLike[]
}

export interface SenderLike {
  readonly track: TrackLike | null
  replaceTrack(track: never): Promise<void>
}

export interface SessionDescription {
  type: string
  sdp?: string
}

/** The part of RTCPeerConnection that is used. */
export interface PeerConnectionLike {
  readonly signalingState: string
  readonly connectionState: string
  readonly iceConnectionState: string
  readonly localDescription: SessionDescription | null
  onnegotiationneeded: ((event: never) => unknown) | null
  onicecandidate: ((event: never) => unknown) | null
  onconnectionstatechange: ((event: never) => unknown) | null
  ontrack: ((event: never) => unknown) | null
  addTrack(track: never, stream: never): SenderLike
  setLocalDescription(description?: never): Promise<void>
  setRemoteDescription(description: never): Promise<void>
  addIceCandidate(candidate?: never): Promise<void>
  restartIce(): void
  setConfiguration?(configuration: never): void
  getStats(): Promise<unknown>
  close(): void
}

export interface Rtc {
  createPeerConnection(configuration: { iceServers: never[] }): PeerConnectionLike
  getUserMedia(constraints: { audio: boolean; video: boolean }): Promise<StreamLike>
  getDisplayMedia?(constraints: { video: boolean }): Promise<StreamLike>
}

export type CallState = 'ringing-out' | 'ringing-in' | 'connecting' | 'active' | 'reconnecting' | 'ended'

export type CallEnd = 'hangup' | 'cancelled' | 'rejected' | 'missed' | 'busy' | 'failed' | 'lost' | 'taken' | (string & {})

/** An immutable picture of a call; `call.view` is replaced when something changes. */
export interface CallView {
  readonly id: string
  readonly c: string
  readonly media: 'audio' | 'video'
  readonly direction: 'in' | 'out'
  readonly peer: string
  readonly state: CallState
  /** `ended`: why. `taken`: answered on another device of this user. */
  readonly why: CallEnd | ''
  readonly error: MagpieError | null
  /** Server's clock, ms; 0 = not yet. */
  readonly answered: number
  readonly ended: number
  readonly muted: boolean
  readonly camera: boolean
  readonly sharing: boolean
  readonly localStream: StreamLike | null
  readonly remoteStream: StreamLike | null
}

export interface CallStats {
  readonly rttMs: number
  readonly lostPackets: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

export interface Call {
  readonly id: string
  readonly view: CallView
  on(event: 'change', fn: (view: CallView) => void): () => void
  accept(): Promise<void>
  /** Hangs up, rejects or cancels, as the state is. */
  end(): Promise<void>
  setMuted(muted: boolean): void
  /** Off stops the camera; on asks for it again. */
  setCamera(on: boolean): Promise<void>
  /** Takes the microphone or camera that `getUserMedia` gives now in place of the one in use. */
  switchDevice(kind: 'audio' | 'video'): Promise<void>
  shareScreen(on: boolean): Promise<void>
  stats(): Promise<CallStats>
}

export interface CallsEvents {
  /** Somebody calls; also after a reload while it still rings. */
  incoming: Call
  /** The call that is going on changed; null when there is none. */
  call: Call | null
  error: MagpieError
}

export interface Calls {
  /** The server has calls and this client asked for them. */
  readonly supported: boolean
  readonly current: Call | null
  on<E extends keyof CallsEvents>(event: E, fn: (value: CallsEvents[E]) => void): () => void
  invite(user: string, media: 'audio' | 'video'): Promise<Call>
  /** Ends what is going on and stops listening. */
  close(): void
}
