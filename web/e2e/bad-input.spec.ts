// What is too long, too late or gone: said in words, agreed on by both pages, and nothing typed is lost.
import { pick } from './harness/files'
import { Native } from './harness/native'
import { expect, PHONE, test, together } from './harness/test'

const BODY_BYTES = 65_536

test('a message of more than 64 KiB is refused in words and stays in the field until it is shorter', async ({ arrive, server }) => {
  const [ming, hua] = await together(arrive)
  const before = await server.texts('小明', '翠花')
  const tooLong = 'x'.repeat(BODY_BYTES)
  await ming.composer.fill(tooLong)
  const told = ming.page.getByText(ming.words['composer.too_long'])
  await expect(told).toBeVisible()
  await ming.composer.press('Enter')
  await expect(ming.page.getByTestId('composer-send')).toBeDisabled()
  await expect(ming.composer).toHaveValue(tooLong)
  const short = tooLong.slice(0, BODY_BYTES - 200)
  await ming.composer.fill(short)
  await expect(told).toBeHidden()
  await ming.composer.press('Enter')
  await expect(hua.page.getByTestId('unfold')).toBeVisible()
  expect(await server.texts('小明', '翠花')).toEqual([...before, short])
})

test('messages that are recalled while they are read are gone on both sides and count nowhere', async ({ arrive, server }) => {
  const hua = await arrive('翠花', { ...PHONE, language: 'en' })
  await hua.open('小明')
  await hua.toList()
  await expect.poll(async () => (await server.conversation('翠花', '小明'))?.unread).toBe(0)
  const ming = await Native.open(server, '小明')
  const kept = ['one', 'two', 'three']
  for (const round of kept) {
    const sent = [await ming.say('翠花', `${round} taken`), await ming.say('翠花', round), await ming.say('翠花', `${round} taken, too`)]
    await expect(hua.badge('小明')).toHaveText('3')
    const recalls = [sent[0], sent[2]].map((at) => ({ t: 'msg.recall', c: at?.['c'], seq: at?.['seq'] }))
    await Promise.all([hua.entry('小明').click(), ming.askAll(recalls)])
    await hua.expectLast(round)
    await expect.poll(async () => (await server.conversation('翠花', '小明'))?.unread).toBe(0)
    await hua.toList()
    await expect(hua.badge('小明')).toHaveCount(0)
  }
  await hua.open('小明')
  await hua.expectLast(...kept)
  await expect(hua.page.getByTestId('recalled')).toHaveCount(2 * kept.length)
  await expect(hua.page).toHaveTitle(/^[^(]/)
  expect((await server.texts('小明', '翠花')).filter((text) => text.includes('taken'))).toEqual([])
  ming.leave()
})

test('an edit that finds no server is refused in words; of a message that is recalled meanwhile it becomes a new one', async ({ arrive, server }) => {
  const [ming, hua] = await together(arrive)
  await ming.say('发错了')
  await expect(hua.bubble('发错了')).toBeVisible()
  const seq = Number(await ming.bubble('发错了').getAttribute('data-seq'))
  for (const person of [ming, hua]) await person.expectOutage()
  await server.kill()
  await ming.expectDisconnected()
  await ming.pick('发错了', 'edit')
  await ming.composer.fill('改成这句')
  await ming.composer.press('Enter')
  await expect(ming.page.getByTestId('toast-error')).toContainText(ming.words['error.disconnected'])
  await expect(ming.composer).toHaveValue('改成这句')
  await server.run()
  for (const person of [ming, hua]) await person.expectConnected()

  await ming.composer.fill('')
  await ming.pick('发错了', 'edit')
  await ming.composer.fill('改成这句')
  const phone = await Native.open(server, '小明', 'phone')
  await phone.ask({ t: 'msg.recall', c: (await server.conversation('小明', '翠花'))?.conversation, seq })
  await expect(ming.bubble('发错了')).toHaveCount(0)
  await expect(ming.page.getByTestId('composer-note')).toHaveCount(0)
  await expect(ming.composer).toHaveValue('改成这句')
  await ming.composer.press('Enter')
  await expect(hua.bubble('改成这句')).toBeVisible()
  await expect(hua.page.getByTestId('recalled')).toHaveCount(1)
  phone.leave()
})

test('a reply to a message that was deleted meanwhile is sent, and quotes it only where it still is', async ({ arrive, server }) => {
  const [ming, hua] = await together(arrive)
  await ming.say('周五可以吗')
  await hua.pick('周五可以吗', 'reply')
  const seq = Number(await hua.bubble('周五可以吗').getAttribute('data-seq'))
  const other = await Native.open(server, '翠花', 'another device')
  await other.ask({ t: 'msg.hide', c: (await server.conversation('翠花', '小明'))?.conversation, seq })
  await expect(hua.bubble('周五可以吗')).toHaveCount(0)
  await hua.say('可以')
  await expect(hua.bubble('可以').getByTestId('quote')).toHaveText(hua.words['chat.deleted'])
  await expect(ming.bubble('可以').getByTestId('quote')).toContainText('周五可以吗')
  await hua.expectStored('可以')
  await hua.expectNothingOverTheSide()
  other.leave()
})

test('a page whose server is gone when it starts says so, and goes on when it is back', async ({ arrive }) => {
  const ming = await arrive(null, PHONE)
  await ming.expectOutage()
  await ming.page.route('**/v1/**', (route) => route.abort('connectionrefused'))
  await ming.visit()
  await expect(ming.page.getByText(ming.words['signin.unreachable'])).toBeVisible()
  await ming.expectNothingOverTheSide()
  await ming.page.getByText(ming.words['signin.again']).click()
  await expect(ming.page.getByText(ming.words['signin.unreachable'])).toBeVisible()
  await ming.page.unroute('**/v1/**')
  await ming.page.getByText(ming.words['signin.again']).click()
  await ming.page.getByTestId('signin-user-小明').click()
  await ming.expectConnected()
})

test('an upload that is cut half way goes on from there, and arrives whole', async ({ arrive, server }) => {
  const [ming, hua] = await together(arrive)
  for (const person of [ming, hua]) await person.expectOutage()
  const size = 24 * 1024 * 1024
  const offsets: number[] = []
  ming.page.on('request', (request) => {
    if (request.method() === 'PUT') offsets.push(Number(request.headers()['upload-offset']))
  })
  const first = ming.page.waitForResponse((response) => response.request().method() === 'PUT' && response.ok())
  await pick(ming, [{ name: 'film.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(size, 'magpie') }])
  await ming.page.getByTestId('upload-send').click()
  await first
  await server.kill()
  await ming.expectDisconnected()
  const before = offsets.length
  await server.run()
  await expect(hua.page.getByTestId('file-bubble')).toContainText('24.0 MB')
  expect(Math.min(...offsets.slice(before)), 'where it went on').toBeGreaterThan(0)
  const [saved] = await Promise.all([hua.page.waitForEvent('download'), hua.page.getByTestId('file-bubble').click()])
  const parts: Buffer[] = []
  for await (const part of await saved.createReadStream()) parts.push(part as Buffer)
  expect(Buffer.concat(parts).equals(Buffer.alloc(size, 'magpie')), 'the file is what was sent').toBe(true)
})
