// Texts in the language of the browser, with a switch (vue-i18n). Keys are checked against the English file.

import { createI18n } from 'vue-i18n'
import { computed, watchEffect } from 'vue'

import en from '../locales/en.json'
import zh from '../locales/zh-CN.json'

export type TextKey = keyof typeof en
export type Locale = 'en' | 'zh-CN'

const STORED = 'magpie.locale'

function stored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

function initial(): Locale {
  const chosen = stored()
  if (chosen === 'en' || chosen === 'zh-CN') return chosen
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

export const i18n = createI18n({
  legacy: false,
  locale: initial(),
  fallbackLocale: 'en',
  messages: { en: en as Record<string, string>, 'zh-CN': zh as Record<string, string> },
  // Keys are flat: a dot in them is a dot.
  messageResolver: (texts, key) => (texts as Record<string, string>)[key] ?? null,
  missingWarn: false,
  fallbackWarn: false,
})

export const locale = computed<Locale>(() => i18n.global.locale.value as Locale)

watchEffect(() => {
  document.documentElement.lang = locale.value
})

export function switchLocale(): void {
  const next: Locale = locale.value === 'en' ? 'zh-CN' : 'en'
  i18n.global.locale.value = next
  try {
    localStorage.setItem(STORED, next)
  } catch {
    // Where storage is denied the choice holds until the reload.
  }
}

export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return i18n.global.t(key, values)
}

/** The text of an error code, in words of its own where there are some. */
export function errorText(code: string): string {
  const key = `error.${code}`
  return key in en ? t(key as TextKey) : t('error.other', { code })
}

/** What a person is told of anything that was thrown. */
export function failureText(failure: unknown): string {
  const code = (failure as { code?: unknown } | null)?.code
  return errorText(typeof code === 'string' ? code : 'internal')
}
