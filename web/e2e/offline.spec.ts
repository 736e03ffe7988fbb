// The server is away: what this device has is shown, also after a reload, and nothing that was written is lost.
import { pageFolder } from './harness/page-files'
import { DESKTOP, expect, test } from './harness/test'

// The worker that keeps the page has to come from the server under test.
test.skip(pageFolder !== undefined, 'needs the page inside the binary, and MAGPIE_E2E_PAGE names another')

test('a page that is reloaded without the server shows what it had, and sends what is written then', async ({ arrive, server }) => {
  const ming = await arrive('小明', DESKTOP)
  await ming.open('翠花')
  await ming.say('离线也能看到')
  await ming.expectState('离线也能看到', 'sent')
  await ming.page.evaluate(async () => {
    await navigator.serviceWorker.ready
  })
  // The first load was before there was a worker: this one is kept.
  await ming.reload()
  await ming.expectConnected()
  await ming.open('翠花')
  await expect(ming.bubble('离线也能看到')).toBeVisible()
  // The SDK writes its cache some seconds after a change.
  const cached = (): Promise<boolean> =>
    ming.page.evaluate(
      () =>
        new Promise<boolean>((done) => {
          const opening = indexedDB.open('magpie-im')
          opening.onsuccess = () => {
            const keys = opening.result.transaction('kv').objectStore('kv').getAllKeys()
            keys.onsuccess = () => done(keys.result.some((key) => String(key).endsWith('/cache')))
          }
        }),
    )
  await expect.poll(cached, 'the cache is written').toBe(true)
  await ming.expectOutage()
  await server.kill()
  await ming.expectDisconnected()
  await ming.page.reload()
  await expect(ming.entry('翠花')).toContainText('离线也能看到')
  await ming.entry('翠花').click()
  await expect(ming.bubble('离线也能看到')).toBeVisible()
  await ming.say('没有服务器时写的')
  await ming.expectState('没有服务器时写的', 'sending')
  await server.run()
  await ming.expectState('没有服务器时写的', 'sent')
})
