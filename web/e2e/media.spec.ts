// Pictures, files, voice and video between two browsers; what goes wrong is said and nothing is lost.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Locator } from '@playwright/test'

import { give, NAMES, PAGE_AS_PICTURE, pick, picture, png, recordVideo, REFUSED } from './harness/files'
import { refuseDevices } from './harness/rtc'
import { DESKTOP, expect, lookName, LOOKS, type Person, PHONE, test, together } from './harness/test'

const id = (person: Person, name: string): Locator => person.page.getByTestId(name)
const items = (person: Person): Locator => id(person, 'upload-item')

/** The picture is really there, not only its frame. */
async function expectShown(image: Locator): Promise<void> {
  await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.complete && element.naturalWidth > 0)).toBe(true)
}

for (const look of LOOKS) {
  test(`pictures are seen before they are sent, arrive in order, and open large (${lookName(look)})`, async ({ arrive }) => {
    const [ming, hua] = await together(arrive, look)
    await pick(ming, [picture('one.png'), picture('two.png', 200, 400)], 'tool-image')
    await expect(items(ming)).toHaveCount(2)
    await id(ming, 'upload-send').click()
    await expect(id(hua, 'image-bubble')).toHaveCount(2)
    await expect(items(ming)).toHaveCount(0)
    for (const person of [ming, hua]) {
      await expectShown(id(person, 'image-bubble').locator('img').first())
      await person.expectNothingOverTheSide()
    }
    await id(hua, 'image-bubble').last().click()
    await expectShown(id(hua, 'viewer-image'))
    await hua.page.keyboard.press('ArrowLeft')
    await expect(id(hua, 'viewer-image')).toHaveAttribute('alt', 'one.png')
    await hua.page.keyboard.press('+')
    await expect(id(hua, 'viewer-image')).toHaveAttribute('style', /scale\(1\.5\)/)
    const [saved] = await Promise.all([hua.page.waitForEvent('download'), id(hua, 'viewer-save').click()])
    expect(saved.suggestedFilename()).toBe('one.png')
    await hua.page.keyboard.press('Escape')
    await expect(id(hua, 'viewer')).toBeHidden()
  })
}

test('a picture is pasted, a file is dropped, and the file is saved with its name on the other side', async ({ arrive }) => {
  const [ming, hua] = await together(arrive)
  await give(ming.page, 'paste', picture('clip.png'))
  await expect(items(ming)).toHaveCount(1)
  const contract = { name: '合同 第1版.txt', mimeType: 'text/plain', buffer: Buffer.from('甲方乙方') }
  await give(ming.page, 'dragenter', contract)
  await expect(id(ming, 'drop-sign')).toBeVisible()
  await give(ming.page, 'drop', contract)
  await expect(items(ming)).toHaveCount(2)
  await expect(id(ming, 'drop-sign')).toBeHidden()
  await id(ming, 'upload-cancel').first().click()
  await id(ming, 'upload-send').click()
  const [saved] = await Promise.all([hua.page.waitForEvent('download'), id(hua, 'file-bubble').click()])
  expect(saved.suggestedFilename()).toBe('合同 第1版.txt')
  await expect(id(hua, 'image-bubble')).toHaveCount(0)
})

test('a voice message is recorded, sent, and heard with its waveform; only one plays at a time', async ({ arrive }) => {
  const [ming, hua] = await together(arrive)
  for (let n = 1; n <= 2; n++) {
    await id(ming, 'voice-button').click()
    await expect(id(ming, 'voice-bar')).toHaveAttribute('data-state', 'recording')
    await expect(id(ming, 'voice-time')).toHaveText('0:03')
    await id(ming, 'voice-button').click()
    await expect(id(hua, 'voice-bubble')).toHaveCount(n)
  }
  const heights = await id(hua, 'voice-wave').first().locator('rect').evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('height'))))
  expect(new Set(heights).size).toBeGreaterThan(2)
  await id(hua, 'voice-play').first().click()
  await expect(id(hua, 'voice-bubble').first()).toHaveAttribute('data-playing', 'true')
  await id(hua, 'voice-play').last().click()
  await expect(id(hua, 'voice-bubble').last()).toHaveAttribute('data-playing', 'true')
  await expect(id(hua, 'voice-bubble').first()).toHaveAttribute('data-playing', 'false')
  // To its end.
  await expect(id(hua, 'voice-bubble').last()).toHaveAttribute('data-playing', 'false')
  await expect(id(hua, 'media-trouble')).toHaveCount(0)
})

