// Hostile names wherever a name stands: of files, of people in every corner of a chat and a call, of devices.
import { plainName } from '../src/model/media-kinds'
import { pick, png } from './harness/files'
import { arriveWatched, expectHarmless, watchScripts } from './harness/harmless'
import { HOSTILE, inFewNames, isPlain, oneLine } from './harness/hostile'
import { Native } from './harness/native'
import type { Server } from './harness/server'
import { DESKTOP, expect, type Look, type Person, test } from './harness/test'

const id = ({ page }: Person, name: string): ReturnType<Person['page']['getByTestId']> => page.getByTestId(name)

/** A page that paints fast: nothing here is read from a long list. */
const SMALL: Look = { ...DESKTOP, language: 'en' }
/** What is picked at once, at most. */
const PICK_MAX = 20
/** Longest name that a backend gives a user; a device has 64 bytes, a user himself 64 characters. */
const NAME_BYTES = 256
const DEVICE_BYTES = 64
const OWN_CHARS = 64
/** A notice shows no more of a text. */
const TOAST_CHARS = 150

/** Chooses files with these names and looks at the tray. */
async function choose(person: Person, names: readonly string[], mimeType: string, buffer: Buffer): Promise<void> {
  await pick(person, names.map((name) => ({ name, mimeType, buffer })))
  await expect.poll(() => id(person, 'upload-item').locator('.name').allTextContents(), 'names in the tray').toEqual(names.map(plainName))
  await expectHarmless(person)
}

async function sendChosen(person: Person): Promise<void> {
  await id(person, 'upload-send').click()
  await expect(id(person, 'upload-item')).toHaveCount(0)
}

/** Names of files as messages carry them: the server leaves out what a disk would not take. */
const namesIn = ({ events }: Native, kind: string): string[] => events.filter(({ t, b }) => t === 'msg' && b.k === kind).map(({ b }) => b.media.name as string)

test('hostile names of files run nothing: in the tray, in bubbles, in quotes', async ({ arrive, server }) => {
  const mallory = await Native.open(server, 'mallory')
  await mallory.say('B', 'Hi')
  const bob = await arriveWatched(arrive, 'B')
  await bob.open('mallory')
  for (let at = PICK_MAX; at < HOSTILE.length; at += PICK_MAX) {
    await choose(bob, HOSTILE.slice(at, at + PICK_MAX), 'text/plain', Buffer.from('x'))
    await id(bob, 'upload-cancel').evaluateAll((all) => all.forEach((one) => (one as HTMLButtonElement).click()))
  }
  await choose(bob, HOSTILE.slice(0, PICK_MAX), 'text/plain', Buffer.from('x'))
  await sendChosen(bob)
  const names = id(bob, 'file-bubble').locator('.name')
  await expect.poll(() => namesIn(mallory, 'file')).toHaveLength(PICK_MAX)
  await expect.poll(() => names.allTextContents(), 'names of his own files').toEqual(namesIn(mallory, 'file').map(plainName))
  await expectHarmless(bob)

  // Files elsewhere, which no server has looked at.
  const sent = await mallory.askAll(HOSTILE.map((x) => ({ t: 'send', to: 'B', b: { k: 'file', x, url: `https://files.example.com/${encodeURIComponent(x)}` } })))
  const shown = HOSTILE.map(plainName)
  await expect.poll(async () => (await names.allTextContents()).slice(-shown.length), 'names of files that came').toEqual(shown)
  await mallory.askAll(sent.map(({ seq }, n) => ({ t: 'send', to: 'B', b: { k: 'text', x: `reply ${n}`, re: seq } })))
  const lines = shown.map((name) => oneLine(bob.words['kind.file'].replace('{name}', () => name)))
  await expect.poll(() => id(bob, 'quote').locator('span').allTextContents(), 'names in quotes').toEqual(lines)
  await expectHarmless(bob)
  mallory.leave()
})

