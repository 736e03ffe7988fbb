// What the browser can tell of a file before it goes up: the size of a picture, the length and first
// picture of a video, the shape of a sound. Every answer may be missing; the upload goes on without.

import { HEAD_BYTES, imageSizeOf, PREVIEW_PIXELS_MAX } from '../../model/image-size'
import { waveOf } from '../../model/waveform'

export interface Probed {
  w?: number
  h?: number
  ms?: number
  wave?: number[]
  poster?: Blob
  /** The browser can draw it; else an icon stands for it. */
  preview: boolean
}

const POSTER_MAX_PX = 960
const POSTER_AT_S = 0.4
const WAIT_MS = 6_000

export async function probeImage(file: Blob): Promise<Probed | null> {
  const size = imageSizeOf(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()))
  if (!size) return null
  return { w: size.width, h: size.height, preview: size.width * size.height <= PREVIEW_PIXELS_MAX }
}

function event(target: EventTarget, name: string): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`no ${name} in time`)), WAIT_MS)
    target.addEventListener(name, () => (clearTimeout(timer), done()), { once: true })
    target.addEventListener('error', () => (clearTimeout(timer), fail(new Error('not playable'))), { once: true })
  })
}

export async function probeVideo(file: Blob): Promise<Probed | null> {
  const video = document.createElement('video')
  const url = URL.createObjectURL(file)
  try {
    video.muted = true
    video.playsInline = true
    video.preload = 'auto'
    const loaded = event(video, 'loadeddata')
    video.src = url
    await loaded
    // What a browser recorded says no length: it is known at the end.
    if (!Number.isFinite(video.duration)) await findEnd(video)
    const ms = Number.isFinite(video.duration) ? Math.round(video.duration * 1000) : 0
    const sought = event(video, 'seeked')
    video.currentTime = Math.min(POSTER_AT_S, ms > 0 ? ms / 2000 : 0)
    await sought
    const { videoWidth: w, videoHeight: h } = video
    if (w === 0 || h === 0) return null
    const poster = await drawn(video, w, h)
    return { w, h, preview: true, ...(ms > 0 && { ms }), ...(poster && { poster }) }
  } catch {
    return null
  } finally {
    video.removeAttribute('src')
    video.load()
    URL.revokeObjectURL(url)
  }
}

async function findEnd(video: HTMLVideoElement): Promise<void> {
  const known = event(video, 'durationchange')
  video.currentTime = 1e7
  await known.catch(() => undefined)
}

function drawn(video: HTMLVideoElement, w: number, h: number): Promise<Blob | null> {
  const scale = Math.min(1, POSTER_MAX_PX / Math.max(w, h))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(w * scale))
  canvas.height = Math.max(1, Math.round(h * scale))
  canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height)
  return new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.82))
}

/** Length and shape of a recording; null where the browser cannot decode what it recorded. */
export async function probeVoice(file: Blob): Promise<{ ms: number; wave: number[] } | null> {
  try {
    // An offline context needs no sound device and no permission to make sound.
    const context = new OfflineAudioContext(1, 1, 16_000)
    const sound = await context.decodeAudioData(await file.arrayBuffer())
    return { ms: Math.round(sound.duration * 1000), wave: waveOf(sound.getChannelData(0)) }
  } catch {
    return null
  }
}