test('a recording is discarded and nothing is sent', async ({ arrive }) => {
  const [ming, hua] = await together(arrive)
  await id(ming, 'voice-button').click()
  await expect(id(ming, 'voice-time')).toHaveText('0:01')
  await id(ming, 'voice-cancel').click()
  await expect(id(ming, 'voice-bar')).toBeHidden()
  await ming.say('没有语音')
  await expect(hua.bubble('没有语音')).toBeVisible()
  await expect(id(hua, 'voice-bubble')).toHaveCount(0)
})

test('a video shows its first picture and plays', async ({ arrive }) => {
  const [ming, hua] = await together(arrive)
  await pick(ming, [await recordVideo(ming.page)], 'tool-image')
  await expect(items(ming).locator('img')).toBeVisible()
  await id(ming, 'upload-send').click()
  await expectShown(id(hua, 'video-bubble').locator('img'))
  await expect(id(hua, 'video-bubble')).toContainText(/0:0[12]/)
  await id(hua, 'video-bubble').click()
  await expect.poll(() => id(hua, 'viewer-video').evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(0.5)
})

test('a file that is sent while the server is away arrives when it is back', async ({ arrive, server }) => {
  const [ming, hua] = await together(arrive)
  for (const person of [ming, hua]) await person.expectOutage()
  await pick(ming, [{ name: 'later.txt', mimeType: 'text/plain', buffer: Buffer.alloc(3_000_000, 'x') }])
  await server.kill()
  await ming.expectDisconnected()
  await id(ming, 'upload-send').click()
  await expect(items(ming)).toHaveAttribute('data-state', /waiting|uploading|paused/)
  await server.run()
  await hua.expectConnected()
  await expect(id(hua, 'file-bubble')).toHaveCount(1)
  await expect(items(ming)).toHaveCount(0)
})

for (const language of ['zh', 'en'] as const) {
  test(`what is not what it says is refused in words, and stays to be removed (${language})`, async ({ arrive }) => {
    const [ming, hua] = await together(arrive, { ...DESKTOP, language })
    ming.expectStatus(422)
    const half = png(300, 300)
    await pick(ming, [...REFUSED, PAGE_AS_PICTURE, { name: 'half.png', mimeType: 'image/png', buffer: half.subarray(0, half.length / 2) }])
    await id(ming, 'upload-send').click()
    // The page is taken, as a file to be saved and never as a picture.
    await expect(id(hua, 'file-bubble')).toContainText('page.jpg')
    await expect(items(ming)).toHaveCount(2)
    for (const item of await items(ming).all()) {
      await expect(item).toHaveAttribute('data-error', 'media_refused')
      await expect(item).toContainText(ming.words['media.refused'])
    }
    for (let left = 2; left > 0; left--) await id(ming, 'upload-cancel').first().click()
    await expect(items(ming)).toHaveCount(0)
    await ming.say('只有这句')
    await expect(hua.bubble('只有这句')).toBeVisible()
    await expect(id(hua, 'file-bubble')).toHaveCount(1)
    await expect(id(hua, 'image-bubble')).toHaveCount(0)
  })
}

test('drawings with scripts and files that are two things at once run nothing', async ({ arrive }) => {
  const [ming, hua] = await together(arrive)
  ming.expectStatus(422)
  const title = await hua.page.title()
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="top.document.title=1"><script>top.document.title=2</script></svg>'
  const both = Buffer.concat([png(40, 40), Buffer.from('<html><script>top.document.title=3</script>')])
  await pick(ming, [
    { name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(svg) },
    { name: 'both.png', mimeType: 'image/png', buffer: both },
  ])
  await id(ming, 'upload-send').click()
  // Refused, or shown as what it is: a file to save, a picture that is only a picture.
  await expect.poll(async () => (await items(ming).count()) + (await id(hua, 'file-bubble').count()) + (await id(hua, 'image-bubble').count())).toBe(2)
  await expect(items(ming).locator('[role=progressbar]')).toHaveCount(0)
  await ming.say('看看')
  await expect(hua.bubble('看看')).toBeVisible()
  expect((await hua.page.title()).replace(/^\(\d+\) /, '')).toBe(title.replace(/^\(\d+\) /, ''))
})

test('a name says what a file is, whatever was put into it', async ({ arrive }) => {
  const [ming, hua] = await together(arrive)
  await pick(ming, NAMES.map(([name]) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('text') })))
  await id(ming, 'upload-send').click()
  await expect(id(hua, 'file-bubble')).toHaveCount(NAMES.length)
  for (const [, shown] of NAMES) await expect(id(hua, 'file-bubble').filter({ hasText: shown })).toHaveCount(1)
})

