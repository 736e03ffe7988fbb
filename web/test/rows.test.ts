import { describe, expect, it } from 'vitest'

import { hueOf, initialsOf } from '../src/model/names'
import { buildRows, type Bubble, type RowContext } from '../src/model/rows'
import { message } from './fake-socket'

const CONTEXT: RowContext = { me: 'me', peerDelivered: 0, peerRead: 0, readWhenOpened: null }
const NOON = new Date(2026, 4, 1, 12).getTime()
const MINUTE = 60_000

function at(seq: number, minutes: number, from = 'bob') {
  return message(seq, from, { ts: NOON + minutes * MINUTE })
}

describe('the rows of a chat', () => {
  it('groups messages of one sender that follow closely', () => {
    const rows = buildRows([at(1, 0), at(2, 1), at(3, 9), at(4, 9, 'me')], [], CONTEXT)
    const bubbles = rows.filter((row): row is Bubble => row.kind === 'bubble')
    expect(bubbles.map(({ head, tail }) => [head, tail])).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true],
    ])
  })

  it('draws a line for each day', () => {
    const rows = buildRows([at(1, 0), at(2, 24 * 60), at(3, 24 * 60 + 1)], [], CONTEXT)
    expect(rows.map((row) => row.kind)).toEqual(['day', 'bubble', 'day', 'bubble', 'bubble'])
  })

  it('says of own messages how far they got', () => {
    const items = [at(1, 0, 'me'), at(2, 0, 'me'), at(3, 0, 'me')]
    const pending = [{ cid: 'x', ts: NOON, body: { k: 'text', x: 'new' }, state: 'sending' as const, error: '' }]
    const rows = buildRows(items, pending, { ...CONTEXT, peerDelivered: 2, peerRead: 1 })
    const states = rows.flatMap((row) => (row.kind === 'bubble' ? [row.state] : []))
    expect(states).toEqual(['read', 'delivered', 'sent', 'sending'])
  })

  it('draws one unread line above the first unread message of others', () => {
    const rows = buildRows([at(1, 0), at(2, 1, 'me'), at(3, 2), at(4, 3)], [], { ...CONTEXT, readWhenOpened: 1 })
    expect(rows.map((row) => row.kind)).toEqual(['day', 'bubble', 'bubble', 'unread', 'bubble', 'bubble'])
  })

  it('draws the unread line below the day line, and none where all is new', () => {
    const kinds = (readWhenOpened: number): string[] =>
      buildRows([at(1, 0), at(2, 24 * 60)], [], { ...CONTEXT, readWhenOpened }).map((row) => row.kind)
    expect(kinds(1)).toEqual(['day', 'bubble', 'day', 'unread', 'bubble'])
    expect(kinds(0)).toEqual(['day', 'bubble', 'day', 'bubble'])
  })

  it('notes a recalled message and passes over a deleted one', () => {
    const gone = [
      { from: 1, to: 1, gone: 'recalled' },
      { from: 2, to: 9, gone: 'deleted' },
    ]
    expect(buildRows(gone, [], CONTEXT).map((row) => row.kind)).toEqual(['note'])
  })
})

describe('a user without a picture', () => {
  it('has initials in the manner of his script', () => {
    expect(['小明', 'Ada Lovelace', 'bob', '17', '', '👍 x'].map(initialsOf)).toEqual(['明', 'AL', 'B', '17', '?', '👍X'])
  })

  it('has the same one of eight hues on every page', () => {
    expect(hueOf('小明')).toBe(hueOf('小明'))
    const hues = new Set(Array.from({ length: 100 }, (_, index) => hueOf(`user${index}`)))
    expect(hues.size).toBe(8)
  })
})
