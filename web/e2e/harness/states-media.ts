// The part of the walk that needs files, cameras and a second browser: media, settings and calls.
import { expect, type Locator } from '@playwright/test'

import { pick, picture, recordVideo, REFUSED } from './files'
import { type Look, type Person, PHONE } from './person'
import type { World } from './states'

const id = (person: Person, name: string): Locator => person.page.getByTestId(name)

export async function media({ see }: World, ming: Person): Promise<void> {
  const { page } = ming
  await ming.open('翠花')
  await pick(ming, [picture('海边.png', 640, 400), picture('tower.png', 300, 600)], 'tool-image')
  await expect(id(ming, 'upload-item')).toHaveCount(2)
  await see(ming, 'files-chosen')
  await id(ming, 'upload-send').click()
  await expect(id(ming, 'image-bubble')).toHaveCount(2)
  await pick(ming, [{ name: '合同 第1版 final (2).pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(1_200_000, '%PDF-1.7\n') }])
  await id(ming, 'upload-send').click()
  await pick(ming, [await recordVideo(page)], 'tool-image')
  await id(ming, 'upload-send').click()
  await expect(id(ming, 'video-bubble')).toHaveCount(1)
  await id(ming, 'voice-button').click()
  await expect(id(ming, 'voice-time')).toHaveText('0:02')
  await see(ming, 'recording')
  await id(ming, 'voice-button').click()
  await expect(id(ming, 'voice-bubble')).toHaveCount(1)
  await expect(id(ming, 'upload-item')).toHaveCount(0)
  await see(ming, 'media-newest')
  await id(ming, 'image-bubble').first().scrollIntoViewIfNeeded()
  await see(ming, 'media-pictures')
  await id(ming, 'image-bubble').first().click()
  await expect.poll(() => id(ming, 'viewer-image').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(640)
  await see(ming, 'viewer')
  await page.keyboard.press('Escape')
  await expect(id(ming, 'viewer')).toBeHidden()
  ming.expectStatus(422)
  await pick(ming, [...REFUSED])
  await id(ming, 'upload-send').click()
  await expect(id(ming, 'upload-item')).toHaveAttribute('data-error', 'media_refused')
  await see(ming, 'file-refused')
  await id(ming, 'upload-cancel').click()
  await expect(id(ming, 'upload-item')).toHaveCount(0)
}

export async function settings({ see }: World, ming: Person): Promise<void> {
  await ming.toList()
  await id(ming, 'settings').click()
  for (const tab of ['general', 'profile', 'devices', 'about']) {
    await id(ming, `settings-${tab}`).click()
    if (tab === 'devices') await id(ming, 'device-current').waitFor()
    if (tab === 'profile') await id(ming, 'profile-name').waitFor()
    await see(ming, `settings-${tab}`)
  }
  await id(ming, 'settings-profile').click()
  await id(ming, 'avatar-input').setInputFiles([picture('face.png', 400, 300)])
  await id(ming, 'crop-save').waitFor()
  await see(ming, 'settings-crop')
  for (let dialogs = 2; dialogs > 0; dialogs--) await ming.page.keyboard.press('Escape')
  await expect(id(ming, 'settings-dialog')).toBeHidden()
}

export async function calls({ arrive, look, see }: World, ming: Person): Promise<void> {
  // The other one sits at the other kind of screen, so that each walk sees both ends of a call.
  const other: Look = { ...PHONE, language: look.language, ...(look.dark && { dark: true }) }
  const hua = await arrive('翠花', other)
  await hua.open('小明')
  await ming.open('翠花')
  await id(hua, 'call-video').click()
  await id(ming, 'call-incoming').waitFor()
  await see(ming, 'call-incoming')
  await see(hua, 'call-ringing')
  await id(ming, 'call-accept').click()
  for (const person of [ming, hua]) {
    await expect(id(person, 'call-stage')).toHaveAttribute('data-state', 'active')
    await expect(id(person, 'call-remote')).toHaveClass(/shown/)
    await expect.poll(() => id(person, 'call-remote').evaluate((video: HTMLVideoElement) => video.videoWidth)).toBeGreaterThan(0)
  }
  await see(ming, 'call-active')
  await id(ming, 'call-devices').click()
  await id(ming, 'device-video').waitFor()
  await see(ming, 'call-devices')
  await id(ming, 'call-devices').click()
  await id(ming, 'call-small').click()
  await expect(id(ming, 'call-window').getByTestId('call-remote')).toHaveClass(/shown/)
  await see(ming, 'call-small')
  await id(hua, 'call-end').click()
  await expect(id(ming, 'call-bubble').last()).toHaveAttribute('data-why', 'hangup')
  await expect(id(ming, 'call-window')).toBeHidden()
  await id(hua, 'call-audio').click()
  await id(ming, 'call-reject').click()
  await expect(id(hua, 'call-stage')).toHaveAttribute('data-why', 'rejected')
  await see(hua, 'call-declined')
  await expect(id(ming, 'call-bubble').last()).toHaveAttribute('data-why', 'rejected')
  await see(ming, 'call-records')
  await hua.leave()
}
