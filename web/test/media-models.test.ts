import type { Message, TimelineItem } from 'magpie-im'
import { describe, expect, it } from 'vitest'

import { endKey, isMissed, recordOf } from '../src/model/call-words'
import { clampedCrop, cropSource } from '../src/model/crop'
import { troubleOf } from '../src/model/device-trouble'
import { Gallery } from '../src/model/gallery'
import { levelOf, resampled, waveOf } from '../src/model/waveform'
import { pinched, zoomedAt } from '../src/model/zoom'

describe('the shape of a sound', () => {
  it('has 64 bars from 0 to 100, the loudest being 100', () => {
    const samples = Float32Array.from({ length: 6_400 }, (_, i) => Math.sin(i) * (i < 3_200 ? 0.1 : 0.8))
    const wave = waveOf(samples)
    expect(wave).toHaveLength(64)
    expect(Math.max(...wave)).toBe(100)
    expect(wave[0]).toBeLessThan(wave[63] ?? 0)
    expect(wave.every((bar) => Number.isInteger(bar) && bar >= 0 && bar <= 100)).toBe(true)
  })

  it('is flat for silence and empty for nothing', () => {
    expect(new Set(waveOf(new Float32Array(1_000).fill(0.0005)))).toEqual(new Set([0]))
    expect(waveOf(new Float32Array())).toEqual([])
  })

  it('keeps its peaks with fewer bars and survives what others wrote into it', () => {
    expect(resampled([0, 100, 0, 0, 50, 0], 2)).toEqual([100, 50])
    expect(resampled(['x', 500, -3], 3)).toEqual([0, 100, 0])
    expect(resampled([], 3)).toEqual([0, 0, 0])
    expect(levelOf(Float32Array.from([0.5, -0.5]))).toBeCloseTo(0.5)
  })
})

describe('the crop of an avatar', () => {
  const wide = { w: 800, h: 400 }

  it('never shows anything beside the picture', () => {
    expect(clampedCrop({ zoom: 1, x: 999, y: 999 }, wide, 200)).toEqual({ zoom: 1, x: 100, y: 0 })
    expect(clampedCrop({ zoom: 0.2, x: -999, y: 0 }, wide, 200)).toEqual({ zoom: 1, x: -100, y: 0 })
    expect(clampedCrop({ zoom: 9, x: 0, y: 0 }, wide, 200).zoom).toBe(4)
  })

  it('takes the square that is in the frame', () => {
    expect(cropSource({ zoom: 1, x: 0, y: 0 }, wide, 200)).toEqual({ left: 200, top: 0, side: 400 })
    expect(cropSource({ zoom: 2, x: 100, y: 0 }, wide, 200)).toEqual({ left: 200, top: 100, side: 200 })
  })
})

describe('zoom', () => {
  it('keeps the spot under the pointer, and ends where it began', () => {
    const near = zoomedAt({ scale: 1, x: 0, y: 0 }, 2, { x: 50, y: -20 })
    expect(near).toEqual({ scale: 2, x: -50, y: 20 })
    expect(zoomedAt(near, 0.1, { x: 3, y: 3 })).toEqual({ scale: 1, x: 0, y: 0 })
    expect(zoomedAt(near, 100, { x: 0, y: 0 }).scale).toBe(8)
    expect(pinched({ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 20, y: 0 })).toBe(2)
  })
})

function item(seq: number, k: string): Message {
  const media = { id: `m${seq}`, name: 'a', type: 'b', size: 1 }
  return { type: 'message', c: 'c', seq, key: String(seq), body: { k, x: '', ...(k !== 'text' && { media }) } } as unknown as Message
}

describe('the gallery', () => {
  const pages = new Map<number, { items: TimelineItem[]; more: boolean }>([
    [20, { items: [item(15, 'text'), item(16, 'text')], more: true }],
    [15, { items: [item(3, 'image'), item(4, 'video'), item(5, 'voice')], more: false }],
  ])
  const client = {
    timeline: () => ({ view: { items: [item(20, 'text'), item(21, 'image'), item(22, 'file'), item(23, 'video')] } }),
    history: (_c: string, { before = 0 }: { before?: number }) => Promise.resolve({ ...(pages.get(before) ?? { items: [], more: false }), head: 23 }),
  }

  it('holds the pictures and videos that are here, and fetches older ones past pages without any', async () => {
    const gallery = new Gallery(client as never, 'c', item(21, 'image'))
    expect(gallery.items.map((one) => one.seq)).toEqual([21, 23])
    expect(gallery.indexOf(21)).toBe(0)
    expect(await gallery.older()).toBe(2)
    expect(gallery.items.map((one) => one.seq)).toEqual([3, 4, 21, 23])
    expect(gallery.mayHaveOlder).toBe(false)
    expect(await gallery.older()).toBe(0)
  })

  it('begins with a picture that the chat has not loaded', () => {
    expect(new Gallery(client as never, 'c', item(7, 'image')).items.map((one) => one.seq)).toEqual([7])
  })
})

describe('the record of a call', () => {
  it('reads differently on its two sides', () => {
    expect(endKey({ why: 'missed', ms: 0 }, true)).toBe('callend.missed_own')
    expect(endKey({ why: 'missed', ms: 0 }, false)).toBe('callend.missed')
    expect(endKey({ why: 'lost', ms: 0 }, true)).toBe('callend.lost')
    expect(endKey({ why: 'hangup', ms: 5_000 }, true)).toBe('callend.talked')
    expect(endKey({ why: 'something new', ms: 0 }, false)).toBe('callend.cancelled')
  })

  it('asks for an answer only where one was missed', () => {
    const record = { media: 'audio', why: 'cancelled', ms: 0 } as const
    expect(isMissed(record, false)).toBe(true)
    expect(isMissed(record, true)).toBe(false)
    expect(isMissed({ ...record, ms: 4 }, false)).toBe(false)
  })

  it('is read with distrust', () => {
    const message = (call: unknown): Pick<Message, 'body'> => ({ body: { k: 'call', x: '', call } })
    expect(recordOf(message({ media: 'video', why: 'hangup', ms: 9 }))).toEqual({ media: 'video', why: 'hangup', ms: 9 })
    expect(recordOf(message({ media: 7, ms: -1 }))).toEqual({ media: 'audio', why: 'hangup', ms: 0 })
    expect(recordOf(message('x'))).toBeNull()
  })
})

it('a device that cannot be had has a reason', () => {
  const named = (name: string): Error => Object.assign(new Error(), { name })
  expect(troubleOf(named('NotAllowedError'))).toBe('refused')
  expect(troubleOf(named('NotFoundError'))).toBe('missing')
  expect(troubleOf(named('NotReadableError'))).toBe('taken')
  expect(troubleOf(new TypeError())).toBe('unsupported')
  expect(troubleOf(null)).toBe('failed')
})
