import { MagpieError } from 'magpie-im'
import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'

import { errorText, failureText, i18n, switchLocale, t, type TextKey } from '../src/app/i18n'
import local from '../../sdk/js/src/core/errors.ts?raw'
import { ERROR_CODES } from '../../sdk/js/src/protocol.gen'
import en from '../src/locales/en.json'
import zh from '../src/locales/zh-CN.json'

/** Every code that the server or the SDK can give; those of the SDK are read from where they are named. */
function codes(): string[] {
  const from = local.indexOf('export type LocalErrorCode')
  // Comments between the codes may hold anything but an empty line.
  const block = local.slice(from, local.indexOf('\n\n', from))
  const own = [...block.matchAll(/^ {2}\| '(\w+)'/gm)].map((match) => match[1] ?? '')
  return [...Object.keys(ERROR_CODES), ...own]
}

describe('the texts', () => {
  it('are complete in both languages, with the same values to fill in', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort())
    const holes = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()
    for (const key of Object.keys(en) as TextKey[]) expect(holes(zh[key]), key).toEqual(holes(en[key]))
  })

  it('have a sentence of their own for every code of the server and of the SDK, in both languages', () => {
    const all = codes()
    expect(all.length).toBeGreaterThan(35)
    for (const code of all) {
      expect(en, code).toHaveProperty([`error.${code}`])
      expect(zh[`error.${code}` as TextKey], code).toMatch(/\p{Script=Han}/u)
    }
  })

  it('say of an unknown code at least its name, and never what a program thinks', () => {
    expect(errorText('new_code')).toContain('new_code')
    expect(failureText(new MagpieError('too_late', 'recall window is 120 s'))).toBe(t('error.too_late'))
    expect(failureText(new TypeError('x is undefined'))).toBe(t('error.internal'))
  })

  it('keep the words of the old page', () => {
    const words = ['欢迎使用喵喵号聊天', '聊一下', '我的喵喵号:', '对方喵喵号:', '清空消息', '系统消息:', '发送']
    const all = Object.values(zh).join('\n')
    for (const word of words) expect(all).toContain(word)
  })

  it('follow the switch, in the attribute for screen readers too', async () => {
    const before = i18n.global.locale.value
    switchLocale()
    await nextTick()
    expect(document.documentElement.lang).not.toBe(before)
    expect(t('composer.send')).not.toBe(before === 'en' ? en['composer.send'] : zh['composer.send'])
    switchLocale()
  })
})
