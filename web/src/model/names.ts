// How a user is drawn without a picture: initials and one of eight hues, the same on every page.

const HUES = 8

export function hueOf(id: string): number {
  let hash = 0
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0
  return hash % HUES
}

/** One Chinese character (the given name's last), or up to two Latin initials. */
export function initialsOf(name: string): string {
  const text = name.trim()
  const chars = [...text]
  if (chars.length === 0) return '?'
  if (/\p{Script=Han}/u.test(text)) return chars.filter((char) => /\p{Script=Han}/u.test(char)).at(-1) ?? '?'
  const words = text.split(/[\s._-]+/u).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words[1]].map((word) => [...(word ?? '')][0] ?? '') : [chars[0] ?? '']
  return letters.join('').toUpperCase()
}
