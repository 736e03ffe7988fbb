// Every page and state by the rules of WCAG 2.0, 2.1 and 2.2, levels A and AA, in both themes and sizes.
import { AxeBuilder } from '@axe-core/playwright'

import { walk } from './harness/states'
import { DESKTOP, expect, lookName, type Person, PHONE, test } from './harness/test'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

async function violations({ page }: Person): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    // Drawn in the new colours before they are judged.
    await page.evaluate(async () => {
      for (let frames = 0; frames < 3; frames++) await new Promise((done) => requestAnimationFrame(done))
    })
    // Legacy: no further page is opened for the report, which would be judged as one of the person's.
    const { violations: broken } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(RULES).analyze()
    for (const { id, nodes } of broken) {
      for (const node of nodes) found.push(`${colorScheme} ${id}: ${node.target.join(' ')} ${node.any[0]?.message ?? node.all[0]?.message ?? ''}`)
    }
  }
  return found
}

for (const look of [{ ...DESKTOP, language: 'zh' as const }, { ...PHONE, language: 'en' as const }]) {
  test(`everybody can use every page and state, in light and in dark (${lookName(look)})`, async ({ arrive, server }) => {
    const found: Record<string, string[]> = {}
    const see = async (person: Person, name: string): Promise<void> => {
      const broken = await violations(person)
      if (broken.length > 0) found[name] = broken
    }
    await walk({ arrive, server, look, see })
    expect(found, 'broken rules of each state').toEqual({})
  })
}
