// What a file is to a chat: its kind, the body of its message, its words and the room it takes.
// The server judges by content; what is guessed here only chooses how the file is shown.

import type { Body, Message } from 'magpie-im'
import type { MediaDescriptor } from 'magpie-im/media'

export type MediaKind = 'image' | 'video' | 'voice' | 'file'

const IMAGES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif'])
const VIDEOS = new Set(['video/mp4', 'video/webm', 'video/quicktime'])

/** A drawing with scripts (SVG) or a format that browsers do not show is sent as a file. */
export function kindOfType(type: string): Exclude<MediaKind, 'voice'> {
  const plain = type.split(';')[0]?.trim().toLowerCase() ?? ''
  if (IMAGES.has(plain)) return 'image'
  return VIDEOS.has(plain) ? 'video' : 'file'
}

const NAME_MAX = 120
// Marks that turn the direction of text make `gpj.exe` look like `exe.jpg`; control characters break lines.
const DECEIVING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A name that shows what it is: no folders, no direction marks, with its ending kept when it is cut. */
export function plainName(name: string): string {
  const last = name.replace(/\\/g, '/').split('/').at(-1) ?? ''
  const clean = last.replace(DECEIVING, '').trim()
  if (clean === '' || clean === '.' || clean === '..') return 'file'
  if (clean.length <= NAME_MAX) return clean
  const ending = /\.[^.]{1,12}$/.exec(clean)?.[0] ?? ''
  return clean.slice(0, NAME_MAX - ending.length) + ending
}

export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const hours = Math.floor(seconds / 3600)
  const two = (value: number): string => String(value).padStart(2, '0')
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

const UNITS = ['B', 'KB', 'MB', 'GB']

export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** The text is what clients show that do not know the kind, and what push notices say. */
export function bodyOf(kind: MediaKind, media: MediaDescriptor): Body {
  const words = {
    image: '[图片]',
    video: '[视频]',
    voice: `[语音] ${clockText(media.ms ?? 0)}`,
    file: `[文件] ${media.name}`,
  }
  return { k: kind, x: words[kind], media }
}

/** What a message carries of its file; null for an address of another server (v1) and for nonsense. */
export function mediaOf(message: Pick<Message, 'body'>): MediaDescriptor | null {
  const { media } = message.body as { media?: unknown }
  if (typeof media !== 'object' || media === null) return null
  const { id, name, type, size } = media as Record<string, unknown>
  const whole = typeof id === 'string' && id !== '' && typeof name === 'string' && typeof type === 'string'
  return whole && typeof size === 'number' ? (media as MediaDescriptor) : null
}

/** An address that the sender's own server keeps, as in protocol v1; only ones that a page may load. */
export function outsideUrl(message: Pick<Message, 'body'>): string {
  const { url } = message.body as { url?: unknown }
  return typeof url === 'string' && /^https:\/\//i.test(url) ? url : ''
}

export interface Box {
  width: number
  height: number
}

const BOX_MAX: Box = { width: 300, height: 340 }
const BOX_MIN: Box = { width: 96, height: 72 }
const BOX_UNKNOWN: Box = { width: 240, height: 180 }

/** The room of a picture in a bubble, known before it is loaded: nothing moves when it comes. */
export function boxOf(w: unknown, h: unknown): Box {
  if (typeof w !== 'number' || typeof h !== 'number' || !(w > 0) || !(h > 0)) return BOX_UNKNOWN
  const scale = Math.min(BOX_MAX.width / w, BOX_MAX.height / h, 1)
  return {
    width: Math.round(Math.min(BOX_MAX.width, Math.max(BOX_MIN.width, w * scale))),
    height: Math.round(Math.min(BOX_MAX.height, Math.max(BOX_MIN.height, h * scale))),
  }
}
