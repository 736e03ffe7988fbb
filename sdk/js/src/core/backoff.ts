// When to connect again: full-jitter back-off and the rule that a close code carries.

const BASE_MS = 500
const CAP_MS = 20_000
const SERVER_WAIT_CAP_MS = 60_000

/** A wait in [0, min(20 s, 0.5 s * 2^attempt)): many clients that lost one server spread out. */
export function backoffMs(attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 10)))
}

export interface CloseRule {
  again: boolean
  /** The wait that the server asked for. */
  afterMs?: number
}

/** Judged by the range, as a code that nobody knows yet has to be. */
export function closeRule(code: number, reason: string): CloseRule {
  // A regular end that this side did not ask for is a server that goes away: come again.
  const again = code < 4500 || code > 4999
  const wait = code === 1012 && /retry_after_ms=(\d{1,9})/.exec(reason)
  return wait ? { again, afterMs: Math.min(Number(wait[1]), SERVER_WAIT_CAP_MS) } : { again }
}

/** After these the client must not repeat the frame that caused them. */
export function blamesFrame(code: number): boolean {
  return code === 1002 || code === 1003 || (code >= 1007 && code <= 1009)
}
