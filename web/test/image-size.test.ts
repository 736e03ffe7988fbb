import { describe, expect, it } from 'vitest'

import { imageSizeOf, PREVIEW_PIXELS_MAX } from '../src/model/image-size'

function png(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(33)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
  const view = new DataView(bytes.buffer)
  view.setUint32(16, width)
  view.setUint32(20, height)
  return bytes
}

const text = (value: string): number[] => [...value].map((char) => char.charCodeAt(0))

describe('the size of a picture', () => {
  it('is read from the first bytes of a PNG, also of one that nobody should decode', () => {
    expect(imageSizeOf(png(640, 480))).toEqual({ type: 'image/png', width: 640, height: 480 })
    const bomb = imageSizeOf(png(50_000, 50_000))
    expect((bomb?.width ?? 0) * (bomb?.height ?? 0)).toBeGreaterThan(PREVIEW_PIXELS_MAX)
  })

  it('is read behind the metadata of a JPEG', () => {
    const head = [0xff, 0xd8, 0xff, 0xe1, 0, 6, 1, 2, 3, 4, 0xff, 0xc4, 0, 4, 9, 9, 0xff, 0xc2, 0, 17, 8, 1, 0xe0, 2, 0x80]
    expect(imageSizeOf(Uint8Array.from(head))).toEqual({ type: 'image/jpeg', width: 640, height: 480 })
  })

  it('is read of GIF and of the three kinds of WebP', () => {
    expect(imageSizeOf(Uint8Array.from([...text('GIF89a'), 0x80, 2, 0xe0, 1]))).toMatchObject({ width: 640, height: 480 })
    const webp = (kind: string, rest: number[]): Uint8Array =>
      Uint8Array.from([...text('RIFF'), 0, 0, 0, 0, ...text('WEBP'), ...text(kind), ...rest])
    expect(imageSizeOf(webp('VP8X', [10, 0, 0, 0, 0, 0, 0, 0, 0x7f, 2, 0, 0xdf, 1, 0]))).toMatchObject({ width: 640, height: 480 })
    expect(imageSizeOf(webp('VP8 ', [0, 0, 0, 0, 0, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0xe0, 1]))).toMatchObject({ width: 640, height: 480 })
    const bits = 639 | (479 << 14)
    const lossless = [0, 0, 0, 0, 0x2f, bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, (bits >> 24) & 255]
    expect(imageSizeOf(webp('VP8L', lossless))).toMatchObject({ width: 640, height: 480 })
  })

  it('is unknown of anything else, and of a picture that is cut off', () => {
    expect(imageSizeOf(Uint8Array.from(text('<!doctype html><script>alert(1)</script>')))).toBeNull()
    expect(imageSizeOf(Uint8Array.from(text('<svg xmlns="http://www.w3.org/2000/svg"/>')))).toBeNull()
    expect(imageSizeOf(png(1, 1).slice(0, 18))).toBeNull()
    expect(imageSizeOf(Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]))).toBeNull()
    expect(imageSizeOf(new Uint8Array())).toBeNull()
  })
})
