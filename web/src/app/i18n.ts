// Texts in the language of the browser, with a switch. Keys are checked against the English file.

import { computed, ref, watchEffect } from 'vue'

import en from '../locales/en.json'
import zh from '../locales/zh-CN.json'

export type TextKey = keyof typeof en
export type Locale = 'en' | 'zh-CN'

const TEXTS: Record<Locale, Record<TextKey, string>> = { en, 'zh-CN': zh }
const STORED = 'magpie.locale'

function initial(): Locale {
  const stored = localStorage.getItem(STORED)
  if (stored === 'en' || stored === 'zh-CN') return stored
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

export const locale = ref<Locale>(initial())

watchEffect(() => {
  document.documentElement.lang = locale.value
})

export function switchLocale(): void {
  locale.value = locale.value === 'en' ? 'zh-CN' : 'en'
  localStorage.setItem(STORED, locale.value)
}

export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return TEXTS[locale.value][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** The text of an error code, in words of its own where there are some. */
export function errorText(code: string): string {
  const key = `error.${code}`
  return key in en ? t(key as TextKey) : t('error.other', { code })
}

const formats = computed(() => ({
  time: new Intl.DateTimeFormat(locale.value, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  weekday: new Intl.DateTimeFormat(locale.value, { weekday: 'short' }),
  monthDay: new Intl.DateTimeFormat(locale.value, { month: 'short', day: 'numeric' }),
  date: new Intl.DateTimeFormat(locale.value, { year: 'numeric', month: 'short', day: 'numeric' }),
  longDay: new Intl.DateTimeFormat(locale.value, { weekday: 'long', month: 'long', day: 'numeric' }),
}))

function daysAgo(ts: number): number {
  const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0)
  return Math.round((midnight(Date.now()) - midnight(ts)) / 86_400_000)
}

export function timeText(ts: number): string {
  return formats.value.time.format(ts)
}

/** For day lines: today, yesterday, a weekday with date, or the whole date. */
export function dayText(ts: number): string {
  const days = daysAgo(ts)
  if (days <= 0) return t('day.today')
  if (days === 1) return t('day.yesterday')
  return days < 180 ? formats.value.longDay.format(ts) : formats.value.date.format(ts)
}

/** For list entries: as short as it can be. */
export function shortText(ts: number): string {
  const days = daysAgo(ts)
  if (ts === 0) return ''
  if (days <= 0) return timeText(ts)
  if (days === 1) return t('day.yesterday')
  if (days < 7) return formats.value.weekday.format(ts)
  return days < 180 ? formats.value.monthDay.format(ts) : formats.value.date.format(ts)
}
