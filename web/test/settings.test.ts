import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'

import DevicesPage from '../src/features/settings/DevicesPage.vue'
import GeneralPage from '../src/features/settings/GeneralPage.vue'
import { weightOf } from '../src/features/settings/notices'
import { followTheme, preferences, readPreferences } from '../src/features/settings/preferences'
import { useSession } from '../src/stores/session'
import { FakeClient, ME, message, NOON } from './fake-client'

describe('what was chosen', () => {
  it('is read with distrust', () => {
    expect(readPreferences(null)).toEqual({ theme: 'system', sound: true, notices: false })
    expect(readPreferences('{"theme":"dark","sound":false,"notices":true}')).toEqual({ theme: 'dark', sound: false, notices: true })
    expect(readPreferences('{"theme":"<b>"')).toEqual({ theme: 'system', sound: true, notices: false })
  })

  it('puts the theme on the page', () => {
    followTheme()
    preferences.theme = 'dark'
    expect(document.documentElement.dataset['theme']).toBe('dark')
    preferences.theme = 'light'
    expect(document.documentElement.dataset['theme']).toBe('light')
    preferences.theme = 'system'
  })
})

describe('a new message', () => {
  const away = { openChat: null, hidden: true, focused: false }
  const here = { openChat: null, hidden: false, focused: true }
  const one = message(1)
  const now = one.ts + 1_000

  it('makes a notice out of sight, a sound beside an open page, nothing in the open chat', () => {
    expect(weightOf(one, false, away, now)).toBe('notice')
    expect(weightOf(one, false, here, now)).toBe('sound')
    expect(weightOf(one, false, { ...here, openChat: one.c }, now)).toBe('')
    expect(weightOf(one, false, { ...here, openChat: one.c, focused: false }, now)).toBe('notice')
  })

  it('is silent when it is one’s own, muted, or old', () => {
    expect(weightOf(message(1, { from: ME.id }), false, away, now)).toBe('')
    expect(weightOf(one, true, away, now)).toBe('')
    expect(weightOf(one, false, away, one.ts + 60_000)).toBe('')
  })
})

describe('notices of the system', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('are asked for by a click only, and stay off when they are refused', async () => {
    const requestPermission = vi.fn(async () => 'denied')
    vi.stubGlobal('Notification', { permission: 'default', requestPermission })
    const page = mount(GeneralPage)
    expect(requestPermission).not.toHaveBeenCalled()
    await page.get('[data-testid="setting-notices"]').setValue(true)
    await nextTick()
    expect(requestPermission).toHaveBeenCalledTimes(1)
    expect(preferences.notices).toBe(false)
    page.unmount()
  })
})

describe('the devices', () => {
  let client: FakeClient & { devices?: unknown; signOutDevice?: unknown }

  beforeEach(() => {
    setActivePinia(createPinia())
    client = new FakeClient()
    useSession().start(client as never, () => undefined)
  })

  it('are listed with this one first; another one is signed out after a question', async () => {
    const device = (id: string, current: boolean): object => ({ device: id, name: id, first_seen: NOON, last_seen: NOON, online: true, current })
    const signOut = vi.fn(async () => undefined)
    Object.assign(client, { devices: async () => [device('phone', false), device('this', true)], signOutDevice: signOut })
    const page = mount(DevicesPage, { attachTo: document.body })
    await vi.waitFor(() => expect(page.findAll('li')).toHaveLength(2))
    expect(page.findAll('li')[0]?.attributes('data-device')).toBe('this')
    expect(page.find('[data-testid="device-current"] button').exists()).toBe(false)
    await page.get('[data-testid="device-sign-out"]').trigger('click')
    expect(signOut).not.toHaveBeenCalled()
    document.querySelector<HTMLElement>('[data-testid="confirm-yes"]')?.click()
    await vi.waitFor(() => expect(signOut).toHaveBeenCalledWith('phone'))
    page.unmount()
  })

  it('say what went wrong when there is no answer', async () => {
    Object.assign(client, { devices: () => Promise.reject(Object.assign(new Error(), { code: 'timeout' })) })
    const page = mount(DevicesPage)
    await vi.waitFor(() => expect(page.find('[data-testid="devices-trouble"]').exists()).toBe(true))
    page.unmount()
  })
})
