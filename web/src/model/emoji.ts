// The emoji that were used last on this device.

const STORED = 'magpie.emoji'
const KEPT = 9

export function recentEmoji(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(STORED) ?? '[]')
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === 'string').slice(0, KEPT) : []
  } catch {
    return []
  }
}

export function useEmoji(emoji: string): void {
  const next = [emoji, ...recentEmoji().filter((one) => one !== emoji)].slice(0, KEPT)
  try {
    localStorage.setItem(STORED, JSON.stringify(next))
  } catch {
    // Denied or full: then none is remembered.
  }
}
