// Bodies of every kind and size next to replies and reactions: shown as they are, and nothing over the side.
import { Native } from './harness/native'
import { OldClient } from './harness/old-client'
import { expect, PHONE, test } from './harness/test'

const WORD = 'Donaudampfschifffahrt'.repeat(40)

test('a message of 64 KiB is folded, opens to its last sign, and stays inside the page', async ({ arrive, server }) => {
  const hua = await Native.open(server, '翠花')
  const bob = await arrive('B', PHONE)
  const frame = JSON.stringify({ k: 'text', x: 'END' }).length
  const text = `${'x'.repeat(65_536 - frame)}END`
  const { seq } = await hua.say('B', text)
  await expect(hua.say('B', `${text}!`), 'one byte more is refused').rejects.toThrow(/too_large/)
  await hua.ask({ t: 'send', to: 'B', b: { k: 'text', x: '回复长的', re: seq } })
  await bob.open('翠花')
  await expect(bob.bubble('回复长的').getByTestId('quote')).toContainText('xxx')
  await bob.expectNothingOverTheSide()
  const long = bob.page.getByTestId('message').filter({ has: bob.page.getByTestId('unfold') })
  await long.getByTestId('unfold').click()
  await expect(long.getByTestId('message-text')).toHaveText(text)
  await bob.expectNothingOverTheSide()
  hua.leave()
})

test('names of emoji, names that read from the right and endless names fit wherever a name stands', async ({ arrive, server }) => {
  const names = { emoji: '👨‍👩‍👧‍👦🎉🇨🇳', rtl: 'مرحبا بكم في ماجبي', word: WORD.slice(0, 250), blank: '\u2003' }
  const bob = await arrive('B', PHONE)
  for (const [id, name] of Object.entries(names)) {
    const { body } = await server.call('PUT', `users/${id}`, { name }).catch(() => ({ body: null }))
    if (body === null) await server.call('PUT', `users/${id}`, { name: '' })
    await server.send(id, 'B', `from ${id}`)
    await bob.expectNothingOverTheSide()
    // A name of nothing that one could see is no name: the id stands there.
    const shown = name.trim() === '' ? id : name
    await expect(bob.entry(id).locator('.title')).toHaveText(shown)
    if (id === 'emoji') await expect(bob.entry(id).locator('.avatar'), 'a whole emoji stands for the name').toHaveText('👨‍👩‍👧‍👦')
    await bob.open(id)
    await expect(bob.page.getByTestId('chat-title')).toHaveText(shown)
    await bob.pick(`from ${id}`, 'reply')
    await bob.expectNothingOverTheSide()
    await bob.say(`to ${id}`)
    await bob.expectStored(`to ${id}`)
    await bob.expectNothingOverTheSide()
  }
})

test('unknown, custom and broken bodies stand between replies and reactions, each by its text', async ({ arrive, server }) => {
  const hua = await Native.open(server, '翠花')
  const bob = await arrive('B', PHONE)
  const bodies = [
    { k: 'x.hologram', x: '[全息图]', beam: { deep: [1, 2, { three: null }] } },
    { k: 'x.empty', x: '' },
    { k: 'custom', x: WORD, type: 'order' },
    { k: 'custom', x: '[订单]', type: 'order', title: WORD, items: [] },
    { k: 'location', x: '[位置]', lat: -90, lon: 180, title: WORD, address: WORD },
    { k: 'card', x: '[名片]', user: 'A', name: WORD },
    { k: 'text', x: WORD },
    { k: 'text', x: '\n\n\n' },
    { k: 'text', x: '\u202Eevil\u202C' },
  ]
  for (const b of bodies) {
    const { c, seq } = await hua.say('B', b)
    for (const e of ['👍', '👨‍👩‍👧‍👦', '😂', '😮', '😢', '🙏', '🎉', '💯']) await hua.ask({ t: 'msg.react', c, seq, e, on: true })
    await hua.ask({ t: 'send', to: 'B', b: { k: 'text', x: `回复 ${b.k} ${seq}`, re: seq } })
  }
  await bob.open('翠花')
  await expect(bob.page.getByTestId('message').last()).toContainText('回复 text')
  await bob.expectNothingOverTheSide()
  // From the top to the end: each screen is drawn, and nothing stands over its side.
  const list = bob.page.getByTestId('messages')
  await list.evaluate((element) => (element.scrollTop = 0))
  const seen = new Set<string>()
  for (let isMore = true; isMore;) {
    await bob.expectNothingOverTheSide()
    for (const seq of await bob.page.getByTestId('message').evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset['seq'] ?? ''))) seen.add(seq)
    isMore = await list.evaluate((element) => {
      const before = element.scrollTop
      element.scrollTop += element.clientHeight * 0.7
      return element.scrollTop > before
    })
  }
  expect(seen.size, 'messages that were drawn').toBeGreaterThanOrEqual(bodies.length * 2)
  hua.leave()
})

test('messages of the old systems can be replied to and reacted to like any other', async ({ arrive, server }) => {
  const bob = await arrive('B', PHONE)
  const seller = await OldClient.open(server, 'wx', 'oDemoSeller', 'B')
  seller.say(JSON.stringify({ fromOpenid: 'oDemoSeller', toOpenid: 'B', content: '市场的' }))
  const cat = await OldClient.open(server, 'ws', '翠花', 'B')
  cat.say('喵的')
  const merchant = await OldClient.open(server, 'websocket', 'merchant')
  merchant.say(JSON.stringify({ formUserId: 'merchant', toUserId: 'B', message: '步数的' }))
  for (const [peer, text] of [['oDemoSeller', '市场的'], ['翠花', '喵的'], ['merchant', '步数的']] as const) {
    await bob.open(peer)
    await expect(bob.bubble(text)).toBeVisible()
    await bob.hold(text)
    await bob.page.getByTestId('quick-reaction').first().tap()
    await expect(bob.bubble(text).getByTestId('reaction')).toHaveText('👍1')
    await bob.pick(text, 'reply')
    await bob.say(`回复${text}`)
    await expect(bob.bubble(`回复${text}`).getByTestId('quote')).toContainText(text)
    await bob.expectStored(`回复${text}`)
    await bob.expectNothingOverTheSide()
  }
  // They get the text of a reply, and nothing of the rest breaks them.
  await expect.poll(() => seller.got.join('\n')).toContain('回复市场的')
  await cat.expectGot('回复喵的')
  await expect.poll(() => merchant.got.join('\n')).toContain('回复步数的')
  for (const old of [seller, cat, merchant]) old.leave()
})

test('the washing machine and the help desk of the old systems show in the page, with a reply to them', async ({ arrive, server }) => {
  const agent = await arrive('agent', PHONE)
  await server.call('PUT', 'users/42', { name: WORD.slice(0, 200) })
  const phone = await OldClient.open(server, 'webSocket', '42')
  phone.say(`机器坏了 ${WORD}`)
  await agent.open('42')
  const text = `机器坏了 ${WORD}`
  await expect(agent.bubble(text)).toBeVisible()
  await agent.expectNothingOverTheSide()
  await agent.pick(text, 'reply')
  await agent.say('马上来')
  await expect(agent.bubble('马上来').getByTestId('quote')).toContainText('机器坏了')
  await agent.expectNothingOverTheSide()
  await expect.poll(() => phone.got.join('\n')).toContain('马上来')
  phone.leave()
})
