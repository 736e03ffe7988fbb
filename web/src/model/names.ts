// How a user is named and drawn without a picture: initials and one of eight hues, the same on every page.

import type { Conversation, User } from 'magpie-im'

const HUES = 8
/** Who speaks when a backend sends in nobody's name. */
const SYSTEM = 'system'

export function hueOf(id: string): number {
  let hash = 0
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0
  // Short names differ in their low bits only: mix before the remainder.
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return ((hash ^ (hash >>> 13)) >>> 0) % HUES
}

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** One Chinese character (the given name's last), up to two Latin initials, or a whole emoji. */
export function initialsOf(name: string): string {
  const text = name.trim()
  if (text === '') return '?'
  if (/\p{Script=Han}/u.test(text)) return [...text].filter((char) => /\p{Script=Han}/u.test(char)).at(-1) ?? '?'
  if (/^\d/.test(text)) return text.slice(0, 2)
  const firstOf = (word: string): string => {
    for (const { segment } of letters.segment(word)) return segment
    return ''
  }
  const first = firstOf(text)
  // An emoji fills the circle by itself.
  if (/^\p{Extended_Pictographic}|^\p{Regional_Indicator}/u.test(first)) return first
  const words = text.split(/[\s._-]+/u).filter(Boolean)
  return words.slice(0, 2).map(firstOf).join('').toUpperCase()
}

export function nameOf(user: User | null | undefined): string {
  return user ? user.name.trim() || user.id : ''
}

/** The visitor's own conversation with customer service. */
export function isDeskOf(one: Conversation | undefined, meId: string): boolean {
  return one?.kind === 'desk' && (!one.peer || one.peer.id === meId)
}

/** The backend, not a person. */
export function isSystem(one: Conversation | undefined): boolean {
  return one?.peer?.id === SYSTEM && ['', SYSTEM].includes(one.peer.name)
}
