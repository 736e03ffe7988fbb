// Theme, language, profile and devices, as a person sets them.
import type { Locator } from '@playwright/test'

import { picture, REFUSED } from './harness/files'
import { DESKTOP, expect, LOOKS, lookName, type Person, PHONE, test } from './harness/test'

const id = (person: Person, name: string): Locator => person.page.getByTestId(name)

for (const look of LOOKS) {
  test(`theme and language change at once and hold over a reload (${lookName(look)})`, async ({ arrive }) => {
    const ming = await arrive('小明', look)
    const html = ming.page.locator('html')
    await id(ming, 'settings').click()
    await id(ming, 'theme-dark').check({ force: true })
    await expect(html).toHaveAttribute('data-theme', 'dark')
    await expect(ming.page.locator('body')).toHaveCSS('background-color', 'rgb(18, 23, 28)')
    const other = look.language === 'zh' ? 'en' : 'zh-CN'
    await id(ming, `language-${other}`).check({ force: true })
    await expect(html).toHaveAttribute('lang', other)
    for (const tab of ['profile', 'devices', 'about', 'general']) {
      await id(ming, `settings-${tab}`).click()
      await ming.expectNothingOverTheSide()
    }
    await ming.reload()
    await expect(html).toHaveAttribute('data-theme', 'dark')
    await expect(html).toHaveAttribute('lang', other)
  })
}

test('settings are used by keys alone: the focus stays inside, Escape closes and goes back', async ({ arrive }) => {
  const ming = await arrive('小明')
  await id(ming, 'settings').focus()
  await ming.page.keyboard.press('Enter')
  await expect(id(ming, 'settings-dialog')).toBeVisible()
  await id(ming, 'settings-general').focus()
  await ming.page.keyboard.press('ArrowRight')
  await expect(id(ming, 'settings-profile')).toBeFocused()
  for (let step = 0; step < 12; step++) {
    await ming.page.keyboard.press('Tab')
    const outside = await ming.page.evaluate(() => document.activeElement !== document.body && !document.activeElement?.closest('dialog'))
    expect(outside).toBe(false)
  }
  await ming.page.keyboard.press('Escape')
  await expect(id(ming, 'settings-dialog')).toBeHidden()
  await expect(id(ming, 'settings')).toBeFocused()
})

test('a name and a picture are changed and seen on both sides', async ({ arrive }) => {
  const ming = await arrive('小明')
  await id(ming, 'settings').click()
  await id(ming, 'settings-profile').click()
  await id(ming, 'profile-name').fill('小明同学')
  await id(ming, 'profile-save').click()
  await expect(id(ming, 'me')).toHaveText('小明同学')
  const [bad] = REFUSED
  await id(ming, 'avatar-input').setInputFiles(bad ? [bad] : [])
  await expect(id(ming, 'profile-trouble')).toHaveText(ming.words['profile.not_a_picture'])
  await id(ming, 'avatar-input').setInputFiles([picture('face.png', 300, 200)])
  await id(ming, 'crop-save').click()
  const face = ming.page.locator('aside .avatar img').first()
  await expect.poll(() => face.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(100)
  await expect.poll(() => face.evaluate((image: HTMLImageElement) => image.naturalWidth === image.naturalHeight)).toBe(true)
  const hua = await arrive('翠花', PHONE)
  await expect(hua.entry('小明')).toContainText('小明同学')
})

test('a device is signed out from another one and lands at the sign-in with the reason', async ({ arrive }) => {
  const here = await arrive('小明')
  const there = await arrive('小明', { ...PHONE, language: 'en' })
  await id(here, 'settings').click()
  await id(here, 'settings-devices').click()
  await expect(id(here, 'device-current')).toHaveCount(1)
  await id(here, 'device-sign-out').first().click()
  await id(here, 'confirm-yes').click()
  await expect(id(there, 'signin-notice')).toHaveText(there.words['signin.signed_out'])
  await here.expectConnected()
})

test('somebody is blocked, told so in words, and written to again once the list of the settings lets him', async ({ arrive }) => {
  const ming = await arrive('小明')
  const hua = await arrive('翠花', { ...PHONE, language: 'en' })
  await ming.open('翠花')
  await expect(id(ming, 'blocked-note')).toHaveCount(0)
  await id(ming, 'chat-menu').click()
  await id(ming, 'menu-block').click()
  await id(ming, 'confirm-yes').click()
  await expect(id(ming, 'blocked-note')).toContainText('翠花')
  await ming.reload()
  await ming.expectConnected()
  await ming.open('翠花')
  await expect(id(ming, 'blocked-note')).toContainText('翠花')
  await ming.expectNothingOverTheSide()
  await hua.open('小明')
  await hua.say('在吗')
  await expect(hua.bubble('在吗').getByRole('alert')).toContainText(hua.words['error.blocked'])
  await id(ming, 'chat-menu').click()
  await expect(id(ming, 'menu-unblock')).toHaveText(ming.words['conv.unblock'])
  await ming.page.keyboard.press('Escape')
  await id(ming, 'settings').click()
  await id(ming, 'settings-profile').click()
  await expect(id(ming, 'blocked-people')).toContainText(ming.words['profile.blocked'])
  await ming.expectNothingOverTheSide()
  await id(ming, 'blocked-翠花').getByRole('button').click()
  await expect(id(ming, 'blocked-people')).toHaveCount(0)
  await ming.page.keyboard.press('Escape')
  await expect(id(ming, 'blocked-note')).toHaveCount(0)
  await hua.say('现在呢')
  await expect(ming.bubble('现在呢')).toBeVisible()
  await expect(ming.bubble('在吗'), 'what was refused never comes').toHaveCount(0)
})

test('the title counts what is unread while the page is looked away from', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  const before = await ming.page.title()
  await server.send('翠花', '小明', '在吗')
  await expect.poll(() => ming.page.title()).not.toBe(before)
  expect(await ming.page.title()).toMatch(/^\(\d+\) /)
})