test('100 MB are turned away before anything is sent, with the limit', async ({ arrive }) => {
  const [ming] = await together(arrive)
  const folder = await mkdtemp(join(tmpdir(), 'magpie-e2e-big-'))
  try {
    const path = join(folder, 'film.bin')
    const file = await open(path, 'w')
    await file.truncate(100 * 1024 * 1024)
    await file.close()
    await pick(ming, [path])
    await expect(items(ming)).toHaveAttribute('data-error', 'too_large')
    await expect(items(ming)).toContainText('50.0 MB')
    await expect(id(ming, 'upload-send')).toBeHidden()
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a stranger gets no address of a file, and a link is nothing without its signature', async ({ arrive }) => {
  const [ming, hua] = await together(arrive)
  const answer = ming.page.waitForResponse((response) => response.url().includes('/complete'))
  await pick(ming, [picture('secret.png')], 'tool-image')
  await id(ming, 'upload-send').click()
  const { media } = (await (await answer).json()) as { media: { id: string } }
  await expect(id(hua, 'image-bubble')).toHaveCount(1)
  const stranger = await arrive('A', { ...DESKTOP, language: 'en' })
  for (const status of [401, 403, 404]) stranger.expectStatus(status)
  const got = await stranger.page.evaluate(async (file) => {
    const token = sessionStorage.getItem('magpie.token')
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const links = await fetch('v1/media/links', { method: 'POST', headers, body: JSON.stringify({ ids: [file] }) })
    const bare = await fetch(`v1/media/${file}/file`, { headers })
    const forged = await fetch(`v1/media/${file}/file?exp=99999999999999&sig=AAAA`)
    return { links: ((await links.json()) as { links: unknown[] }).links, bare: bare.ok, forged: forged.ok }
  }, media.id)
  expect(got).toEqual({ links: [], bare: false, forged: false })
})

for (const language of ['zh', 'en'] as const) {
  test(`a microphone that is refused is said in words, and writing goes on (${language})`, async ({ arrive }) => {
    const ming = await arrive(null, { ...PHONE, language })
    await refuseDevices(ming.page, ['audio'], 'NotAllowedError')
    await ming.signIn('小明')
    await ming.open('翠花')
    await id(ming, 'voice-button').click()
    await expect(id(ming, 'voice-trouble')).toContainText(ming.words['voice.refused'])
    await ming.expectNothingOverTheSide()
    await ming.say('那就打字')
    await ming.expectStored('那就打字')
  })
}
