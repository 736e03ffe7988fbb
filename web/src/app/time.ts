// Times and days in words.

import { computed } from 'vue'

import { locale, t } from './i18n'

const formats = computed(() => ({
  time: new Intl.DateTimeFormat(locale.value, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  weekday: new Intl.DateTimeFormat(locale.value, { weekday: 'short' }),
  monthDay: new Intl.DateTimeFormat(locale.value, { month: 'short', day: 'numeric' }),
  date: new Intl.DateTimeFormat(locale.value, { year: 'numeric', month: 'short', day: 'numeric' }),
  longDay: new Intl.DateTimeFormat(locale.value, { weekday: 'long', month: 'long', day: 'numeric' }),
  full: new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }),
}))

function daysAgo(ts: number): number {
  const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0)
  return Math.round((midnight(Date.now()) - midnight(ts)) / 86_400_000)
}

export function timeText(ts: number): string {
  return formats.value.time.format(ts)
}

/** Date and time to the second, for tooltips. */
export function fullText(ts: number): string {
  return formats.value.full.format(ts)
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
