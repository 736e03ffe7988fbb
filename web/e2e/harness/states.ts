// One walk through every page and state, for whoever wants to look at all of them: pictures, checks of
// accessibility, checks of the layout. What a state has to show is asserted before it is looked at.
import { expect } from '@playwright/test'

import { Native } from './native'
import type { Look, Person } from './person'
import type { Server } from './server'
import { calls, media, settings } from './states-media'

export type See = (person: Person, name: string) => Promise<void>

export interface World {
  arrive: (user: string | null, look?: Look) => Promise<Person>
  server: Server
  look: Look
  see: See
}

const HARD = [
  'مرحبا بكم في ماجبي، كيف حالك اليوم؟ نلتقي غدا في الساعة الثامنة.',
  'שלום Magpie 123, מה שלומך?',
  '👨‍👩‍👧‍👦 🏳️‍🌈 🇨🇳 👍🏽 👩‍⚕️ 🤷‍♂️ ❤️‍🔥 1️⃣ ☀️ ✓ ←',
  'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
  '<b>not bold</b>',
]

export async function walk(world: World): Promise<void> {
  await signIn(world)
  await emptyList(world)
  const ming = await list(world)
  await chat(world, ming)
  await menus(world, ming)
  await notices(world, ming)
  await media(world, ming)
  await settings(world, ming)
  await calls(world, ming)
  await support(world, ming)
  await trouble(world, ming)
}

async function signIn({ arrive, look, see, server }: World): Promise<void> {
  const guest = await arrive(null, look)
  await guest.visit()
  await guest.page.getByTestId('signin-user-小明').waitFor()
  await see(guest, 'sign-in')
  const refused = await arrive(null, look)
  await refused.page.goto(`${server.origin}/#token=not-a-token`)
  await expect(refused.page.getByTestId('signin-notice')).toHaveText(refused.words['signin.refused'])
  await see(refused, 'sign-in-refused')
}

async function emptyList({ arrive, look, see, server }: World): Promise<void> {
  const { body } = await server.call('POST', 'tokens', { user: 'yan', name: '燕子' })
  const yan = await arrive(null, look)
  await yan.page.goto(`${server.origin}/#token=${body.token}`)
  await yan.expectConnected()
  await expect(yan.page.getByText(yan.words['inbox.empty'])).toBeVisible()
  await see(yan, 'empty-list')
  await yan.page.getByTestId('contact-support').click()
  await expect(yan.page.getByText(yan.words['chat.empty_desk'])).toBeVisible()
  await see(yan, 'empty-desk')
  // Who is still there would see the outage at the end of the walk.
  await yan.leave()
}

async function list({ arrive, look, see, server }: World): Promise<Person> {
  await server.send('小明', '翠花', 'https://example.com/a/rather/long/address?that=does&not=end')
  await server.call('PUT', 'users/long', { name: 'Wolfeschlegelsteinhausenbergerdorff the Elder of Nowhere' })
  for (let n = 0; n < 120; n++) await server.send('long', '小明', `第 ${n} 条 — a message that is too long for one line of the list, as most are`)
  const ming = await arrive('小明', look)
  await server.call('POST', 'messages', { to: '小明', text: '您的订单已发货' })
  await server.send('A', '小明', 'مرحبا، كيف حالك؟')
  await ming.badge('system').waitFor()
  await expect(ming.badge('long')).toHaveText('99+')
  const phone = await Native.open(server, '小明', 'another device')
  const c = await server.conversation('小明', 'A')
  await phone.ask({ t: 'conv.draft', c: c?.conversation, x: 'half a sentence that was' })
  await expect(ming.entry('A').getByTestId('draft')).toBeVisible()
  phone.leave()
  await menuOf(ming, 'long', 'pin')
  await menuOf(ming, 'system', 'mute')
  await see(ming, 'list')
  await ming.entry('A').click({ button: 'right' })
  await ming.page.getByTestId('menu').waitFor()
  await see(ming, 'list-menu')
  await ming.page.getByTestId('menu-clear').click()
  await ming.page.getByTestId('confirm').waitFor()
  await see(ming, 'confirm')
  await ming.page.keyboard.press('Escape')
  await ming.page.getByTestId('search').fill('ali')
  await expect(ming.entry('翠花')).toHaveCount(0)
  await see(ming, 'search')
  await ming.page.getByTestId('search').fill('nobody of this name')
  await ming.page.getByTestId('search-start').waitFor()
  await see(ming, 'search-nothing')
  await ming.page.getByTestId('search').fill('')
  await ming.page.getByTestId('new-chat').click()
  await ming.page.getByTestId('new-chat-user').fill('-1')
  await ming.page.getByTestId('new-chat-start').click()
  await expect(ming.page.getByTestId('new-chat-error')).not.toHaveText('')
  await see(ming, 'new-chat-refused')
  await ming.page.getByTestId('new-chat').click()
  return ming
}

