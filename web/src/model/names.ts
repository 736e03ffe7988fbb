// How a user is drawn without a picture: initials and one of eight hues, the same on every page.

const HUES = 8

export function hueOf(id: string): number {
  let hash = 0
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0
  // Short names differ in their low bits only: mix before the remainder.
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return ((hash ^ (hash >>> 13)) >>> 0) % HUES
}

/** One Chinese character (the given name's last), or up to two Latin initials. */
export function initialsOf(name: string): string {
  const text = name.trim()
  const chars = [...text]
  if (chars.length === 0) return '?'
  if (/\p{Script=Han}/u.test(text)) return chars.filter((char) => /\p{Script=Han}/u.test(char)).at(-1) ?? '?'
  if (/^\d/.test(text)) return text.slice(0, 2)
  const words = text.split(/[\s._-]+/u).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words[1]].map((word) => [...(word ?? '')][0] ?? '') : [chars[0] ?? '']
  return letters.join('').toUpperCase()
}
