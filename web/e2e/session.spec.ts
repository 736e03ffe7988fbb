// How a session may end or be hindered: a token that expires, another device that signs this one out,
// a browser that keeps nothing.
import { Native } from './harness/native'
import { DESKTOP, expect, type Person, test } from './harness/test'

async function arriveWithToken(arrive: (user: null) => Promise<Person>, kept: Record<string, string>, origin: string): Promise<Person> {
  const person = await arrive(null)
  await person.page.addInitScript((items) => {
    if (location.protocol !== 'http:' || sessionStorage.getItem('e2e') !== null) return
    sessionStorage.setItem('e2e', '')
    for (const [key, value] of Object.entries(items)) sessionStorage.setItem(key, value)
  }, kept)
  await person.page.goto(`${origin}/`)
  await person.expectConnected()
  return person
}

test('a token that expires in mid-sentence is renewed, and the sentence stays', async ({ arrive, server }) => {
  const { body } = await server.call('POST', 'tokens', { user: '小明', ttl_s: 6 })
  const ming = await arriveWithToken(arrive, { 'magpie.token': body.token, 'magpie.demo_user': '小明' }, server.origin)
  const renewed = ming.page.waitForResponse((response) => response.url().endsWith('/v1/demo/sign-in') && response.ok())
  await ming.open('翠花')
  await ming.composer.fill('还没写完')
  await renewed
  await expect.poll(() => Date.now(), 'the old token has ended').toBeGreaterThan(body.expires)
  await ming.expectConnected()
  await expect(ming.composer).toHaveValue('还没写完')
  await ming.composer.press('Enter')
  await ming.expectStored('还没写完')
})

test('a token that ends and cannot be renewed leads to the sign-in, with clear words', async ({ arrive, server }) => {
  const { body } = await server.call('POST', 'tokens', { user: '小明', ttl_s: 6 })
  const ming = await arriveWithToken(arrive, { 'magpie.token': body.token }, server.origin)
  await expect(ming.page.getByTestId('signin-notice')).toHaveText(ming.words['signin.expired'])
  await ming.page.getByTestId('signin-user-小明').click()
  await ming.expectConnected()
})

test('a device that another one signs out is at the sign-in, with clear words, and the other one is not', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  const phone = await Native.open(server, '小明', 'phone')
  // A device is noted just after its sign-in: the list may lag a moment.
  const find = async (): Promise<{ device: string; name: string } | undefined> => {
    const { devices } = await phone.ask({ t: 'devices' })
    return devices.find((one: { current: boolean }) => !one.current)
  }
  await expect.poll(async () => (await find())?.name).toMatch(/^Chrome on /)
  const page = await find()
  await phone.ask({ t: 'device.signout', device: page?.device })
  await expect(ming.page.getByTestId('signin-notice')).toHaveText(ming.words['signin.signed_out'])
  expect(phone.closedWith).toBeNull()
  phone.leave()
})

for (const how of ['denied', 'full'] as const) {
  test(`a browser whose storage is ${how} chats all the same, and says once what it cannot keep`, async ({ arrive, server }) => {
    const ming = await arrive(null)
    await ming.page.addInitScript((fault) => {
      const refuse = (): never => {
        throw new DOMException('e2e', fault === 'denied' ? 'SecurityError' : 'QuotaExceededError')
      }
      if (fault === 'denied') {
        for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) Object.defineProperty(globalThis, name, { get: refuse })
      } else {
        Storage.prototype.setItem = refuse
        IDBObjectStore.prototype.put = refuse
      }
    }, how)
    let told = 0
    await ming.page.exposeFunction('countToast', () => told++)
    await ming.page.addInitScript(() => {
      const seen = new WeakSet<Element>()
      new MutationObserver(() => {
        for (const toast of document.querySelectorAll('[data-testid="toast-error"]')) {
          if (seen.has(toast)) continue
          seen.add(toast)
          ;(globalThis as unknown as { countToast: () => void }).countToast()
        }
      }).observe(document, { subtree: true, childList: true })
    })
    await ming.signIn('小明')
    await expect(ming.page.getByTestId('toast-error')).toContainText(ming.words['error.storage'])
    await ming.open('翠花')
    for (const text of ['没有存储', '也能聊天']) {
      await ming.say(text)
      await ming.expectState(text, 'sent')
    }
    await server.send('翠花', '小明', '收到')
    await ming.expectLast('没有存储', '也能聊天', '收到')
    await expect(ming.page.getByTestId('toast-error')).toHaveCount(0)
    expect(told, 'notices of the storage').toBe(1)
  })
}