async function menuOf(person: Person, peer: string, action: string): Promise<void> {
  await person.entry(peer).click({ button: 'right' })
  await person.page.getByTestId(`menu-${action}`).click()
  await expect(person.page.getByTestId('menu')).toHaveCount(0)
}

/** A conversation with everything in it that a message can be. */
async function chat({ see, server }: World, ming: Person): Promise<void> {
  const hua = await Native.open(server, '翠花')
  const own = await Native.open(server, '小明', 'another device')
  const text = async (who: Native, to: string, x: string, re?: number): Promise<Place> =>
    (await who.ask({ t: 'send', to, b: { k: 'text', x, ...(re ? { re } : {}) } })) as Place
  const first = await text(own, '翠花', '周六记得带相机。\n我带三脚架,还有上次借你的那本书,别忘了提醒我。')
  const { c } = first
  const question = await text(hua, '小明', '几点出发?')
  await text(own, '翠花', '早上八点,老地方见', question.seq)
  const wrong = await text(own, '翠花', '明天八点')
  await own.ask({ t: 'msg.edit', c, seq: wrong.seq, b: { k: 'text', x: '后天八点' } })
  const gone = await text(hua, '小明', '发错人了')
  await hua.ask({ t: 'msg.recall', c, seq: gone.seq })
  await text(hua, '小明', '刚才是什么?', gone.seq)
  for (const e of ['👍', '❤️', '🎉']) {
    await hua.ask({ t: 'msg.react', c, seq: first.seq, e, on: true })
    if (e !== '❤️') await own.ask({ t: 'msg.react', c, seq: first.seq, e, on: true })
    await own.ask({ t: 'msg.react', c, seq: question.seq, e, on: true })
  }
  await hua.say('小明', { k: 'location', x: '[位置]', lat: 31.2304, lon: 121.4737, title: '人民广场', address: '上海市黄浦区人民大道' })
  await hua.say('小明', { k: 'card', x: '[名片] Alice', user: 'A', name: 'Alice' })
  await own.say('翠花', { k: 'custom', x: '两件商品,共 128.00 元', type: 'order', title: '订单 20261128-0042' })
  await hua.ask({ t: 'msg.forward', c, seq: first.seq, to: '小明' })
  await text(own, '翠花', '😂')
  await ming.open('翠花')
  await expect(async () => {
    const toEnd = ming.page.getByTestId('to-end')
    if (await toEnd.isVisible()) await toEnd.click()
    await expect(ming.bubble('😂')).toBeInViewport({ timeout: 1_000 })
  }).toPass()
  await ming.expectStored('😂')
  await expect(ming.page.getByTestId('custom').last()).toBeVisible()
  await ming.expectNothingOverTheSide()
  await see(ming, 'chat-newest')
  await ming.page.getByTestId('messages').evaluate((element) => (element.scrollTop -= 420))
  await expect(ming.page.getByTestId('to-end')).toBeVisible()
  await see(ming, 'chat-earlier')
  await ming.page.getByTestId('to-end').click()
  await expect(ming.page.getByTestId('to-end')).toHaveCount(0)
  await hua.ask({ t: 'typing', to: '小明' })
  await ming.page.getByTestId('typing').waitFor()
  await see(ming, 'typing')
  for (const program of [hua, own]) program.leave()
  await ming.open('long')
  await ming.page.getByTestId('jump-unread').click()
  await expect(ming.bubble('第 0 条 — a message that is too long for one line of the list, as most are')).toBeInViewport()
  await see(ming, 'long-history')
  for (const hard of HARD) await server.send('A', '小明', hard)
  await ming.open('A')
  await ming.expectLast(...HARD)
  await see(ming, 'hard-texts')
}

