// Calls between two browsers, with cameras and microphones that Chromium makes up; what flows is
// counted by the browsers themselves.
import type { Page } from '@playwright/test'

import { cutSockets, expectFlowing, NOTHING, refuseDevices, restartIce, traffic, watchRtc } from './harness/rtc'
import { DESKTOP, expect, type Look, type Person, PHONE, test } from './harness/test'
import { Turn, TURN_SECRET } from './harness/turn'

type Arrive = (user: string | null, look?: Look) => Promise<Person>

async function callers(arrive: Arrive, relayOnly = false, prepare?: (ming: Page, hua: Page) => Promise<void>): Promise<[Person, Person]> {
  const ming = await arrive(null, DESKTOP)
  const hua = await arrive(null, { ...PHONE, language: 'en' })
  for (const person of [ming, hua]) await watchRtc(person.page, relayOnly)
  await prepare?.(ming.page, hua.page)
  await ming.signIn('小明')
  await hua.signIn('翠花')
  await ming.open('翠花')
  await hua.open('小明')
  return [ming, hua]
}

const id = (person: Person, name: string): ReturnType<Page['getByTestId']> => person.page.getByTestId(name)

async function connect(from: Person, to: Person, media: 'audio' | 'video', accept = 'call-accept'): Promise<void> {
  await id(from, `call-${media}`).click()
  await id(to, accept).click()
  for (const person of [from, to]) await expect(id(person, 'call-stage')).toHaveAttribute('data-state', 'active')
}

test('a video call: pictures and sound flow both ways, and both sides keep its record', async ({ arrive }) => {
  const [ming, hua] = await callers(arrive)
  await connect(ming, hua, 'video')
  const there = await expectFlowing(hua.page, NOTHING)
  const here = await expectFlowing(ming.page, NOTHING)
  test.info().annotations.push({ type: 'counted', description: JSON.stringify({ here, there }) })
  await id(hua, 'call-end').click()
  await expect(id(ming, 'call-stage')).toHaveAttribute('data-why', 'hangup')
  for (const person of [ming, hua]) {
    await expect(id(person, 'call-bubble')).toHaveAttribute('data-why', 'hangup')
    await expect(id(person, 'call-stage')).toBeHidden()
  }
})

test('a call goes on in a small window while one writes, and comes back to full size', async ({ arrive }) => {
  const [ming, hua] = await callers(arrive)
  await connect(ming, hua, 'video')
  await id(ming, 'call-small').click()
  await ming.say('我边聊边写')
  await hua.page.keyboard.press('Escape')
  await expect(id(hua, 'call-window')).toBeVisible()
  await expect(hua.bubble('我边聊边写')).toBeVisible()
  const window = id(ming, 'call-window')
  const before = await window.boundingBox()
  await window.hover({ position: { x: 60, y: 60 } })
  await ming.page.mouse.down()
  await ming.page.mouse.move(300, 400, { steps: 5 })
  await ming.page.mouse.up()
  expect((await window.boundingBox())?.x).toBeLessThan((before?.x ?? 0) - 100)
  await expectFlowing(ming.page, await traffic(ming.page))
  await id(ming, 'call-large').click()
  await expect(id(ming, 'call-stage')).toBeVisible()
  await id(ming, 'call-end').click()
  await expect(id(hua, 'call-bubble')).toBeVisible()
})

test('mute, camera and screen: the other side gets what is sent and nothing else', async ({ arrive }) => {
  const [ming, hua] = await callers(arrive)
  await connect(ming, hua, 'video')
  await expectFlowing(hua.page, NOTHING)
  const remote = (person: Person): ReturnType<Page['getByTestId']> => id(person, 'call-remote')
  await expect(remote(hua)).toHaveClass(/shown/)
  await id(ming, 'call-camera').click()
  await expect(id(ming, 'call-preview')).toBeHidden()
  // The last picture of a camera that is off must not stay on the other side.
  await expect(remote(hua)).not.toHaveClass(/shown/)
  await id(ming, 'call-camera').click()
  await expect(remote(hua)).toHaveClass(/shown/)
  await id(ming, 'call-mute').click()
  await expect(id(ming, 'call-mute')).toHaveAttribute('aria-pressed', 'true')
  await id(ming, 'call-share').click()
  await expect(id(ming, 'call-share')).toHaveAttribute('aria-pressed', 'true')
  const before = await traffic(hua.page)
  await expect.poll(async () => (await traffic(hua.page)).framesIn).toBeGreaterThan(before.framesIn)
  await id(ming, 'call-share').click()
  await expect(id(ming, 'call-share')).toHaveAttribute('aria-pressed', 'false')
  await id(ming, 'call-devices').click()
  await id(ming, 'device-video').selectOption({ index: 1 })
  await expectFlowing(hua.page, await traffic(hua.page))
  await id(ming, 'call-end').click()
})

