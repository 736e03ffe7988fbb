// Pictures of the page for people to judge: every view, size, theme and language, into screenshots/.
// `npm run screenshots`; it fails only where a page cannot be drawn.
import { DESKTOP, expect, type Language, type Look, type Person, PHONE, test } from './harness/test'

const FOLDER = 'screenshots'
const HARD = [
  'مرحبا بكم في ماجبي، كيف حالك اليوم؟ نلتقي غدا في الساعة الثامنة.',
  'שלום Magpie 123, מה שלומך?',
  '👨‍👩‍👧‍👦 🏳️‍🌈 🇨🇳 👍🏽 👩‍⚕️ 🤷‍♂️ ❤️‍🔥 1️⃣ 🏴󠁧󠁢󠁳󠁣󠁴󠁿 ☀️ ✓ ←',
  'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
  '<b>not bold</b>',
]

function looks(): Look[] {
  const all: Look[] = []
  for (const size of [DESKTOP, PHONE]) {
    for (const dark of [false, true]) {
      for (const language of ['zh', 'en'] as Language[]) all.push({ ...size, dark, language })
    }
  }
  return all
}

for (const look of looks()) {
  const suffix = `${look.width}-${look.dark ? 'dark' : 'light'}-${look.language}`

  test(`pictures ${suffix}`, async ({ arrive, server }) => {
    const shot = async (person: Person, name: string): Promise<void> => {
      await person.page.screenshot({ path: `${FOLDER}/${name}-${suffix}.png`, animations: 'disabled' })
    }
    const guest = await arrive(null, look)
    await guest.visit()
    await guest.page.getByTestId('signin-user-小明').waitFor()
    await shot(guest, '1-sign-in')

    const hua = await arrive('翠花', look)
    await server.send('小明', '翠花', 'https://example.com/a/rather/long/address?that=does&not=end')
    const ming = await arrive('小明', look)
    await server.call('POST', 'messages', { to: '小明', text: '您的订单已发货' })
    await server.send('A', '小明', 'مرحبا، كيف حالك؟')
    await ming.badge('system').waitFor()
    await expect(ming.badge('A')).toHaveText('2')
    await shot(ming, '2-list')

    await hua.open('小明')
    await ming.open('翠花')
    await ming.say('周六记得带相机。\n我带三脚架,还有上次借你的那本书,别忘了提醒我。')
    await hua.say('好的')
    await ming.say('😂')
    await hua.composer.pressSequentially('嗯')
    await ming.page.getByTestId('typing').waitFor()
    await ming.expectState('😂', 'read')
    await shot(ming, '3-chat')
    await ming.page.getByTestId('composer-emoji').click()
    await ming.page.getByTestId('emoji-grid').waitFor()
    await shot(ming, '4-emoji')
    await ming.page.getByTestId('composer-emoji').click()

    await server.call('POST', 'push', { user: '小明', channel: '2', data: '0_扣费成功_剩余次数: 5' })
    await expect(ming.page.getByTestId('toast-push')).toHaveCSS('opacity', '1')
    await shot(ming, '5-push')
    for (const text of HARD) await server.send('A', '小明', text)
    await ming.open('A')
    await ming.expectLast(...HARD)
    await shot(ming, '6-hard-texts')

    for (const person of [guest, ming, hua]) await person.expectOutage()
    await server.kill()
    await ming.expectDisconnected()
    await ming.say('服务器不在')
    await ming.expectState('服务器不在', 'sending')
    await shot(ming, '7-disconnected')
    await server.run()
    await ming.expectConnected()
    await ming.page.getByTestId('toast-push').waitFor({ state: 'hidden' })

    await ming.toList()
    await ming.page.getByTestId('new-chat').click()
    await shot(ming, '8-new-chat')
    const agent = await arrive('agent', look)
    await agent.open('17')
    await shot(agent, '9-agent')
  })
}
