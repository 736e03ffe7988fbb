// A long history: it is paged in by scrolling up, once, in order, and the reader keeps his place.
import { DESKTOP, expect, PHONE, test } from './harness/test'

const TEXTS = Array.from({ length: 150 }, (_, n) => `旧消息 ${n + 1}`)

for (const look of [DESKTOP, PHONE]) {
  test(`scrolling up brings the whole history in order (${look.width} px)`, async ({ arrive, server }) => {
    for (const text of TEXTS) await server.send('翠花', 'B', text)
    const bob = await arrive('B', look)
    await expect(bob.badge('翠花')).toHaveText('99+')
    await bob.open('翠花')
    await expect(bob.bubble('旧消息 150')).toBeInViewport()
    await expect(bob.bubble('旧消息 1')).toHaveCount(0)

    const list = bob.page.getByTestId('messages')
    await expect(async () => {
      await list.evaluate((element) => (element.scrollTop = 0))
      await expect(bob.bubble('旧消息 1')).toBeInViewport({ timeout: 200 })
    }).toPass()
    await expect(bob.page.getByText(bob.words['chat.start'])).toBeVisible()
    expect(await bob.readDown()).toEqual(TEXTS)
    await bob.expectNothingOverTheSide()
  })
}

test('a reader of old messages keeps his place while older and newer ones arrive', async ({ arrive, server }) => {
  for (const text of TEXTS) await server.send('翠花', 'B', text)
  const bob = await arrive('B', DESKTOP)
  await bob.open('翠花')
  await expect(bob.bubble('旧消息 150')).toBeInViewport()

  const list = bob.page.getByTestId('messages')
  const unread = async (): Promise<number | undefined> => (await server.conversation('B', '翠花'))?.unread
  // The page collects receipts for a moment before it sends them.
  await expect.poll(unread, 'what he saw at the end is read').toBe(0)

  const height = (): Promise<number> => list.evaluate((element) => element.scrollHeight)
  const before = await height()
  // What stands at the top of the screen in the very moment in which the older page is asked for.
  const text = await list.evaluate((element) => {
    element.scrollTop = 300
    return new Promise<string>((done) =>
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          const top = element.getBoundingClientRect().top
          const found = [...element.querySelectorAll('[data-testid="message-text"]')].find(
            (one) => one.getBoundingClientRect().top > top + 100,
          )
          done(found?.textContent ?? '')
        }),
      ),
    )
  })
  const place = async (): Promise<number> => Math.round((await bob.bubble(text).boundingBox())?.y ?? -1)
  const y = await place()
  await expect.poll(height, 'an older page came').toBeGreaterThan(before + 500)
  await expect.poll(async () => Math.abs((await place()) - y), 'pixels that the read message moved').toBeLessThan(40)

  const stays = await place()
  await server.send('翠花', 'B', '新消息')
  await expect(bob.page.getByTestId('to-end')).toHaveClass(/missed/)
  expect(await place()).toBe(stays)
  expect(await unread(), 'what was not seen is not read').toBe(1)
  await bob.page.getByTestId('to-end').click()
  await expect(bob.bubble('新消息')).toBeInViewport()
  await expect.poll(unread).toBe(0)
})

test('a line shows where the new messages begin', async ({ arrive, server }) => {
  for (const text of TEXTS.slice(0, 3)) await server.send('翠花', 'B', text)
  const bob = await arrive('B')
  await bob.open('翠花')
  await expect(bob.bubble('旧消息 3')).toBeInViewport()
  await bob.toList()
  await bob.open('A')
  await server.send('翠花', 'B', '旧消息 4')
  await expect(bob.badge('翠花')).toHaveText('1')
  await bob.open('翠花')
  const line = bob.words['chat.unread_line']
  const order = async (): Promise<string[]> => {
    const lines = (await bob.page.getByTestId('messages').innerText()).split('\n').map((text) => text.trim())
    return lines.filter((text) => text === line || text.startsWith('旧消息'))
  }
  await expect.poll(order).toEqual(['旧消息 1', '旧消息 2', '旧消息 3', line, '旧消息 4'])
})
