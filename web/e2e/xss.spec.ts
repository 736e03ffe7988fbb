// A hundred texts that try to become more than text, in every field that reaches a page. The harness fails a
// test for any dialog and any report of the content policy; this file looks for scripts and elements.
import { arriveWatched, expectHarmless, TALL, watchScripts } from './harness/harmless'
import { HOSTILE, HOSTILE_SHORT, inFewNames, isPlain, oneLine } from './harness/hostile'
import { Native } from './harness/native'
import { DESKTOP, expect, type Person, test } from './harness/test'

/** Longest id of a user. */
const ID_BYTES = 64

const texts = (person: Person): Promise<string[]> => person.page.getByTestId('message-text').allTextContents()

test('hostile messages, edits, quotes and reactions are shown as they were typed and run nothing', async ({ arrive, server }) => {
  expect(HOSTILE.length).toBeGreaterThanOrEqual(100)
  const mallory = await Native.open(server, 'mallory')
  const bob = await arriveWatched(arrive, 'B')
  const acks = await mallory.askAll(HOSTILE.map((_, n) => ({ t: 'send', to: 'B', b: { k: 'text', x: `plain ${n}` } })))
  await bob.open('mallory')
  await expect.poll(() => texts(bob)).toHaveLength(HOSTILE.length)
  const place = acks.map(({ c, seq }) => ({ c, seq }))
  await mallory.askAll(place.map((at, n) => ({ t: 'msg.edit', ...at, b: { k: 'text', x: HOSTILE[n] } })))
  await expect.poll(() => texts(bob), 'edited messages').toEqual([...HOSTILE])

  await mallory.askAll(HOSTILE_SHORT.map((e, n) => ({ t: 'msg.react', ...place[n], e, on: true })))
  const chips = bob.page.getByTestId('reaction')
  await expect(chips).toHaveCount(HOSTILE_SHORT.length)
  const shown = await chips.allTextContents()
  HOSTILE_SHORT.forEach((text, n) => expect(oneLine(shown[n] ?? '')).toContain(oneLine(text)))

  await mallory.askAll(place.map(({ seq }, n) => ({ t: 'send', to: 'B', b: { k: 'text', x: HOSTILE[n], re: seq } })))
  const quotes = bob.page.getByTestId('quote').locator('span')
  await expect.poll(async () => (await quotes.allTextContents()).filter((text) => text !== bob.words['message.quote_loading'])).toEqual(HOSTILE.map(oneLine))
  await expect.poll(() => texts(bob), 'messages and replies').toEqual([...HOSTILE, ...HOSTILE])
  await expectHarmless(bob)
  await bob.expectNothingOverTheSide()
  mallory.leave()
})

test('hostile places, contacts, custom and unknown bodies are shown as text and run nothing', async ({ arrive, server }) => {
  const mallory = await Native.open(server, 'mallory')
  const bob = await arriveWatched(arrive, 'B')
  const bodies = HOSTILE.flatMap((x, n) => {
    const user = isPlain(x) ? x : 'mallory'
    return [
      { k: 'location', x, lat: 31.2, lon: 121.4, title: `${x} ${n} place`, address: x },
      { k: 'card', x, user, name: `${x} ${n} contact`, avatar: 'javascript:ran()' },
      { k: 'custom', x, type: 'order', title: `${x} ${n} custom`, url: 'javascript:ran()', html: x },
      { k: 'x.unknown', x: `${x} ${n} unknown`, html: x, url: 'javascript:ran()' },
    ]
  })
  await mallory.askAll(bodies.map((b) => ({ t: 'send', to: 'B', b })))
  await bob.open('mallory')
  const wanted = HOSTILE.flatMap((text, n) => ['place', 'contact', 'custom', 'unknown'].map((kind) => `${text} ${n} ${kind}`))
  // A page of the history at a time.
  await expect(async () => {
    await bob.page.getByTestId('messages').evaluate((element) => (element.scrollTop = 0))
    expect((await texts(bob))[0]).toBe(wanted[0])
  }).toPass()
  expect(await bob.readDown(), 'titles of places, contacts and custom bodies, texts of unknown ones').toEqual(wanted)
  await expectHarmless(bob)
  const targets = await bob.page.getByTestId('location').locator('a').evaluateAll((all) => all.map((one) => new URL((one as HTMLAnchorElement).href).host))
  expect(new Set(targets)).toEqual(new Set(['www.openstreetmap.org']))
  mallory.leave()
})

