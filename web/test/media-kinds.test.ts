import { describe, expect, it } from 'vitest'

import { bodyOf, boxOf, clockText, kindOfType, mediaOf, outsideUrl, plainName, sizeText } from '../src/model/media-kinds'

const DESCRIPTOR = { id: 'm1', name: 'cat.jpg', type: 'image/jpeg', size: 10 }

describe('the kind of a file', () => {
  it('is a picture only where every browser shows it and nothing in it can run', () => {
    expect(['image/jpeg', 'image/png', 'image/webp', 'image/gif'].map(kindOfType)).toEqual(Array(4).fill('image'))
    expect(['image/svg+xml', 'image/heic', 'text/html', ''].map(kindOfType)).toEqual(Array(4).fill('file'))
    expect(kindOfType('video/webm;codecs=vp9')).toBe('video')
  })
})

describe('the name of a file', () => {
  it('loses folders, direction marks and control characters', () => {
    expect(plainName('../../etc/passwd')).toBe('passwd')
    expect(plainName('..\\..\\boot.ini')).toBe('boot.ini')
    expect(plainName('photo\u202Egpj.exe')).toBe('photogpj.exe')
    expect(plainName('a\u0000b\nc.txt')).toBe('abc.txt')
    expect(plainName('..')).toBe('file')
    expect(plainName('  ')).toBe('file')
  })

  it('keeps its ending when it is cut', () => {
    const cut = plainName(`${'长'.repeat(300)}.docx`)
    expect(cut).toHaveLength(120)
    expect(cut.endsWith('.docx')).toBe(true)
  })
})

describe('a message with a file', () => {
  it('carries what the server gave, unchanged, with a text for clients that do not know it', () => {
    expect(bodyOf('image', DESCRIPTOR)).toEqual({ k: 'image', x: '[图片]', media: DESCRIPTOR })
    expect(bodyOf('voice', { ...DESCRIPTOR, ms: 5_400 }).x).toBe('[语音] 0:05')
    expect(bodyOf('file', DESCRIPTOR).x).toBe('[文件] cat.jpg')
  })

  it('is read with distrust', () => {
    const message = (body: object): { body: { k: string; x: string } } => ({ body: { k: 'image', x: '', ...body } })
    expect(mediaOf(message({ media: DESCRIPTOR }))).toBe(DESCRIPTOR)
    expect(mediaOf(message({ media: { id: 7 } }))).toBeNull()
    expect(mediaOf(message({}))).toBeNull()
    expect(outsideUrl(message({ url: 'https://cdn.example.com/cat.jpg' }))).toBe('https://cdn.example.com/cat.jpg')
    expect(outsideUrl(message({ url: 'javascript:alert(1)' }))).toBe('')
    expect(outsideUrl(message({ url: 'http://cdn.example.com/cat.jpg' }))).toBe('')
  })
})

describe('the room of a picture', () => {
  it('is known before it is there, with the picture’s own shape', () => {
    expect(boxOf(3000, 2000)).toEqual({ width: 300, height: 200 })
    expect(boxOf(1000, 2000)).toEqual({ width: 170, height: 340 })
    expect(boxOf(120, 90)).toEqual({ width: 120, height: 90 })
  })

  it('stays usable for strips, dots and nonsense', () => {
    expect(boxOf(20_000, 10).height).toBe(72)
    expect(boxOf(1, 1)).toEqual({ width: 96, height: 72 })
    for (const w of [undefined, Number.NaN, -1, 'wide']) expect(boxOf(w, 10)).toEqual({ width: 240, height: 180 })
  })
})

it('lengths and sizes are written for people', () => {
  expect([0, 5_400, 65_000, 3_723_000].map(clockText)).toEqual(['0:00', '0:05', '1:05', '1:02:03'])
  expect([0, 999, 1_024, 150_000, 5_242_880].map(sizeText)).toEqual(['0 B', '999 B', '1.0 KB', '146 KB', '5.0 MB'])
})
