// Who is signed in, for how long, and what the page says about the server it talks to.
import type { Locator } from '@playwright/test'

import { DESKTOP, expect, type Person, PHONE, test } from './harness/test'

test('a reload keeps the person signed in', async ({ arrive }) => {
  const ming = await arrive('小明', PHONE)
  await ming.reload()
  await ming.expectConnected()
  await expect(ming.page.getByTestId('me')).toHaveText('小明')
})

test('who signs out is gone for others and stays signed out', async ({ arrive }) => {
  const hua = await arrive('翠花')
  const ming = await arrive('小明')
  await hua.open('小明')
  await expect(hua.subtitle).toHaveText(hua.words['chat.online'])
  await ming.page.getByTestId('sign-out').click()
  await expect(ming.page.getByTestId('signin-user-翠花')).toBeVisible()
  await expect(hua.subtitle).not.toHaveText(hua.words['chat.online'])
  await ming.reload()
  await ming.page.getByTestId('signin-user-A').click()
  await ming.expectConnected()
  await expect(ming.page.getByTestId('me')).toHaveText('Alice')
  await expect(ming.entry('B'), 'the list is that of the new person').toBeVisible()
  await expect(ming.entry('翠花')).toHaveCount(0)
})

test('two windows of one person show the same chat, his own messages too', async ({ arrive, server }) => {
  const desk = await arrive('小明', DESKTOP)
  const phone = await arrive('小明', PHONE)
  await server.send('A', '小明', '两边都有')
  await expect(phone.entry('A')).toContainText('两边都有')
  await expect(phone.badge('A')).toBeVisible()
  await desk.open('A')
  await expect(phone.badge('A'), 'read on one device is read on all').toHaveCount(0)
  await desk.say('从电脑写的')
  await phone.open('A')
  await phone.expectLast('两边都有', '从电脑写的')
  await expect(phone.bubble('从电脑写的')).toHaveAttribute('data-own', 'true')
})

test('the sixth window of one person pauses the oldest, which comes back when it is wanted', async ({ arrive }) => {
  const windows: Person[] = []
  for (let window = 1; window <= 6; window++) windows.push(await arrive('小明'))
  const state = (window: Person): Locator => window.page.getByTestId('connection-state')
  // The oldest connection: on a machine so busy that a window had to connect again not the first one.
  let paused: Person | undefined
  await expect(async () => {
    const told = await Promise.all(windows.map(async (window) => (await state(window).textContent()) ?? ''))
    paused = windows.find((window, at) => told[at]?.includes(window.words['state.limit']))
    expect(paused, `one of ${told.join(' | ')}`).toBeDefined()
  }).toPass()
  if (!paused) return
  await expect(state(paused), 'it does not fight for its place').toHaveAttribute('data-state', 'closed')
  await state(paused).getByRole('button').click()
  await paused.expectConnected()
})

test('development and demo mode say so in both languages', async ({ arrive }) => {
  const guest = await arrive(null)
  await guest.visit()
  for (const state of ['signed out', 'signed in']) {
    if (state === 'signed in') await guest.page.getByTestId('signin-user-小明').click()
    await expect(guest.page.getByTestId('dev-banner')).toHaveText(guest.words['banner.dev'])
    await expect(guest.page.getByTestId('demo-banner')).toHaveText(guest.words['banner.demo'])
  }
  await guest.page.getByTestId('locale-switch').click()
  await expect(guest.page.getByTestId('dev-banner')).toContainText('Development mode')
  await expect(guest.page.locator('html')).toHaveAttribute('lang', 'en')
  await guest.reload()
  await expect(guest.page.getByTestId('dev-banner'), 'the choice is kept').toContainText('Development mode')
})

test('a chat starts with the id of somebody who is not in the list', async ({ arrive }) => {
  const ming = await arrive('小明')
  await ming.openNew('B')
  await expect(ming.page.getByTestId('chat-title')).toHaveText('Bob')
  await ming.say('Hi Bob')
  await ming.expectState('Hi Bob', 'sent')
  await expect(ming.entry('B')).toContainText('Hi Bob')
})

