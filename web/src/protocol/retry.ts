// When to connect again: full-jitter back-off and the rule that a close code carries.

const BASE_MS = 500
const CAP_MS = 20_000

/** A wait in [0, min(20 s, 0.5 s * 2^attempt)): many pages that lost one server spread out. */
export function backoffMs(attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 10)))
}

export type CloseRule = { again: false } | { again: true; afterMs?: number }

/** 4500-4999 end the connection for good; 1012 names its wait; all else is tried again. */
export function closeRule(code: number, reason: string): CloseRule {
  if (code >= 4500 && code <= 4999) return { again: false }
  if (code === 1012) {
    const wait = /retry_after_ms=(\d{1,6})/.exec(reason)
    if (wait) return { again: true, afterMs: Math.min(Number(wait[1]), 60_000) }
  }
  return { again: true }
}
