// What a person chose for this browser: theme, sound, notices. Kept in the browser; the language has
// its own place (app/i18n).

import { computed, reactive, watch } from 'vue'

export type Theme = 'system' | 'light' | 'dark'

export interface Preferences {
  theme: Theme
  sound: boolean
  notices: boolean
}

const STORED = 'magpie.preferences'
const DEFAULTS: Preferences = { theme: 'system', sound: true, notices: false }

export function readPreferences(text: string | null): Preferences {
  try {
    const kept = JSON.parse(text ?? '{}') as Record<string, unknown>
    return {
      theme: kept['theme'] === 'light' || kept['theme'] === 'dark' ? kept['theme'] : 'system',
      sound: kept['sound'] !== false,
      notices: kept['notices'] === true,
    }
  } catch {
    return { ...DEFAULTS }
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

export const preferences = reactive<Preferences>(readPreferences(stored()))

watch(preferences, (now) => {
  try {
    localStorage.setItem(STORED, JSON.stringify(now))
  } catch {
    // Where storage is denied the choice holds until the reload.
  }
})

// Another window of this browser chose something: it holds here too.
addEventListener('storage', ({ key, newValue }) => {
  if (key === STORED) Object.assign(preferences, readPreferences(newValue))
})

const system = matchMedia('(prefers-color-scheme: dark)')
const systemDark = reactive({ on: system.matches })
system.addEventListener('change', ({ matches }) => (systemDark.on = matches))

const isDark = computed(() => (preferences.theme === 'system' ? systemDark.on : preferences.theme === 'dark'))

const BARS = { light: '#f4f6f8', dark: '#12171c' }

/** Puts the theme on the page: the colours hang on this one mark. */
export function followTheme(): void {
  watch(
    isDark,
    (dark) => {
      const name = dark ? 'dark' : 'light'
      document.documentElement.dataset['theme'] = name
      for (const meta of document.querySelectorAll('meta[name="theme-color"]')) meta.setAttribute('content', BARS[name])
    },
    { immediate: true, flush: 'sync' },
  )
}
