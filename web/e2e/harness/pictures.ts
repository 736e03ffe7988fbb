// Takes a picture of every page and state; nothing may stand over the side on any of them.
import { expect } from '@playwright/test'

import { walk, type World } from './states'

export async function picturesOf(world: Omit<World, 'see'>, folder: string): Promise<void> {
  let taken = 0
  await walk({
    ...world,
    see: async (person, name) => {
      const path = `${folder}/${String(++taken).padStart(2, '0')}-${name}.png`
      await person.page.screenshot({ path, animations: 'disabled' })
      await person.expectNothingOverTheSide()
    },
  })
  expect(taken, 'pages and states in the walk').toBeGreaterThan(25)
}
