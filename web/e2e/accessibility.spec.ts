// Every page and state by the rules of WCAG 2.0, 2.1 and 2.2, levels A and AA, in both themes and sizes. The
// same walk is one row of the pictures of `npm run screenshots`: every state is drawn, nothing over the side.
import { AxeBuilder } from '@axe-core/playwright'

import { picturesOf } from './harness/pictures'
import { DESKTOP, expect, lookName, type Person, PHONE, test } from './harness/test'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

async function violations({ page }: Person): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    // Drawn in the new colours, and no colour still on its way, before they are judged.
    await page.evaluate(async () => {
      for (let frames = 0; frames < 3; frames++) await new Promise((done) => requestAnimationFrame(done))
      await Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished))
    })
    // Legacy: no further page is opened for the report, which would be judged as one of the person's.
    const judge = new AxeBuilder({ page }).setLegacyMode(true)
    // The other theme changes colours and nothing else.
    const { violations: broken } = await (colorScheme === 'light' ? judge.withTags(RULES) : judge.withRules(['color-contrast'])).analyze()
    for (const { id, nodes } of broken) {
      for (const node of nodes) found.push(`${colorScheme} ${id}: ${node.target.join(' ')} ${node.any[0]?.message ?? node.all[0]?.message ?? ''}`)
    }
  }
  return found
}

for (const look of [{ ...DESKTOP, language: 'zh' as const }, { ...PHONE, language: 'en' as const }]) {
  test(`everybody can use every page and state, in light and in dark (${lookName(look)})`, async ({ arrive, server }, info) => {
    const found: Record<string, string[]> = {}
    await picturesOf({ arrive, server, look }, info.outputPath('pictures'), async (person, name) => {
      const broken = await violations(person)
      if (broken.length > 0) found[name] = broken
    })
    expect(found, 'broken rules of each state').toEqual({})
  })
}
