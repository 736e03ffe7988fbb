// What the message list draws: one row for each message or recalled place, with the day and unread
// lines above it as part of the row, so that a row's key is the place of its message and nothing
// moves when older ones come above. Pure; an unchanged row stays the same object.

import type { Gone, Message, TimelineItem } from 'magpie-im'

import { boxOf, mediaOf } from './media-kinds'

export interface Row {
  readonly key: string
  readonly item: Message | Gone
  /** Day line above: its time; 0 for none. */
  readonly day: number
  /** The line "new messages" above. */
  readonly unread: boolean
  /** First and last of a run by one sender. */
  readonly head: boolean
  readonly tail: boolean
  /** Own newest message: says in words how far it got. */
  readonly latest: boolean
}

export interface RowContext {
  /** A line is drawn above the first message of others behind this seq; null for none. */
  readonly readWhenOpened: number | null
}

/** Longer pauses start a new group. */
const GROUP_MS = 5 * 60_000

type Draft = { -readonly [K in keyof Row]: Row[K] }

export class RowBuilder {
  private known = new Map<string, Row>()

  build(items: readonly TimelineItem[], ctx: RowContext): Row[] {
    const drafts: Draft[] = []
    let unreadAfter = ctx.readWhenOpened ?? Infinity
    let before: Draft | null = null
    let dayEnd = 0
    let latest: Draft | null = null
    for (const item of items) {
      if (item.type === 'gone' && item.gone !== 'recalled') continue
      const row: Draft = { key: item.key, item, day: 0, unread: false, head: true, tail: true, latest: false }
      if (item.type === 'message') {
        if (item.seq > unreadAfter && !item.own) {
          unreadAfter = Infinity
          // Where all is new, a line says nothing.
          row.unread = before !== null
        }
        if (item.ts >= dayEnd || item.ts < dayEnd - DAY_MAX_MS) {
          row.day = item.ts
          dayEnd = endOfDay(item.ts)
        }
        if (!row.unread && row.day === 0 && before && continues(before.item, item)) {
          before.tail = false
          row.head = false
        }
        if (item.own) latest = row
      }
      drafts.push(row)
      before = row
    }
    if (latest) latest.latest = true
    return this.keep(drafts)
  }

  /** Hands out the object of last time where nothing changed: then nothing is drawn again. */
  private keep(drafts: Draft[]): Row[] {
    const next = new Map<string, Row>()
    const rows = drafts.map((draft) => {
      const old = this.known.get(draft.key)
      const row = old && isSame(old, draft) ? old : draft
      next.set(row.key, row)
      return row
    })
    this.known = next
    return rows
  }
}

/** A day with the end of summer time has 25 hours. */
const DAY_MAX_MS = 25 * 3_600_000

function endOfDay(ts: number): number {
  return new Date(ts).setHours(24, 0, 0, 0)
}

function continues(before: Message | Gone, next: Message): boolean {
  return before.type === 'message' && before.from === next.from && next.ts - before.ts < GROUP_MS
}

function isSame(a: Row, b: Row): boolean {
  return (
    a.item === b.item &&
    a.day === b.day &&
    a.unread === b.unread &&
    a.head === b.head &&
    a.tail === b.tail &&
    a.latest === b.latest
  )
}

/** Row of a place, also of one inside a recalled run; -1 where it is not in the window. */
export function indexOfSeq(rows: readonly Row[], seq: number): number {
  return rows.findIndex(({ item }) => (item.type === 'gone' ? item.from <= seq && item.to >= seq : item.seq === seq))
}

const CHAR_PX = 8.5
const LINE_PX = 22
const ONE_LINE_PX = 42
const MEDIA_AROUND_PX = 38

/** A first guess of a row's height; the closer it is, the less the list has to correct. */
export function estimateHeight(row: Row, widthPx: number): number {
  const above = (row.day > 0 ? 42 : 0) + (row.unread ? 36 : 0)
  if (row.item.type === 'gone') return above + 34
  const { body, reactions, re } = row.item
  const extra = (reactions.length > 0 ? 32 : 0) + (re > 0 ? 46 : 0) + (row.head ? 12 : 3)
  if (body.k === 'image' || body.k === 'video') {
    const media = mediaOf(row.item)
    const { w, h } = media?.poster ?? media ?? (body as { w?: unknown; h?: unknown })
    return above + boxOf(w, h).height + MEDIA_AROUND_PX + extra
  }
  const perLine = Math.max(12, Math.min(544, widthPx * 0.8) / CHAR_PX)
  const text = body.x.slice(0, 2_000)
  let lines = 0
  for (const line of text.split('\n', 30)) {
    // Ideographs take two columns.
    const wide = line.length > 0 && line.charCodeAt(0) > 0x2e7f ? 1.9 : 1
    lines += Math.max(1, Math.ceil((line.length * wide) / perLine))
  }
  return above + ONE_LINE_PX + (Math.min(lines, 30) - 1) * LINE_PX + extra
}
