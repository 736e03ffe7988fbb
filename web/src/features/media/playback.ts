// Sounds of the page: one plays at a time. A voice message that plays is known by its message, so
// that it goes on while its bubble is scrolled out of sight.

import type { Message } from 'magpie-im'
import { reactive } from 'vue'

export interface Playing {
  key: string
  state: 'loading' | 'playing' | 'paused' | 'failed'
  positionMs: number
}

const IDLE: Playing = { key: '', state: 'paused', positionMs: 0 }

export const playing = reactive<Playing>({ ...IDLE })

let audio: HTMLAudioElement | null = null
let frame = 0
/** What else makes sound, such as a video: it is stopped when something begins. */
let other: (() => void) | null = null

function player(): HTMLAudioElement {
  if (audio) return audio
  audio = new Audio()
  audio.preload = 'auto'
  audio.addEventListener('playing', () => {
    playing.state = 'playing'
    follow()
  })
  audio.addEventListener('pause', () => {
    if (playing.state === 'playing') playing.state = 'paused'
  })
  audio.addEventListener('ended', () => Object.assign(playing, { state: 'paused', positionMs: 0 }))
  audio.addEventListener('error', () => {
    if (playing.key !== '') playing.state = 'failed'
  })
  return audio
}

function follow(): void {
  cancelAnimationFrame(frame)
  if (!audio || playing.state !== 'playing') return
  playing.positionMs = audio.currentTime * 1000
  frame = requestAnimationFrame(follow)
}

/** A video begins: the voice pauses, and pauses the video in turn when it goes on. */
export function claim(stop: () => void): void {
  audio?.pause()
  if (other !== stop) other?.()
  other = stop
}

export async function toggle(message: Message, address: () => Promise<string>): Promise<void> {
  const box = player()
  if (playing.key === message.key && playing.state === 'playing') {
    box.pause()
    return
  }
  other?.()
  other = null
  const resumes = playing.key === message.key && playing.state === 'paused' && playing.positionMs > 0
  const from = resumes || playing.key === message.key ? playing.positionMs : 0
  if (playing.key !== message.key) box.pause()
  Object.assign(playing, { key: message.key, state: 'loading', positionMs: from })
  try {
    const url = await address()
    if (playing.key !== message.key) return
    if (url === '') throw new Error('no address')
    if (box.src !== url) box.src = url
    if (Math.abs(box.currentTime * 1000 - from) > 50) box.currentTime = from / 1000
    await box.play()
  } catch (failure) {
    // Somebody started another one before this one began.
    if ((failure as Error).name !== 'AbortError' && playing.key === message.key) playing.state = 'failed'
  }
}

export function seek(message: Message, positionMs: number): void {
  if (playing.key !== message.key) {
    audio?.pause()
    Object.assign(playing, { key: message.key, state: 'paused', positionMs })
    return
  }
  playing.positionMs = positionMs
  if (audio) audio.currentTime = positionMs / 1000
}

export function stopAll(): void {
  audio?.pause()
  other?.()
  other = null
  Object.assign(playing, IDLE)
}
