// Texts that break pages: nothing may stand over the side, and text stays text.
import type { Locator } from '@playwright/test'

import { expect, lookName, LOOKS, test } from './harness/test'

const GREETING = 'مرحبا!'

const HARD: Record<string, string> = {
  'one long word': 'Donaudampfschifffahrt'.repeat(30),
  'a long address': `https://example.com/${'path/'.repeat(60)}?q=${'x'.repeat(200)}`,
  'many lines': Array.from({ length: 25 }, (_, n) => `line ${n}`).join('\n'),
  'emoji joined to families and flags': '👨‍👩‍👧‍👦🏳️‍🌈🇨🇳👍🏽'.repeat(12),
  'one emoji': '🎉',
  Arabic: 'مرحبا بكم في ماجبي، كيف حالك اليوم؟ نلتقي غدا في الساعة الثامنة.',
  'a word that ends in a sign': GREETING,
  'Hebrew with Latin and digits': 'שלום Magpie 123, מה שלומך? (בסדר)',
  'an override of direction': 'safe \u202Eexe.gpj\u202C end',
  'letters with towers of marks': `Z${'\u0301\u0327\u0336'.repeat(20)}algo`,
  'spaces that matter': 'spaces    matter\t!',
}

/** Where the last sign is drawn against the first letter: it tells the direction of the line. */
function endsLeftOfItsBegin(text: Locator): Promise<boolean> {
  return text.evaluate((element) => {
    const node = element.firstChild as Text
    const range = document.createRange()
    const leftOf = (at: number): number => {
      range.setStart(node, at)
      range.setEnd(node, at + 1)
      return range.getBoundingClientRect().left
    }
    return leftOf(node.length - 1) < leftOf(0)
  })
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "javascript:alert('1')",
  '{{constructor.constructor("alert(1)")()}}',
  '<a href="https://example.com" style="position:fixed;inset:0">click</a>',
  '&lt;b&gt; &amp; &#60;',
]

for (const look of LOOKS) {
  test.describe(lookName(look), () => {
    test('long, tall, joined and right-to-left texts stay inside the page', async ({ arrive, server }) => {
      const bob = await arrive('B', look)
      for (const text of Object.values(HARD)) await server.send('翠花', 'B', text)
      await bob.expectNothingOverTheSide()
      await bob.open('翠花')
      await bob.expectLast(...Object.values(HARD))
      await bob.expectNothingOverTheSide()
      const arabic = bob.page.getByTestId('message-text').filter({ hasText: GREETING })
      expect(await endsLeftOfItsBegin(arabic), 'a text in Arabic reads from the right').toBe(true)
      const latin = bob.page.getByTestId('message-text').filter({ hasText: 'spaces' })
      expect(await endsLeftOfItsBegin(latin)).toBe(false)

      const own = HARD['one long word'] ?? ''
      await bob.say(own)
      await bob.expectState(own, 'sent')
      await bob.composer.fill(HARD['many lines'] ?? '')
      await expect(bob.page.getByTestId('composer-send')).toBeInViewport()
      await expect(bob.page.getByTestId('chat-title')).toBeInViewport()
      await bob.expectNothingOverTheSide()
    })
  })
}

test('hostile texts and names are shown as text and run nothing', async ({ arrive, server }) => {
  const name = '<img src=x onerror=alert(document.domain)>'
  await server.call('PUT', 'users/mallory', { name, avatar: 'javascript:alert(1)' })
  const bob = await arrive('B')
  for (const text of HOSTILE) await server.send('mallory', 'B', text)
  await expect(bob.entry('mallory')).toContainText(name)
  await bob.open('mallory')
  await expect(bob.page.getByTestId('chat-title')).toHaveText(name)
  await bob.expectLast(...HOSTILE)
  await server.call('POST', 'push', { user: 'B', channel: '<b>x</b>', data: '<img src=x onerror=alert(2)>' })
  await bob.expectPassed('toast-push', '<img src=x onerror=alert(2)>')
  await bob.say('<script>alert(3)</script>')
  await bob.expectState('<script>alert(3)</script>', 'sent')
  // An address in a text is a link, to an allowed place and nothing else.
  const made = bob.page
    .locator('#app')
    .locator('script, img, iframe, a:not([href^="https://example.com"]), b, style, [onerror], [onload], [style*=fixed]')
  await expect(made, 'elements that a text made').toHaveCount(0)
})

test('a picked emoji goes into the text and arrives', async ({ arrive }) => {
  const ming = await arrive('小明')
  const hua = await arrive('翠花')
  await ming.open('翠花')
  await hua.open('小明')
  await ming.composer.fill('好')
  await ming.page.getByTestId('composer-emoji').click()
  await ming.page.getByTestId('emoji-grid').getByText('🎉').click()
  await expect(ming.composer).toHaveValue('好🎉')
  await ming.expectNothingOverTheSide()
  await ming.page.getByTestId('composer-send').click()
  await hua.expectLast('好🎉')
})
