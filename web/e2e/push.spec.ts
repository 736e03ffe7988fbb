// A backend speaks to pages over HTTP: payment results, announcements, messages of the system.
import { expect, lookName, LOOKS, test } from './harness/test'

const PAID = '0_扣费成功_剩余次数: 5'

for (const look of LOOKS) {
  test(`a pushed payment result shows up on the page of its user alone (${lookName(look)})`, async ({ arrive, server }) => {
    const ming = await arrive('小明', look)
    const hua = await arrive('翠花', look)
    const { body } = await server.call('POST', 'push', { user: '小明', channel: '2', data: PAID, hold_s: 600 })
    expect(body).toMatchObject({ stored: true, connections: 1 })
    await ming.expectPassed('toast-push', PAID)
    // A notice goes by itself after some seconds: for a slow machine, which missed it, comes another.
    const toast = ming.page.getByTestId('toast-push')
    await expect(async () => {
      if ((await toast.count()) === 0) await server.call('POST', 'push', { user: '小明', channel: '2', data: PAID })
      await ming.expectNothingOverTheSide()
      await toast.last().getByRole('button').click({ timeout: 5_000 })
    }).toPass()
    await expect(toast).toHaveCount(0)
    await hua.expectNeverPassed('toast-push')
  })
}

test('a result that was pushed before the page opened is shown when it opens', async ({ arrive, server }) => {
  const { body } = await server.call('POST', 'push', { user: '小明', channel: '2', data: PAID, hold_s: 600 })
  expect(body).toMatchObject({ stored: true, connections: 0 })
  const ming = await arrive('小明')
  await ming.expectPassed('toast-push', PAID)
})

test('an announcement reaches everybody', async ({ arrive, server }) => {
  const people = [await arrive('小明'), await arrive('翠花')]
  await server.call('POST', 'broadcast', { text: '今晚 23:00 停机维护' })
  for (const person of people) {
    await person.expectPassed('toast-broadcast', '今晚 23:00 停机维护')
  }
})

test('a message of the system appears in the list at once', async ({ arrive, server }) => {
  const ming = await arrive('小明')
  await server.call('POST', 'messages', { to: '小明', text: '您的订单已发货' })
  await expect(ming.entry('system')).toContainText('您的订单已发货')
  await expect(ming.badge('system')).toHaveText('1')
  await expect(ming.page).toHaveTitle(/^\(\d+\) /)
})
