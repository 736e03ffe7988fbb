// Finds the addresses in a text. Only http and https become links: a text must not be able to start
// anything else.

export type Segment = { readonly text: string } | { readonly text: string; readonly href: string }

const FOUND = /https?:\/\/[^\s<>"'`，。；！？、（）【】《》“”‘’\u202A-\u202E\u2066-\u2069]+/giu
const LINKS_MAX = 100
const ALLOWED = new Set(['http:', 'https:'])

function count(text: string, char: string, end: number): number {
  return text.slice(0, end).split(char).length - 1
}

/** Signs that end a sentence, and brackets that were opened before the address, are no part of it. */
function trimmed(found: string): string {
  let end = found.length
  for (; end > 0; end--) {
    const char = found[end - 1] ?? ''
    if (',.;:!?*_~'.includes(char)) continue
    const opening = { ')': '(', ']': '[', '}': '{' }[char]
    if (opening === undefined || count(found, opening, end) >= count(found, char, end)) break
  }
  return found.slice(0, end)
}

/** The address as it may be opened; null for any other scheme and for what is no address. */
export function safeHref(text: unknown): string | null {
  if (typeof text !== 'string') return null
  try {
    const url = new URL(text)
    return ALLOWED.has(url.protocol) ? url.href : null
  } catch {
    return null
  }
}

/** The text in pieces; joined they are the text. Null when there is no address in it. */
export function linkSegments(text: string): Segment[] | null {
  if (!/https?:\/\//i.test(text)) return null
  const segments: Segment[] = []
  let at = 0
  for (const match of text.matchAll(FOUND)) {
    const address = trimmed(match[0])
    const href = safeHref(address)
    if (href === null) continue
    if (match.index > at) segments.push({ text: text.slice(at, match.index) })
    segments.push({ text: address, href })
    at = match.index + address.length
    if (segments.length > LINKS_MAX * 2) break
  }
  if (at === 0) return null
  if (at < text.length) segments.push({ text: text.slice(at) })
  return segments
}