test('hostile names, previews and drafts in the list run nothing, nor do they in the search', async ({ arrive, server }) => {
  const named = HOSTILE.filter(isPlain)
  const others = named.map((name, n) => ({ id: `m${n}`, name, preview: name }))
  for (const { id, name } of others) {
    await server.call('PUT', `users/${id}`, { name, avatar: 'javascript:ran()' })
    await server.send(id, 'B', name)
  }
  const bob = await arriveWatched(arrive, 'B')
  for (const { id, name } of others) {
    await expect(bob.entry(id).locator('.title')).toHaveText(name, { useInnerText: false })
    await expect(bob.entry(id).locator('.preview')).toHaveText(oneLine(name))
  }
  await expectHarmless(bob)

  const phone = await Native.open(server, 'B', 'another device')
  const ids = new Map<string, string>()
  const { body } = await server.call('GET', 'users/B/conversations?limit=200')
  for (const one of body.conversations) ids.set(one.peer?.id, one.conversation)
  await phone.askAll(others.map(({ id, name }) => ({ t: 'conv.draft', c: ids.get(id), x: name })))
  for (const { id, name } of others) await expect(bob.entry(id).getByTestId('draft')).toContainText(oneLine(name))
  await expectHarmless(bob)

  const search = bob.page.getByTestId('search')
  for (const text of named) {
    await search.fill(text)
    await expect(bob.page.getByTestId('search-start')).toContainText(oneLine(text))
  }
  await search.fill('')
  await bob.open('m0')
  await expect(bob.page.getByTestId('chat-title')).toHaveText(named[0] ?? '')
  await expect(bob.composer, 'the draft of the other device').toHaveValue(named[0] ?? '')
  await expectHarmless(bob)
  phone.leave()
})

test('hostile texts that somebody types or pastes himself run nothing on his page either', async ({ arrive, server }) => {
  const bob = await arriveWatched(arrive, 'B')
  await bob.page.getByTestId('new-chat').click()
  const field = bob.page.getByTestId('new-chat-user')
  for (const text of HOSTILE) {
    await field.fill(text)
    expect(await field.inputValue()).toBe(text)
  }
  await server.send('A', 'B', 'Hi')
  await bob.open('A')
  for (const text of HOSTILE) {
    await bob.composer.fill(text)
    await bob.composer.press('Enter')
  }
  const typed = HOSTILE.map((text) => text.replace(/\s+$/, ''))
  await expect.poll(async () => (await texts(bob)).slice(-typed.length)).toEqual(typed)
  await expectHarmless(bob)
})

test('hostile texts that come by keys and from the clipboard, edits, and ids of new chats run nothing', async ({ arrive, server }) => {
  const bob = await arriveWatched(arrive, 'B', { ...DESKTOP, language: 'en' })
  await server.send('A', 'B', 'Hi')
  await bob.open('A')
  const { composer, page } = bob
  // Key by key only some: to the page each key is one more change of the whole field, as below.
  const keyed = HOSTILE.slice(0, 8).join(' ')
  await composer.focus()
  await page.keyboard.type(keyed)
  await composer.press('Enter')
  await bob.expectLast(keyed)

  const pasted = HOSTILE.filter(isPlain).join(' ')

  await bob.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.evaluate((text) => navigator.clipboard.writeText(text), pasted)
  await composer.press('ControlOrMeta+v')
  await expect(composer).toHaveValue(pasted)
  await expectHarmless(bob)
  await composer.fill('')

  await bob.say('plain')
  await bob.expectStored('plain')
  for (const text of inFewNames(ID_BYTES)) {
    await composer.press('ArrowUp')
    await composer.fill(text)
    await composer.press('Enter')
    await bob.expectLast(text)
  }
  await expectHarmless(bob)

  await page.getByTestId('new-chat').click()
  for (const text of inFewNames(ID_BYTES)) {
    await page.getByTestId('new-chat-user').fill(text)
    await page.getByTestId('new-chat-start').click()
    await expect(page.getByTestId('chat-title')).toHaveText(text)
    await page.getByTestId('new-chat').click()
  }
  await expectHarmless(bob)
})

test('hostile pushes, announcements and messages of the system are shown as text and run nothing', async ({ arrive, server }) => {
  const bob = await arriveWatched(arrive, 'B')
  // At most four notices stand at a time: after each pair a look.
  for (const text of HOSTILE) {
    const channel = isPlain(text) ? text.trim() : 'x'
    await server.call('POST', 'push', { user: 'B', channel, data: { html: text, x: text } })
    await server.call('POST', 'broadcast', { text })
    await expect(bob.page.getByTestId('toast-push').last().locator('p')).toHaveText(text)
    await expect(bob.page.getByTestId('toast-push').last().locator('strong')).toHaveText(bob.words['toast.push'].replace('{name}', () => channel))
    await expect(bob.page.getByTestId('toast-broadcast').last().locator('p')).toHaveText(text)
  }
  for (const text of HOSTILE) await server.call('POST', 'messages', { to: 'B', text })
  await bob.open('system')
  await expect.poll(() => texts(bob)).toEqual([...HOSTILE])
  await expectHarmless(bob)
})

test('a hostile token or address at the sign-in runs nothing', async ({ arrive, server }) => {
  const guest = await arrive(null, TALL)
  await watchScripts(guest)
  for (const text of HOSTILE.slice(0, 5)) {
    await guest.page.goto(`${server.origin}/?x=${encodeURIComponent(text)}#token=${encodeURIComponent(text)}`)
    await expect(guest.page.getByTestId('signin-notice')).toBeVisible()
    await guest.page.waitForLoadState('networkidle')
    await expectHarmless(guest)
    await guest.page.goto('about:blank')
  }
})
