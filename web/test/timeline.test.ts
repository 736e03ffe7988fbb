import { describe, expect, it } from 'vitest'

import { Timeline } from '../src/model/timeline'
import { isGone, type Item } from '../src/protocol/types'
import { message } from './fake-socket'

function shown(timeline: Timeline): (number | string)[] {
  return timeline.view.items.map((item: Item) => (isGone(item) ? `${item.from}-${item.to}` : item.seq))
}

describe('the window of a timeline', () => {
  it('shows each seq once and in order', () => {
    const timeline = new Timeline()
    timeline.accept([message(1), message(2)])
    timeline.accept([message(2), message(3)])
    expect(shown(timeline)).toEqual([1, 2, 3])
  })

  it('holds later messages back until the gap is filled', () => {
    const timeline = new Timeline()
    timeline.accept([message(1)])
    timeline.accept([message(5), message(4)])
    expect(shown(timeline)).toEqual([1])
    expect(timeline.gap()).toEqual([2, 3])
    expect(timeline.accept([message(2), message(3)]).map((m) => m.seq)).toEqual([2, 3, 4, 5])
    expect(shown(timeline)).toEqual([1, 2, 3, 4, 5])
    expect(timeline.gap()).toBeNull()
  })

  it('counts a range that is gone as filled', () => {
    const timeline = new Timeline()
    timeline.accept([message(1), message(5)])
    timeline.accept([{ from: 2, to: 4, gone: 'expired' }])
    expect(shown(timeline)).toEqual([1, '2-4', 5])
  })

  it('takes a message out when it is hidden or recalled', () => {
    const timeline = new Timeline()
    timeline.accept([message(1), message(2), message(3)])
    timeline.hide(2)
    timeline.accept([{ from: 3, to: 3, gone: 'recalled' }])
    expect(shown(timeline)).toEqual([1, '2-2', '3-3'])
    expect(timeline.view.bottom).toBe(3)
  })

  it('puts older pages in front, overlaps included', () => {
    const timeline = new Timeline()
    timeline.accept([message(10), message(11)])
    timeline.prepend([message(8), message(9), message(10)], true)
    expect(shown(timeline)).toEqual([8, 9, 10, 11])
    expect(timeline.view.complete).toBe(false)
    timeline.prepend([message(6), message(7)], false)
    expect(shown(timeline)).toEqual([6, 7, 8, 9, 10, 11])
    expect(timeline.view.complete).toBe(true)
  })

  it('starts from a page when it was empty, and from an empty conversation', () => {
    const timeline = new Timeline()
    timeline.prepend([message(4), message(5)], true)
    expect(timeline.view).toMatchObject({ top: 4, bottom: 5, complete: false })
    const fresh = new Timeline()
    fresh.prepend([], false)
    expect(fresh.view.complete).toBe(true)
  })

  it('forgets what the user cleared and goes on behind it', () => {
    const timeline = new Timeline()
    timeline.accept([message(1), message(2), message(3)])
    timeline.clear(3)
    expect(shown(timeline)).toEqual([])
    timeline.accept([message(4)])
    expect(shown(timeline)).toEqual([4])
  })

  it('shows every order of arrival as the same timeline', () => {
    // A small linear congruential generator: the same shuffles on every run.
    let state = 1
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return state % below
    }
    for (let run = 0; run < 500; run++) {
      const timeline = new Timeline()
      timeline.accept([message(1)])
      const later = Array.from({ length: 12 }, (_, index) => message(index + 2))
      for (let left = later.length; left > 0; left--) {
        const [one] = later.splice(random(left), 1)
        if (one) timeline.accept(random(3) === 0 ? [one, one] : [one])
        const seqs = shown(timeline)
        expect(seqs).toEqual(seqs.map((_, index) => index + 1))
      }
      expect(shown(timeline)).toHaveLength(13)
    }
  })
})
