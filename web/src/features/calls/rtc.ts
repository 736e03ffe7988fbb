// WebRTC of the browser as the SDK takes it: the chosen devices, and what happens when there is none.
// A call without a camera is an audio call; one without a microphone still hears.

import type { PeerConnectionLike, Rtc, StreamLike } from 'magpie-im/calls'
import { reactive } from 'vue'

import { type Trouble, troubleOf } from '../../model/device-trouble'

export type DeviceKind = 'audio' | 'video'

export interface Chosen {
  audio: string
  video: string
}

const STORED = 'magpie.call_devices'

function stored(): Chosen {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Record<string, unknown>
    const text = (value: unknown): string => (typeof value === 'string' ? value : '')
    return { audio: text(kept['audio']), video: text(kept['video']) }
  } catch {
    return { audio: '', video: '' }
  }
}

/** Device ids; empty: the browser's choice. */
export const chosen = reactive<Chosen>(stored())

export function choose(kind: DeviceKind, id: string): void {
  chosen[kind] = id
  try {
    localStorage.setItem(STORED, JSON.stringify(chosen))
  } catch {
    // Where storage is denied the choice holds until the reload.
  }
}

export interface RtcHost {
  /** The camera is wanted at all: not when a video call is taken with sound only. */
  wantsVideo(): boolean
  /** This side makes the first offer. */
  isCaller(): boolean
  isVideoCall(): boolean
  onTrouble(kind: DeviceKind, trouble: Trouble): void
  /** A camera, or what is shared of the screen, for the own preview. */
  onOwnVideo(track: MediaStreamTrack, source: 'camera' | 'screen'): void
}

/** A device that was unplugged is no reason to have none: `ideal` takes another. */
function wishes(kind: DeviceKind): MediaTrackConstraints {
  const id = chosen[kind]
  const device = id === '' ? {} : { deviceId: { ideal: id } }
  if (kind === 'audio') return { ...device, echoCancellation: true, noiseSuppression: true }
  return { ...device, width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' }
}

export function browserRtc(host: RtcHost): Rtc {
  let hasMicrophone = true

  async function one(kind: DeviceKind): Promise<MediaStreamTrack | null> {
    try {
      if (!('mediaDevices' in navigator)) throw new TypeError('no devices on a page without https')
      const stream = await navigator.mediaDevices.getUserMedia({ [kind]: wishes(kind) })
      return stream.getTracks()[0] ?? null
    } catch (failure) {
      host.onTrouble(kind, troubleOf(failure))
      return null
    }
  }

  return {
    // One by one: a camera that is refused must not take the microphone with it.
    getUserMedia: async ({ audio, video }) => {
      const stream = new MediaStream()
      const microphone = audio ? await one('audio') : null
      if (audio) hasMicrophone = microphone !== null
      if (microphone) stream.addTrack(microphone)
      const camera = video && host.wantsVideo() ? await one('video') : null
      if (camera) {
        stream.addTrack(camera)
        host.onOwnVideo(camera, 'camera')
      }
      return stream as unknown as StreamLike
    },
    getDisplayMedia: async () => {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } })
      const track = stream.getVideoTracks()[0]
      if (track) {
        track.contentHint = 'detail'
        host.onOwnVideo(track, 'screen')
      }
      return stream as unknown as StreamLike
    },
    createPeerConnection: ({ iceServers }) => {
      const pc = new RTCPeerConnection({ iceServers })
      // Who has nothing to send must still ask to receive; the other side's offer does it by itself.
      if (host.isCaller()) {
        if (!hasMicrophone) pc.addTransceiver('audio', { direction: 'recvonly' })
        if (host.isVideoCall() && !host.wantsVideo()) pc.addTransceiver('video', { direction: 'recvonly' })
      }
      return pc as unknown as PeerConnectionLike
    },
  }
}

export interface DeviceList {
  audio: MediaDeviceInfo[]
  video: MediaDeviceInfo[]
}

export async function listDevices(): Promise<DeviceList> {
  const all = 'mediaDevices' in navigator ? await navigator.mediaDevices.enumerateDevices() : []
  const of = (kind: MediaDeviceKind): MediaDeviceInfo[] => all.filter((one) => one.kind === kind && one.deviceId !== '')
  return { audio: of('audioinput'), video: of('videoinput') }
}
