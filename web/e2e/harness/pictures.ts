// Takes a picture of every page and state; nothing may stand over the side on any of them.
import { expect } from '@playwright/test'

import { type See, walk, type World } from './states'

export async function picturesOf(world: Omit<World, 'see'>, folder: string, judge?: See): Promise<void> {
  let taken = 0
  await walk({
    ...world,
    see: async (person, name) => {
      const path = `${folder}/${String(++taken).padStart(2, '0')}-${name}.png`
      await person.page.screenshot({ path, animations: 'disabled' })
      await person.expectNothingOverTheSide()
      await judge?.(person, name)
    },
  })
  expect(taken, 'pages and states in the walk').toBeGreaterThan(45)
}
