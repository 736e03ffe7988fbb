// What may happen to a page that somebody chats on: the server dies, the network goes, another device
// changes messages meanwhile, the store is restored. All pages agree in the end, and nothing typed is lost.
import { Native } from './harness/native'
import { DESKTOP, expect, type Person, PHONE, test } from './harness/test'

/** The newest messages as a page shows them: text, edited or not, reactions; and the recalled places. */
function shown({ page }: Person, count: number): Promise<string[]> {
  return page.getByTestId('messages').evaluate((list, newest) => {
    const rows = [...list.querySelectorAll('[data-testid="message"], [data-testid="recalled"]')]
    const part = (row: Element, id: string): string[] => [...row.querySelectorAll(`[data-testid="${id}"]`)].map((one) => one.textContent ?? '')
    const one = (row: Element): string =>
      row.getAttribute('data-testid') === 'recalled'
        ? 'recalled'
        : [part(row, 'message-text').join(), part(row, 'edited').length > 0 ? 'edited' : '', ...part(row, 'reaction')].filter(Boolean).join(' | ')
    return rows.map(one).slice(-newest)
  }, count)
}

test('edits, recalls, reactions and queued messages agree on both pages after a kill and a lost network', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  const hua = await arrive('翠花', PHONE)
  await ming.open('翠花')
  await hua.open('小明')
  for (const text of ['一', '二', '三']) await ming.say(text)
  await ming.expectState('三', 'read')
  for (const person of [ming, hua]) await person.expectOutage()

  await hua.context.setOffline(true)
  await server.kill()
  await ming.expectDisconnected()
  await hua.expectDisconnected()
  await ming.say('服务器不在时写的')
  await hua.say('没有网络时写的')
  await server.run()
  await ming.expectStored('服务器不在时写的')
  // Another device of his, while her phone has no network.
  const other = await Native.open(server, '小明', 'another device')
  const c = (await server.conversation('小明', '翠花'))?.conversation
  const { items } = await other.ask({ t: 'history', c })
  const seq = (text: string): number => items.find((item: { b?: { x: string } }) => item.b?.x === text).seq
  await other.ask({ t: 'msg.edit', c, seq: seq('一'), b: { k: 'text', x: '壹' } })
  await other.ask({ t: 'msg.recall', c, seq: seq('二') })
  await other.ask({ t: 'msg.react', c, seq: seq('三'), e: '👍', on: true })
  await hua.context.setOffline(false)

  const wanted = ['壹 | edited', 'recalled', '三 | 👍1', '服务器不在时写的', '没有网络时写的']
  for (const person of [ming, hua]) {
    await expect.poll(() => shown(person, wanted.length)).toEqual(wanted)
    await person.reload()
    await person.expectConnected()
    await person.open(person === ming ? '翠花' : '小明')
    await expect.poll(() => shown(person, wanted.length), 'the same after a reload').toEqual(wanted)
  }
  other.leave()
})

test('after a restore of the store both pages show what the store has, and what waited is sent', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  const hua = await arrive('翠花', PHONE)
  await ming.open('翠花')
  await hua.open('小明')
  await ming.say('备份以前')
  await ming.expectState('备份以前', 'read')
  await server.command('backup', server.backupFile)
  await ming.say('备份以后')
  await ming.expectState('备份以后', 'read')
  for (const person of [ming, hua]) await person.expectOutage()
  await server.kill()
  await ming.expectDisconnected()
  await ming.say('恢复以后写的')
  await server.command('restore', server.backupFile, '--force')
  await server.run()
  const wanted = ['备份以前', '恢复以后写的']
  for (const person of [ming, hua]) {
    await person.expectConnected()
    await expect.poll(() => shown(person, 2)).toEqual(wanted)
    await expect(person.bubble('备份以后')).toHaveCount(0)
  }
  expect((await server.texts('小明', '翠花')).slice(-2)).toEqual(wanted)
})

test('a tab that slept for a week without network comes back to what was written meanwhile', async ({ arrive, server }) => {
  const ming = await arrive(null, DESKTOP)
  await ming.page.clock.install()
  await ming.signIn('小明')
  await ming.open('翠花')
  await ming.expectOutage()
  await ming.context.setOffline(true)
  await server.kill()
  await server.run()
  await ming.page.clock.fastForward(7 * 24 * 3_600_000)
  const missed = Array.from({ length: 60 }, (_, n) => `第 ${n + 1} 天`)
  for (const text of missed) await server.send('翠花', '小明', text)
  await ming.context.setOffline(false)
  await ming.page.clock.fastForward(30_000)
  await ming.expectConnected()
  await expect(ming.entry('翠花')).toContainText('第 60 天')
  await expect.poll(() => shown(ming, 3)).toEqual(missed.slice(-3))
})

for (const hours of [24, -24]) {
  test(`a device whose clock is ${Math.abs(hours)} hours ${hours > 0 ? 'fast' : 'slow'} chats as any other`, async ({ arrive, server }) => {
    const ming = await arrive(null, DESKTOP)
    await ming.page.clock.setSystemTime(Date.now() + hours * 3_600_000)
    let sockets = 0
    ming.page.on('websocket', () => sockets++)
    await ming.signIn('小明')
    await ming.open('翠花')
    await ming.say('几点了')
    await ming.expectState('几点了', 'sent')
    await server.send('翠花', '小明', '看手机')
    await ming.expectLast('几点了', '看手机')
    // By the server's clock it is young enough to be taken back.
    await ming.pick('几点了', 'recall')
    await expect(ming.page.getByTestId('recalled').last()).toContainText(ming.words['chat.recalled_own'])
    expect(sockets, 'connections that were made').toBe(1)
  })
}

test('two tabs of one person send what waited exactly once', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  const second = await ming.context.newPage()
  await second.goto(`${server.origin}/`)
  await second.getByTestId('signin-user-小明').click()
  await expect(second.getByTestId('connection-state')).toHaveAttribute('data-state', 'online')
  await ming.open('翠花')
  await second.getByTestId('conversation-翠花').click()
  await ming.expectOutage()
  await server.kill()
  await ming.expectDisconnected()
  await ming.say('第一个窗口')
  await ming.expectState('第一个窗口', 'sending')
  await second.getByTestId('composer-input').fill('第二个窗口')
  await second.getByTestId('composer-input').press('Enter')
  await server.run()
  for (const page of [ming.page, second]) {
    const texts = page.getByTestId('message-text').filter({ hasText: /个窗口$/ })
    await expect(texts).toHaveCount(2)
    await expect(page.getByTestId('message-state').and(page.locator('[data-state="sending"]'))).toHaveCount(0)
  }
  const stored = (await server.texts('小明', '翠花')).filter((text) => text.endsWith('个窗口'))
  expect(stored.sort()).toEqual(['第一个窗口', '第二个窗口'])
})
