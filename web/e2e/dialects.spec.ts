// Clients of the old systems and people in the browser talk with each other; one line changed.
import { OldClient } from './harness/old-client'
import { DESKTOP, expect, PHONE, test } from './harness/test'

test('a market page chats with a native user in the browser, both ways', async ({ arrive, server }) => {
  const ming = await arrive('小明', PHONE)
  const seller = await OldClient.open(server, 'wx', 'oDemoSeller', '小明')
  seller.say(JSON.stringify({ fromOpenid: 'oDemoSeller', toOpenid: '小明', content: '自行车还要吗?' }))
  await expect(ming.entry('oDemoSeller')).toContainText('自行车还要吗?')
  await expect(ming.badge('oDemoSeller')).toHaveText('1')
  await ming.open('oDemoSeller')
  await expect(ming.page.getByTestId('chat-title')).toHaveText('卖家老王')
  await expect(ming.subtitle).toHaveText(ming.words['chat.online'])

  await ming.say('要的 🚲')
  expect(await seller.objects(1)).toEqual([{ fromOpenid: '小明', toOpenid: 'oDemoSeller', content: '要的 🚲' }])
  await ming.expectState('要的 🚲', 'read')
  seller.say(JSON.stringify({ toOpenid: '小明', content: '那南门见' }))
  await ming.expectLast('自行车还要吗?', '要的 🚲', '那南门见')
  seller.leave()
  await expect(ming.subtitle).not.toHaveText(ming.words['chat.online'])
})

test('what a market page missed is replayed in order when it opens', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  await ming.openNew('oDemoBuyer')
  for (const text of ['一', '二', '三']) await ming.say(text)
  await ming.expectState('三', 'sent')
  const buyer = await OldClient.open(server, 'wx', 'oDemoBuyer', '小明')
  const texts = (await buyer.objects(3)).map((frame) => frame['content'])
  expect(texts).toEqual(['一', '二', '三'])
  await ming.expectState('三', 'read')
  buyer.leave()
})

test('a 004 phone talks with the agent in the page', async ({ arrive, server }) => {
  const agent = await arrive('agent', DESKTOP)
  await server.call('PUT', 'users/42', { name: '车主 42' })
  const phone = await OldClient.open(server, 'webSocket', '42')
  phone.say('heartbeat')
  await phone.expectGot('success')
  phone.say('机器坏了')
  await expect(agent.entry('42')).toContainText('机器坏了')
  await agent.open('42')
  await expect(agent.page.getByTestId('message-text').last()).toHaveText('机器坏了')
  await expect.poll(() => phone.got.length, 'the phone draws what it gets back').toBe(2)
  expect(JSON.parse(phone.got[1] ?? '')).toMatchObject({
    role: 'user',
    username: '车主 42',
    uid: 42,
    text: '机器坏了',
  })

  await agent.say('马上派人过去')
  await expect.poll(() => phone.got.length).toBe(3)
  const answer = JSON.parse(phone.got[2] ?? '') as Record<string, unknown>
  expect(answer).toMatchObject({ role: 'ai', username: '人工客服', text: '马上派人过去' })
  expect(answer['createTime']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  await agent.expectState('马上派人过去', 'read')
  phone.leave()
})

test('a visitor in the page asks customer service and an agent answers', async ({ arrive }) => {
  const visitor = await arrive('小明', PHONE)
  const agent = await arrive('agent', DESKTOP)
  await visitor.page.getByTestId('contact-support').click()
  await expect(visitor.page.getByTestId('chat-title')).toHaveText(visitor.words['inbox.support'])
  await visitor.composer.pressSequentially('发票')
  await visitor.open('翠花')
  await visitor.toList()
  await visitor.page.getByTestId('contact-support').click()
  await expect(visitor.composer, 'what was begun is kept').toHaveValue('发票')
  await visitor.say('发票怎么开?')
  await expect(agent.badge('小明')).toHaveText('1')
  await agent.open('小明')
  await visitor.expectState('发票怎么开?', 'read')
  await agent.say('在订单页点“申请发票”')
  await visitor.expectLast('发票怎么开?', '在订单页点“申请发票”')
  await visitor.expectNeverPassed('toast-error')
})

test('a 001 page and a native user exchange bare texts', async ({ arrive, server }) => {
  const hua = await arrive('翠花')
  const page = await OldClient.open(server, 'ws', 'B', '翠花')
  page.say('喵')
  await expect(hua.entry('B')).toContainText('喵')
  await hua.open('B')
  await hua.say('喵喵')
  await page.expectGot('喵喵')
  page.leave()
})

test('a 002 page gets objects with a message, never plain text', async ({ arrive, server }) => {
  const hua = await arrive('翠花')
  const page = await OldClient.open(server, 'websocket', 'merchant')
  page.say('PING')
  await page.expectGot('{"type":"pong"}')
  page.say(JSON.stringify({ formUserId: 'merchant', toUserId: '翠花', message: '步数 8000' }))
  await expect(hua.entry('merchant')).toContainText('步数 8000')
  await hua.open('merchant')
  await hua.say('厉害')
  expect((await page.objects(2))[1]).toEqual({ type: 'message', formUserId: '翠花', toUserId: 'merchant', message: '厉害' })
  page.leave()
})

test('a payment result reaches the 003 page and the native page of the same user', async ({ arrive, server }) => {
  const driver = await arrive('17', PHONE)
  const page = await OldClient.open(server, 'webSocket', '17', '2')
  const { body } = await server.call('POST', 'push', { user: '17', channel: '2', data: '0_扣费成功_剩余次数: 5' })
  expect(body).toMatchObject({ stored: true, connections: 2 })
  await page.expectGot('0_扣费成功_剩余次数: 5')
  await driver.expectPassed('toast-push', '0_扣费成功_剩余次数: 5')
  page.leave()
})
