// The main promise, in every size and language: two people chat, the server dies, nothing is lost.
import { expect, lookName, LOOKS, test } from './harness/test'

for (const look of LOOKS) {
  test.describe(lookName(look), () => {
    test('two people chat, the server is killed, and both find everything', async ({ arrive, server }) => {
      const ming = await arrive('小明', look)
      await expect(ming.page.getByTestId('me')).toHaveText('小明')
      await ming.open('翠花')
      await expect(ming.subtitle).not.toHaveText(ming.words['chat.online'])
      await ming.say('你好,翠花')
      await ming.expectState('你好,翠花', 'sent')

      const unread = (await server.conversation('翠花', '小明'))?.unread
      const hua = await arrive('翠花', look)
      await ming.expectState('你好,翠花', 'delivered')
      await expect(ming.subtitle).toHaveText(ming.words['chat.online'])
      await expect(hua.badge('小明')).toHaveText(String(unread))
      await expect(hua.entry('小明').getByTestId('presence-dot')).toBeVisible()
      await expect(hua.entry('小明')).toContainText('你好,翠花')

      await hua.open('小明')
      await ming.expectState('你好,翠花', 'read')
      await expect(hua.badge('小明')).toHaveCount(0)
      await hua.composer.pressSequentially('来')
      await ming.expectPassed('typing')
      await ming.expectPassed('chat-subtitle', ming.words['chat.typing'])
      await hua.say('来了 👋')
      await ming.expectLast('你好,翠花', '来了 👋')
      await expect(ming.page.getByTestId('typing')).toHaveCount(0)
      await hua.expectState('来了 👋', 'read')

      for (const person of [ming, hua]) {
        await person.expectOutage()
        await person.page.evaluate(() => Object.assign(window, { sameDocument: true }))
      }
      await server.kill()
      await ming.expectDisconnected()
      await hua.expectDisconnected()
      await ming.say('服务器不在的时候写的')
      await ming.expectState('服务器不在的时候写的', 'sending')
      await server.run()
      await ming.expectState('服务器不在的时候写的', 'read')
      await hua.say('还在吗?')
      // They write over two connections: only what one has read comes before what he answers.
      await expect(ming.bubble('还在吗?')).toBeVisible()
      await ming.say('还在。')

      const said = ['你好,翠花', '来了 👋', '服务器不在的时候写的', '还在吗?', '还在。']
      await ming.expectLast(...said)
      await hua.expectLast(...said)
      await ming.expectState('还在。', 'read')
      await hua.expectState('还在吗?', 'read')
      for (const person of [ming, hua]) {
        expect(await person.page.evaluate(() => 'sameDocument' in window), 'the page was not reloaded').toBe(true)
        await person.reload()
        await person.expectConnected()
        await person.open(person === ming ? '翠花' : '小明')
        await person.expectLast(...said)
        await person.expectNothingOverTheSide()
      }
      expect((await server.texts('小明', '翠花')).slice(-said.length)).toEqual(said)
    })
  })
}