test('hostile names of pictures, in the viewer too, and media that is nowhere run nothing', async ({ arrive, server }) => {
  const mallory = await Native.open(server, 'mallory')
  await mallory.say('B', 'Hi')
  const bob = await arriveWatched(arrive, 'B')
  await bob.open('mallory')
  // Of these the server leaves most: braces, brackets, other languages.
  await choose(bob, HOSTILE.slice(-PICK_MAX), 'image/png', png(8, 8))
  await sendChosen(bob)
  await expect.poll(() => namesIn(mallory, 'image')).toHaveLength(PICK_MAX)
  const shown = namesIn(mallory, 'image')
  const alts = (): Promise<string[]> => id(bob, 'image-bubble').locator('img').evaluateAll((all) => all.map((one) => (one as HTMLImageElement).alt))
  await expect.poll(alts).toEqual(shown)
  await expectHarmless(bob)
  await id(bob, 'image-bubble').last().click()
  for (const name of shown.toReversed()) {
    await expect(id(bob, 'viewer-image')).toHaveAttribute('alt', name)
    await bob.page.keyboard.press('ArrowLeft')
  }
  await expectHarmless(bob)
  await bob.page.keyboard.press('Escape')

  for (const k of ['image', 'video', 'voice']) {
    await mallory.askAll(HOSTILE.map((x) => ({ t: 'send', to: 'B', b: { k, x, url: 'javascript:ran()', poster: x, w: x, h: x, ms: x, wave: x } })))
    const told = id(bob, 'media-trouble').locator('span')
    await expect.poll(async () => (await told.allTextContents()).slice(-HOSTILE.length), `what is said of ${k}`).toEqual([...HOSTILE])
    await expectHarmless(bob)
  }
  mallory.leave()
})

/** Users whose names hold all of the texts, each with a message to B. */
async function namedPeople(server: Server): Promise<{ user: string; name: string }[]> {
  const people = inFewNames(NAME_BYTES).map((name, n) => ({ user: `m${n}`, name }))
  for (const text of HOSTILE.filter(isPlain)) expect(people.some(({ name }) => name.includes(text.trim()))).toBe(true)
  for (const { user, name } of people) {
    await server.call('PUT', `users/${user}`, { name, avatar: 'javascript:ran()' })
    await server.send(user, 'B', 'from him')
  }
  return people
}

/** The page's words around a name. */
const around = (words: string, name: string): string => oneLine(words.replace('{name}', () => name))

test('hostile names of people run nothing wherever a chat names somebody', async ({ arrive, server }) => {
  const people = await namedPeople(server)
  const carol = await Native.open(server, 'carol')
  const bob = await arriveWatched(arrive, 'B', SMALL)
  const { words, page } = bob
  for (const { user, name } of people) {
    await bob.open(user)
    await bob.say('from B')
    await bob.expectStored('from B')
    const mallory = await Native.open(server, user)
    const { c, seq } = await mallory.say('B', 'taken back')
    await mallory.ask({ t: 'msg.recall', c, seq })
    await mallory.ask({ t: 'msg.react', c, seq: 2, e: '👍', on: true })
    await expect(id(bob, 'chat-title')).toHaveText(name)
    await expect(id(bob, 'recalled')).toHaveText(around(words['chat.recalled_by'], name))
    expect(oneLine((await id(bob, 'reaction').getAttribute('title')) ?? '')).toContain(oneLine(name))

    await bob.pick('from him', 'reply')
    await expect(id(bob, 'composer-note').locator('strong')).toHaveText(around(words['composer.replying'], name))
    await bob.say('a reply')
    await expect(bob.bubble('a reply').getByTestId('quote').locator('strong')).toHaveText(name)

    await bob.pick('from him', 'forward')
    await id(bob, 'picker-search').fill(name)
    await expect(id(bob, `pick-${user}`).locator('bdi')).toHaveText(name)
    await id(bob, 'picker-search').press('Enter')
    await expect(id(bob, 'toast-done').last()).toContainText(around(words['forward.done'], name).slice(0, TOAST_CHARS))

    await id(bob, 'chat-menu').click()
    await id(bob, 'menu-block').click()
    await expect(id(bob, 'confirm').locator('h2')).toHaveText(around(words['conv.block_title'], name))
    await expectHarmless(bob)
    await page.keyboard.press('Escape')

    const told = await mallory.say('carol', 'tell B')
    await carol.ask({ t: 'msg.forward', c: told['c'], seq: told['seq'], to: 'B' })
    mallory.leave()
  }
  await page.setViewportSize({ width: SMALL.width, height: 3_000 })
  await bob.open('carol')
  await expect(id(bob, 'forwarded')).toHaveText(people.map(({ name }) => around(words['message.forwarded'], name)))
  await id(bob, 'composer-tools').click()
  await id(bob, 'tool-card').click()
  for (const { user, name } of people) {
    await id(bob, 'picker-search').fill(name)
    await expect(id(bob, `pick-${user}`).locator('bdi')).toHaveText(name)
  }
  await expectHarmless(bob)
  carol.leave()
})

