// The whole way without a mouse, as somebody who cannot use one goes it.
import { expect, test, type Person } from './harness/test'

async function tabTo(person: Person, testid: string): Promise<void> {
  const wanted = person.page.getByTestId(testid)
  await expect(wanted).toBeVisible()
  for (let step = 0; step < 40; step++) {
    await person.page.keyboard.press('Tab')
    if (await wanted.evaluate((element) => element === document.activeElement)) return
  }
  throw new Error(`forty steps of the Tab key do not lead to ${testid}`)
}

/** What has the focus must look so. */
async function expectFocusShown(person: Person): Promise<void> {
  const shown = await person.page.evaluate(() => {
    const style = getComputedStyle(document.activeElement ?? document.body)
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'
  })
  expect(shown, 'the focused element is marked').toBe(true)
}

test('one can sign in, find a chat, write, pick an emoji and sign out with the keyboard alone', async ({ arrive }) => {
  const hua = await arrive('翠花')
  await hua.open('小明')
  const ming = await arrive(null)
  const { keyboard } = ming.page
  await ming.visit()
  await tabTo(ming, 'signin-user-小明')
  await expectFocusShown(ming)
  await keyboard.press('Enter')
  await ming.expectConnected()

  await tabTo(ming, 'conversation-翠花')
  await expectFocusShown(ming)
  await keyboard.press('Enter')
  await expect(ming.composer, 'an opened chat waits for text').toBeFocused()
  await keyboard.type('只用键盘')
  await keyboard.press('Shift+Enter')
  await keyboard.type('第二行')
  await keyboard.press('Enter')
  await hua.expectLast('只用键盘\n第二行')

  await keyboard.press('Shift+Tab')
  await expect(ming.page.getByTestId('composer-emoji')).toBeFocused()
  await keyboard.press('Enter')
  await expect(ming.page.getByTestId('emoji-grid')).toBeVisible()
  await keyboard.press('Shift+Tab')
  await keyboard.press('Enter')
  await keyboard.press('Escape')
  await expect(ming.page.getByTestId('emoji-grid')).toHaveCount(0)
  await ming.composer.focus()
  await keyboard.press('Enter')
  await expect(hua.page.getByTestId('message').last()).toHaveText(/\p{Extended_Pictographic}/u)

  await tabTo(ming, 'new-chat')
  await keyboard.press('Enter')
  await expect(ming.page.getByTestId('new-chat-user')).toBeFocused()
  await keyboard.type('B')
  await keyboard.press('Enter')
  await expect(ming.page.getByTestId('chat-title')).toHaveText('Bob')
  await tabTo(ming, 'sign-out')
  await keyboard.press('Enter')
  await expect(ming.page.getByTestId('signin-user-小明')).toBeVisible()
})

test('every control has a name for screen readers', async ({ arrive }) => {
  const ming = await arrive('小明')
  await ming.open('翠花')
  await ming.page.getByTestId('composer-emoji').click()
  await expect(ming.page.getByTestId('emoji-grid')).toBeVisible()
  // The list of messages draws only what is in sight: what it holds may change while one looks.
  await expect(async () => {
    for (const control of await ming.page.locator('button:visible, input:visible, textarea:visible').all()) {
      await expect(control).toHaveAccessibleName(/\S/, { timeout: 1_000 })
    }
  }).toPass()
})