test.describe('without development mode', () => {
  test.use({ flags: ['--demo'] })

  test('the red banner is absent, and nobody can be made up', async ({ arrive }) => {
    const ming = await arrive('小明')
    await expect(ming.page.getByTestId('demo-banner')).toBeVisible()
    await expect(ming.page.getByTestId('dev-banner')).toHaveCount(0)
    await ming.page.getByTestId('new-chat').click()
    await ming.page.getByTestId('new-chat-user').fill('nobody-of-this-name')
    await ming.page.getByTestId('new-chat-start').click()
    const error = ming.page.getByTestId('new-chat-error')
    await expect(error).toHaveText(ming.words['error.unknown_user'])
    for (const [id, words] of [['小明', 'error.own_id'], ['-1', 'error.unknown_user']] as const) {
      await ming.page.getByTestId('new-chat-user').fill(id)
      await ming.page.getByTestId('new-chat-start').click()
      await expect(error).toHaveText(ming.words[words])
    }
  })
})

test.describe('without demo accounts', () => {
  test.use({ flags: [] })

  test('a token of the backend signs in, by form or by link, and leaves the address', async ({ arrive, server }) => {
    await server.call('PUT', 'users/yan', { name: '燕子' })
    const { body } = await server.call('POST', 'tokens', { user: 'yan' })
    const guest = await arrive(null)
    await guest.visit()
    await expect(guest.page.getByTestId('dev-banner')).toHaveCount(0)
    await expect(guest.page.getByTestId('demo-banner')).toHaveCount(0)
    await guest.page.getByTestId('signin-token').fill(body.token)
    await guest.page.getByTestId('signin-submit').click()
    await guest.expectConnected()
    await expect(guest.page.getByTestId('me')).toHaveText('燕子')

    const other = await arrive(null, PHONE)
    await other.page.goto(`${server.origin}/#token=${body.token}`)
    await other.expectConnected()
    await expect(other.page).toHaveURL(`${server.origin}/`)
    await other.reload()
    await other.expectConnected()
  })

  test('a link with a token of somebody else, opened in a page that is there, changes who is signed in', async ({ arrive, server }) => {
    const link = async (user: string, name: string): Promise<string> => {
      await server.call('PUT', `users/${user}`, { name })
      const { body } = await server.call('POST', 'tokens', { user })
      return `${server.origin}/#token=${body.token}`
    }
    const [ofYan, ofLin] = [await link('yan', '燕子'), await link('lin', '阿林')]
    await server.send('lin', 'yan', '只给燕子看')
    const guest = await arrive(null, PHONE)
    await guest.page.goto(ofYan)
    await guest.expectConnected()
    await expect(guest.page.getByTestId('me')).toHaveText('燕子')
    await guest.open('lin')
    await guest.page.goto(ofLin)
    await expect(guest.page.getByTestId('me')).toHaveText('阿林')
    await guest.expectConnected()
    await expect(guest.page, 'the token has left the address').toHaveURL(`${server.origin}/`)
    await expect(guest.entry('yan')).toBeVisible()
    await expect(guest.entry('lin')).toHaveCount(0)
    await guest.reload()
    await expect(guest.page.getByTestId('me')).toHaveText('阿林')
  })

  test('a token that is no token is refused in words', async ({ arrive }) => {
    const guest = await arrive(null)
    await guest.visit()
    await guest.page.getByTestId('signin-token').fill('not-a-token')
    await guest.page.getByTestId('signin-submit').click()
    await expect(guest.page.getByTestId('signin-notice')).toHaveText(guest.words['signin.refused'])
    await expect(guest.page.getByTestId('signin-token')).toBeVisible()
  })

  test('who is banned or kicked is told so', async ({ arrive, server }) => {
    await server.call('PUT', 'users/yan', { name: '燕子' })
    const { body } = await server.call('POST', 'tokens', { user: 'yan' })
    const yan = await arrive(null)
    await yan.page.goto(`${server.origin}/#token=${body.token}`)
    await yan.expectConnected()
    const state = yan.page.getByTestId('connection-state')
    await server.call('POST', 'users/yan/kick', {})
    await expect(state).toContainText(yan.words['state.kicked'])
    await state.getByRole('button').click()
    await yan.expectConnected()
    await server.call('POST', 'users/yan/ban')
    await expect(state).toContainText(yan.words['state.banned'])
  })
})

test('the page comes with a content policy that allows nothing from elsewhere and nothing inline', async ({ server }) => {
  const policy = (await fetch(`${server.origin}/`)).headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toContain('unsafe')
  expect(policy).not.toMatch(/(script|style|connect)-src [^;]*(\*|https:)/)
})