interface Place {
  c: string
  seq: number
}

async function menus({ see }: World, ming: Person): Promise<void> {
  const { page } = ming
  await ming.open('翠花')
  await ming.say('菜单在这里')
  await ming.expectStored('菜单在这里')
  await ming.hold('菜单在这里')
  await see(ming, 'message-menu')
  await page.getByTestId('more-reactions').click()
  await page.getByTestId('emoji-grid').waitFor()
  await see(ming, 'message-menu-emoji')
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('menu')).toHaveCount(0)
  await ming.pick('菜单在这里', 'reply')
  await page.getByTestId('composer-note').waitFor()
  await see(ming, 'replying')
  await page.getByTestId('composer-cancel').click()
  await ming.pick('菜单在这里', 'edit')
  await expect(ming.composer).toHaveValue('菜单在这里')
  await see(ming, 'editing')
  await page.getByTestId('composer-cancel').click()
  await ming.pick('菜单在这里', 'forward')
  await page.getByTestId('forward-dialog').waitFor()
  await see(ming, 'forward')
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('forward-dialog')).toHaveCount(0)
  await page.getByTestId('composer-emoji').click()
  await page.getByTestId('emoji-grid').waitFor()
  await see(ming, 'emoji')
  await page.getByTestId('composer-emoji').click()
  await page.getByTestId('composer-tools').click()
  await page.getByTestId('tools').waitFor()
  await see(ming, 'tools')
  await page.getByTestId('tool-card').click()
  await page.getByTestId('card-dialog').waitFor()
  await see(ming, 'send-contact')
  await page.keyboard.press('Escape')
  await page.getByTestId('composer-tools').click()
  await page.getByTestId('chat-menu').click()
  await page.getByTestId('menu').waitFor()
  await see(ming, 'chat-menu')
  await page.keyboard.press('Escape')
  await ming.composer.fill('长'.repeat(30_000))
  await expect(page.getByText(ming.words['composer.too_long'])).toBeVisible()
  await see(ming, 'too-long')
  await ming.composer.fill('')
}

async function notices({ see, server }: World, ming: Person): Promise<void> {
  // Notices go by themselves after some seconds: again, until both stand there.
  await expect(async () => {
    await server.call('POST', 'push', { user: '小明', channel: '2', data: '0_扣费成功_剩余次数: 5' })
    await server.call('POST', 'broadcast', { text: '今晚 23:00 停机维护,约十分钟' })
    for (const id of ['toast-push', 'toast-broadcast']) {
      await expect(ming.page.getByTestId(id).last()).toHaveCSS('opacity', '1', { timeout: 2_000 })
    }
  }).toPass()
  await see(ming, 'notices')
  await expect(ming.page.locator('[data-testid^="toast-"]')).toHaveCount(0)
}

async function support({ arrive, look, see, server }: World, ming: Person): Promise<void> {
  await ming.toList()
  await ming.page.getByTestId('contact-support').click()
  await ming.say('发票怎么开?')
  await ming.expectStored('发票怎么开?')
  const agent = await arrive('agent', look)
  await agent.open('小明')
  await expect(agent.bubble('发票怎么开?')).toBeVisible()
  await see(agent, 'agent')
  await server.call('POST', 'users/agent/kick', {})
  await agent.toList()
  await expect(agent.page.getByTestId('connection-state')).toContainText(agent.words['state.kicked'])
  await see(agent, 'kicked')
}

async function trouble({ see, server }: World, ming: Person): Promise<void> {
  await ming.open('翠花')
  await ming.expectOutage()
  await server.kill()
  await ming.expectDisconnected()
  await ming.say('服务器不在')
  await ming.expectState('服务器不在', 'sending')
  await see(ming, 'disconnected')
  await ming.toList()
  await see(ming, 'disconnected-list')
  await server.run()
  await ming.expectConnected()
}
