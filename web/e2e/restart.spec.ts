// The server dies in the middle of traffic: what was typed arrives once, in order, without a reload.
import { DESKTOP, expect, PHONE, test } from './harness/test'

test('messages typed through three kills of the server arrive exactly once and in order', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  const hua = await arrive('翠花', PHONE)
  await ming.open('翠花')
  await hua.open('小明')
  for (const person of [ming, hua]) {
    await person.expectOutage()
    await person.page.evaluate(() => Object.assign(window, { sameDocument: true }))
  }

  const said = Array.from({ length: 40 }, (_, n) => `第 ${n + 1} 条`)
  for (let first = 0; first < said.length; first += 10) {
    const typing = (async () => {
      for (const text of said.slice(first, first + 10)) await ming.say(text)
    })()
    const killing = (async () => {
      // Once something is stored the page is connected: the kill meets a live line in mid-typing.
      await ming.expectStored(said[first + 2] ?? '')
      if (first === 30) return
      await server.kill()
      await server.run()
    })()
    await Promise.all([typing, killing])
  }

  await ming.expectState('第 40 条', 'read')
  await hua.expectLast('第 39 条', '第 40 条')
  for (const person of [ming, hua]) {
    await person.expectNewest(...said)
    expect(await person.page.evaluate(() => 'sameDocument' in window), 'the page was not reloaded').toBe(true)
  }
  expect((await server.texts('小明', '翠花')).slice(-said.length)).toEqual(said)
})

test('what others wrote while a page was cut off is there when it is back', async ({ arrive, server }) => {
  const hua = await arrive('翠花', PHONE)
  await hua.open('小明')
  await hua.expectOutage()
  await hua.context.setOffline(true)
  await server.kill()
  await server.run()
  await expect(hua.page.getByTestId('chat-connection-state')).toContainText(hua.words['state.offline'])
  const missed = Array.from({ length: 70 }, (_, n) => `错过的 ${n + 1}`)
  for (const text of missed) await server.send('小明', '翠花', text)
  await hua.context.setOffline(false)
  await hua.expectConnected()
  await hua.expectLast('错过的 69', '错过的 70')
  await hua.expectNewest(...missed)
  await expect.poll(async () => (await server.conversation('翠花', '小明'))?.unread).toBe(0)
})

test('the list says what happened in other chats while the page was cut off', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  await ming.open('翠花')
  await ming.expectOutage()
  await server.kill()
  await ming.expectDisconnected()
  await expect(ming.composer, 'one may go on writing').toBeEnabled()
  await server.run()
  await server.send('A', '小明', 'Are you back?')
  await ming.expectConnected()
  await expect(ming.entry('A')).toContainText('Are you back?')
  const unread = (await server.conversation('小明', 'A'))?.unread
  await expect(ming.badge('A')).toHaveText(String(unread))
})
