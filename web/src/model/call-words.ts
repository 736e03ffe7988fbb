// How a call ended, as a key of a text: what the record in the chat says, and what the page says at
// the end. Pure.

import type { Message } from 'magpie-im'

export interface CallRecord {
  media: 'audio' | 'video'
  why: string
  ms: number
}

/** What the server wrote into a message of kind `call`; null for nonsense. */
export function recordOf(message: Pick<Message, 'body'>): CallRecord | null {
  const { call } = message.body as { call?: unknown }
  if (typeof call !== 'object' || call === null) return null
  const { media, why, ms } = call as Record<string, unknown>
  return {
    media: media === 'video' ? 'video' : 'audio',
    why: typeof why === 'string' ? why : 'hangup',
    ms: typeof ms === 'number' && ms > 0 ? ms : 0,
  }
}

const ENDS = new Set(['cancelled', 'rejected', 'missed', 'busy', 'failed', 'lost'])

type EndWord = 'cancelled' | 'rejected' | 'missed' | 'busy' | 'failed' | 'lost'
type OwnWord = Exclude<EndWord, 'failed' | 'lost'>
export type EndKey = 'callend.talked' | `callend.${EndWord}` | `callend.${OwnWord}_own`

/** The two sides read it differently: "cancelled" by oneself, "missed" on the other side. */
export function endKey(record: Pick<CallRecord, 'why' | 'ms'>, own: boolean): EndKey {
  if (record.ms > 0) return 'callend.talked'
  const why = (ENDS.has(record.why) ? record.why : 'cancelled') as EndWord
  return own && why !== 'failed' && why !== 'lost' ? `callend.${why}_own` : `callend.${why}`
}

/** For the other side these are calls that wait for an answer. */
export function isMissed(record: CallRecord, own: boolean): boolean {
  return !own && record.ms === 0 && ['missed', 'cancelled', 'busy'].includes(record.why)
}
