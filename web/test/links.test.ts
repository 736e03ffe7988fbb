import { describe, expect, it } from 'vitest'

import { cardBody, contactOf, locationBody, mapLink, placeOf } from '../src/model/bodies'
import { linkSegments, safeHref } from '../src/model/links'

const hrefs = (text: string): string[] => (linkSegments(text) ?? []).flatMap((part) => ('href' in part ? [part.href] : []))

describe('addresses in a text', () => {
  it('become links without the sentence around them', () => {
    expect(hrefs('看 https://example.com/a?b=1。')).toEqual(['https://example.com/a?b=1'])
    expect(hrefs('(see http://example.com/x_(y)), ok?')).toEqual(['http://example.com/x_(y)'])
    expect(hrefs('https://a.example, https://b.example!')).toEqual(['https://a.example/', 'https://b.example/'])
    expect(linkSegments('no address here')).toBeNull()
    expect(linkSegments('http://')).toBeNull()
  })

  it('leave the text as it was', () => {
    for (const text of ['a https://x.example/?q=1, b', '<a href="https://example.com" onclick=x>', 'https://x.example']) {
      expect((linkSegments(text) ?? []).map((part) => part.text).join('')).toBe(text)
    }
  })

  it('open nothing but http and https', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'vbscript:x', ' jAvaScript:1', '']) {
      expect(safeHref(text), text).toBeNull()
    }
    expect(hrefs('javascript:alert("https://")')).toEqual([])
    expect(safeHref('HTTPS://Example.com/x')).toBe('https://example.com/x')
    expect(safeHref(7)).toBeNull()
  })

  it('do not carry signs that turn the direction around', () => {
    expect(hrefs('https://good.example/\u202Emoc.live')).toEqual(['https://good.example/'])
  })
})

describe('bodies that are more than text', () => {
  it('are read with distrust', () => {
    expect(placeOf({ k: 'location', x: '', lat: 31.2, lon: 121.4, title: 7 })).toEqual({ lat: 31.2, lon: 121.4, title: '', address: '' })
    expect(placeOf({ k: 'location', x: '', lat: 91, lon: 0 })).toBeNull()
    expect(placeOf({ k: 'location', x: '', lat: '31', lon: 121 })).toBeNull()
    expect(placeOf({ k: 'location', x: '', lat: NaN, lon: 1 })).toBeNull()
    expect(contactOf({ k: 'card', x: '', user: '' })).toBeNull()
    expect(contactOf({ k: 'card', x: '', user: 'A', name: { x: 1 } })).toEqual({ user: 'A', name: '', avatar: '' })
  })

  it('are made with a text for those who do not know them', () => {
    expect(cardBody({ id: 'A', name: 'Ada', avatar: '', role: 'user' })).toEqual({ k: 'card', x: '[名片] Ada', user: 'A', name: 'Ada' })
    expect(locationBody(31.230416, 121.473701)).toEqual({ k: 'location', x: '[位置]', lat: 31.23042, lon: 121.4737 })
    const place = { lat: 1, lon: 2, title: 'a&b', address: '' }
    expect(mapLink(place, 'zh-CN')).toContain('name=a%26b')
    expect(safeHref(mapLink(place, 'en'))).not.toBeNull()
  })
})