test('hostile names of people run nothing in a call', async ({ arrive, server }) => {
  const people = await namedPeople(server)
  const bob = await arriveWatched(arrive, 'B', SMALL)
  for (const { user, name } of people) {
    const mallory = await Native.open(server, user)
    await mallory.ask({ t: 'call.invite', to: 'B', call: `call-${user}`, media: 'video' })
    await expect(id(bob, 'call-incoming').locator('strong')).toHaveText(name)
    await expectHarmless(bob)
    await mallory.ask({ t: 'call.end', call: `call-${user}` })
    await expect(id(bob, 'call-incoming')).toBeHidden()

    await bob.open(user)
    await id(bob, 'call-audio').click()
    const title = around(bob.words['call.with'], name)
    await expect(id(bob, 'call-stage').locator('strong')).toHaveText(name)
    expect(oneLine((await id(bob, 'call-stage').getAttribute('aria-label')) ?? '')).toBe(title)
    await expectHarmless(bob)
    await id(bob, 'call-small').click()
    expect(oneLine((await id(bob, 'call-window').getAttribute('aria-label')) ?? '')).toBe(title)
    await expectHarmless(bob)
    await id(bob, 'call-end').click()
    await expect(id(bob, 'call-window')).toBeHidden()
    mallory.leave()
  }
})

test('hostile names of devices run nothing, nor does the question before one is signed out', async ({ arrive, server }) => {
  const names = HOSTILE.filter((text) => isPlain(text) && new TextEncoder().encode(text).length <= DEVICE_BYTES && text === text.trim())
  // A user has at most five connections, and the list at most a hundred devices.
  for (const [n, name] of names.slice(0, 99).entries()) (await Native.open(server, 'B', `device ${n}`, name)).leave()
  const bob = await arriveWatched(arrive, 'B', SMALL)
  await id(bob, 'settings').click()
  await id(bob, 'settings-devices').click()
  await expect(id(bob, 'device')).toHaveCount(Math.min(names.length, 99))
  const shown = await id(bob, 'device').locator('bdi').allTextContents()
  expect(shown.toSorted()).toEqual(names.slice(0, 99).toSorted())
  await expectHarmless(bob)
  for (const [n, name] of shown.entries()) {
    await id(bob, 'device-sign-out').nth(n).click()
    await expect(id(bob, 'confirm').locator('h2')).toHaveText(around(bob.words['devices.confirm'], name))
    await bob.page.keyboard.press('Escape')
  }
  await id(bob, 'device-sign-out').first().click()
  await id(bob, 'confirm-yes').click()
  await expect(id(bob, 'toast-done')).toContainText(around(bob.words['devices.done'], shown[0] ?? ''))
  await expectHarmless(bob)
})

test('hostile names that somebody gives himself run nothing, on his page and at the sign-in of others', async ({ arrive }) => {
  const bob = await arriveWatched(arrive, 'B', SMALL)
  await id(bob, 'settings').click()
  await id(bob, 'settings-profile').click()
  for (const text of HOSTILE.filter(isPlain)) {
    const name = text.trim().slice(0, OWN_CHARS).trim()
    await id(bob, 'profile-name').fill(text.trim())
    await id(bob, 'profile-name').press('Enter')
    await expect(id(bob, 'me')).toHaveText(name)
  }
  await expectHarmless(bob)
  const guest = await arrive(null, SMALL)
  await watchScripts(guest)
  await guest.visit()
  await expect(id(guest, 'signin-user-B')).toBeVisible()
  await expectHarmless(guest)
})

test.describe('without demo accounts', () => {
  test.use({ flags: [] })

  test('a hostile token in the field of the sign-in runs nothing', async ({ arrive }) => {
    const guest = await arrive(null, SMALL)
    await watchScripts(guest)
    await guest.visit()
    const field = id(guest, 'signin-token')
    for (const text of HOSTILE) {
      await field.fill(text)
      await field.press('Enter')
      await expect(field).toHaveValue('')
      await expect(id(guest, 'signin-notice')).toBeVisible()
    }
    await expectHarmless(guest)
  })
})