test('a call survives a cut of the line to the server, and finds a new way after it', async ({ arrive }) => {
  const [ming, hua] = await callers(arrive)
  await connect(ming, hua, 'video')
  const before = await expectFlowing(hua.page, NOTHING)
  await cutSockets(ming.page)
  await ming.expectConnected()
  await expect(id(ming, 'call-stage')).toHaveAttribute('data-state', 'active')
  const after = await expectFlowing(hua.page, await traffic(hua.page))
  await restartIce(ming.page)
  await expect.poll(async () => (await traffic(hua.page)).iceUser).not.toBe(before.iceUser)
  const restarted = await expectFlowing(hua.page, await traffic(hua.page))
  await expectFlowing(ming.page, await traffic(ming.page))
  test.info().annotations.push({ type: 'counted', description: JSON.stringify({ before, after, restarted }) })
  await id(hua, 'call-end').click()
  await expect(id(ming, 'call-bubble')).toHaveAttribute('data-why', 'hangup')
})

test('a call can be declined, cancelled, taken with sound only, and called back', async ({ arrive }) => {
  const [ming, hua] = await callers(arrive)
  await id(ming, 'call-audio').click()
  await id(hua, 'call-reject').click()
  await expect(id(ming, 'call-stage')).toHaveAttribute('data-why', 'rejected')
  await expect(id(ming, 'call-state')).toHaveText(ming.words['callend.rejected_own'])
  await id(ming, 'call-close').click()
  await id(ming, 'call-video').click()
  await expect(id(hua, 'call-incoming')).toBeVisible()
  await id(ming, 'call-end').click()
  await expect(id(hua, 'call-incoming')).toBeHidden()
  await expect(id(hua, 'call-bubble').last()).toContainText(hua.words['callend.cancelled'])
  await id(ming, 'call-close').click()
  await id(hua, 'call-back').last().click()
  await id(ming, 'call-accept-audio').click()
  await expect(id(hua, 'call-stage')).toHaveAttribute('data-state', 'active')
  await expect(id(ming, 'call-preview')).toBeHidden()
  await expect.poll(async () => (await traffic(hua.page)).audioBytesIn).toBeGreaterThan(500)
  await expect.poll(async () => (await traffic(ming.page)).framesIn).toBeGreaterThan(5)
  expect((await traffic(hua.page)).framesIn).toBe(0)
  await id(ming, 'call-end').click()
})

test('who signs out in a call hangs up: the other side need not wait for it', async ({ arrive }) => {
  const [ming, hua] = await callers(arrive)
  await connect(ming, hua, 'audio')
  await id(ming, 'call-small').click()
  await id(ming, 'sign-out').click()
  await expect(id(hua, 'call-stage')).toHaveAttribute('data-why', 'hangup')
  await expect(ming.page.getByTestId('signin-user-小明')).toBeVisible()
})

test('all pages of a user ring; the others fall silent when one answers', async ({ arrive }) => {
  const [ming, hua] = await callers(arrive)
  const second = await arrive('翠花')
  await id(ming, 'call-audio').click()
  await expect(id(second, 'call-incoming')).toBeVisible()
  await id(hua, 'call-accept').click()
  await expect(id(second, 'call-incoming')).toBeHidden()
  await expect(id(ming, 'call-stage')).toHaveAttribute('data-state', 'active')
  await id(ming, 'call-end').click()
})

test('who has no microphone hears and is told so; who has no camera talks', async ({ arrive }) => {
  const [ming, hua] = await callers(arrive, false, async (mingPage, huaPage) => {
    await refuseDevices(mingPage, ['audio'], 'NotAllowedError')
    await refuseDevices(huaPage, ['video'], 'NotFoundError')
  })
  await connect(ming, hua, 'video')
  await expect(id(ming, 'call-devices-trouble')).toHaveText(ming.words['call.audio_refused'])
  await expect(id(hua, 'call-devices-trouble')).toHaveText(hua.words['call.video_missing'])
  await expect.poll(async () => (await traffic(ming.page)).audioBytesIn).toBeGreaterThan(500)
  await expect.poll(async () => (await traffic(hua.page)).framesIn).toBeGreaterThan(5)
  await id(hua, 'call-end').click()
})

let turn: Turn

test.describe('through TURN only', () => {
  test.use({
    settings: async ({}, use, info) => {
      turn = await Turn.start(info.parallelIndex)
      await use({ MAGPIE_CALLS__TURN_URLS: turn.url, MAGPIE_CALLS__TURN_SECRET: TURN_SECRET })
      await turn.stop()
    },
  })

  test('pictures and sound flow both ways, relayed, and again after a cut and an ICE restart', async ({ arrive }) => {
    const [ming, hua] = await callers(arrive, true)
    await connect(ming, hua, 'video')
    const here = await expectFlowing(ming.page, NOTHING)
    const there = await expectFlowing(hua.page, NOTHING)
    expect([here.way, there.way]).toEqual(['relay', 'relay'])
    await cutSockets(hua.page)
    await hua.expectConnected()
    await restartIce(hua.page)
    await expect.poll(async () => (await traffic(ming.page)).iceUser).not.toBe(here.iceUser)
    const after = await expectFlowing(ming.page, await traffic(ming.page))
    expect(after.way).toBe('relay')
    test.info().annotations.push({ type: 'counted', description: JSON.stringify({ here, there, after }) })
    await id(ming, 'call-end').click()
  })
})
