// Bodies that are more than text, read with distrust: a sender may put anything into them.

import type { Body, User } from 'magpie-im'

export interface Place {
  lat: number
  lon: number
  title: string
  address: string
}

export interface Contact {
  user: string
  name: string
  avatar: string
}

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : '')

export function placeOf(body: Body): Place | null {
  const { lat, lon, title, address } = body
  if (typeof lat !== 'number' || typeof lon !== 'number') return null
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return null
  return { lat, lon, title: text(title), address: text(address) }
}

export function contactOf(body: Body): Contact | null {
  const { user, name, avatar } = body
  return typeof user === 'string' && user !== '' ? { user, name: text(name), avatar: text(avatar) } : null
}

/** A map that works where the reader is: the browser's coordinates are WGS 84, which both take. */
export function mapLink({ lat, lon, title }: Place, locale: string): string {
  if (locale !== 'zh-CN') return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=16/${lat}/${lon}`
  const name = title === '' ? '' : `&name=${encodeURIComponent(title)}`
  return `https://uri.amap.com/marker?position=${lon},${lat}${name}&coordinate=wgs84`
}

export function locationBody(lat: number, lon: number): Body {
  // Five digits are about a metre: no more than a meeting point needs.
  const round = (value: number): number => Math.round(value * 1e5) / 1e5
  return { k: 'location', x: '[位置]', lat: round(lat), lon: round(lon) }
}

export function cardBody(user: User): Body {
  const name = user.name.trim() || user.id
  return { k: 'card', x: `[名片] ${name}`, user: user.id, name, ...(user.avatar ? { avatar: user.avatar } : {}) }
}
