// The texts of own messages that were recalled on this page, for "edit again". In memory only: what
// was taken back must not come back from a disk.

const KEPT_MS = 5 * 60_000
const KEPT_MAX = 20

interface Kept {
  text: string
  untilMs: number
}

const kept = new Map<string, Kept>()

const keyOf = (c: string, seq: number): string => `${c}:${seq}`

export function keepRecalled(c: string, seq: number, text: string): void {
  kept.set(keyOf(c, seq), { text, untilMs: Date.now() + KEPT_MS })
  for (const [key] of kept) if (kept.size > KEPT_MAX) kept.delete(key)
}

/** The text, for some minutes after the recall; null afterwards and on other devices. */
export function recalledText(c: string, seq: number): string | null {
  const found = kept.get(keyOf(c, seq))
  if (!found || found.untilMs < Date.now()) return null
  return found.text
}
