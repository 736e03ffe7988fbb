import type { Gone } from 'magpie-im'
import { describe, expect, it } from 'vitest'

import { hueOf, initialsOf } from '../src/model/names'
import { estimateHeight, indexOfSeq, type Row, RowBuilder } from '../src/model/rows'
import { C, ME, message, NOON } from './fake-client'

const MINUTE = 60_000
const NONE = { readWhenOpened: null }

const at = (seq: number, minutes: number, from = 'bob') => message(seq, { from, ts: NOON + minutes * MINUTE })
const gone = (seq: number, why: string): Gone => ({ type: 'gone', key: `${C}:${seq}`, c: C, from: seq, to: seq, gone: why, by: 'bob' })
const build = (items: Parameters<RowBuilder['build']>[0], readWhenOpened: number | null = null): Row[] =>
  new RowBuilder().build(items, { readWhenOpened })
const lines = (rows: Row[]): string[] =>
  rows.map(({ day, unread, item }) => `${day > 0 ? 'day ' : ''}${unread ? 'unread ' : ''}${item.type}`)

describe('the rows of a chat', () => {
  it('group messages of one sender that follow closely', () => {
    const rows = build([at(1, 0), at(2, 1), at(3, 9), at(4, 9, ME.id)])
    expect(rows.map(({ head, tail }) => [head, tail])).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true],
    ])
  })

  it('carry a line for each day, on the first message of it', () => {
    expect(lines(build([at(1, 0), at(2, 24 * 60), at(3, 24 * 60 + 1)]))).toEqual(['day message', 'day message', 'message'])
  })

  it('carry one line above the first unread message of others, and none where all is new', () => {
    const items = [at(1, 0), at(2, 1, ME.id), at(3, 2), at(4, 24 * 60)]
    expect(lines(build(items, 1))).toEqual(['day message', 'message', 'unread message', 'day message'])
    expect(lines(build(items, 0))).toEqual(['day message', 'message', 'message', 'day message'])
    expect(lines(build([at(1, 0), at(2, 24 * 60)], 1))).toEqual(['day message', 'day unread message'])
  })

  it('keep a place for a recalled message and none for a deleted one', () => {
    expect(lines(build([gone(1, 'recalled'), gone(2, 'deleted')]))).toEqual(['gone'])
  })

  it('end a run at a recalled message', () => {
    const rows = build([at(1, 0), gone(2, 'recalled'), at(3, 1)])
    expect(rows.map(({ head, tail }) => [head, tail])).toEqual([
      [true, true],
      [true, true],
      [true, true],
    ])
  })

  it('say in words how far the newest own message got, and only that one', () => {
    const rows = build([at(1, 0, ME.id), at(2, 0, ME.id), at(3, 1)])
    expect(rows.map(({ latest }) => latest)).toEqual([false, true, false])
  })

  it('stay the same objects where nothing changed, also when older ones come above', () => {
    const builder = new RowBuilder()
    const items = [at(5, 0), at(6, 1), at(7, 20)]
    const before = builder.build(items, NONE)
    const after = builder.build([at(3, -30), at(4, -20), ...items], NONE)
    expect(after.at(-1)).toBe(before.at(-1))
    expect(after.at(-2)).toBe(before.at(-2))
    expect(after[2], 'its day line went up to the first message of the day').not.toBe(before[0])
  })

  it('find a place by its seq, in a recalled range too', () => {
    const rows = build([at(1, 0), { ...gone(2, 'recalled'), to: 4 }, at(5, 1)])
    expect([1, 3, 5, 9].map((seq) => indexOfSeq(rows, seq))).toEqual([0, 1, 2, -1])
  })

  it('have a height that is guessed from what is in them', () => {
    const [short, long] = build([message(1, { x: '好' }), message(2, { x: '好'.repeat(200) })])
    const height = (row: Row | undefined): number => (row ? estimateHeight({ ...row, day: 0 }, 800) : 0)
    expect(height(long)).toBeGreaterThan(height(short) + 100)
  })

  it('are built for a hundred thousand messages without a second look at each', () => {
    const items = Array.from({ length: 100_000 }, (_, n) => at(n + 1, n / 100))
    const builder = new RowBuilder()
    builder.build(items, NONE)
    const rows = builder.build([...items, at(100_001, 1_001)], NONE)
    expect(rows.length).toBe(100_001)
  })
})

describe('a user without a picture', () => {
  it('has initials in the manner of his script, or his emoji', () => {
    const names = ['小明', 'Ada Lovelace', 'bob', '17', '', '👨‍👩‍👧‍👦', '🇨🇳 x', 'مرحبا']
    expect(names.map(initialsOf)).toEqual(['明', 'AL', 'B', '17', '?', '👨‍👩‍👧‍👦', '🇨🇳', 'م'])
  })

  it('has the same one of eight hues on every page', () => {
    expect(hueOf('小明')).toBe(hueOf('小明'))
    const hues = new Set(Array.from({ length: 100 }, (_, index) => hueOf(`user${index}`)))
    expect(hues.size).toBe(8)
  })
})
