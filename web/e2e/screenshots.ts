// Pictures of the page for people to judge: every page and state, size, theme and language, into
// screenshots/. `npm run screenshots`; one row of them is part of the browser tests, in pictures.spec.ts.
import { picturesOf } from './harness/pictures'
import { DESKTOP, type Language, PHONE, test } from './harness/test'

for (const size of [DESKTOP, PHONE]) {
  for (const dark of [false, true]) {
    for (const language of ['zh', 'en'] as Language[]) {
      const look = { ...size, dark, language }
      const row = `${look.width}-${dark ? 'dark' : 'light'}-${language}`
      test(`pictures ${row}`, async ({ arrive, server }) => {
        await picturesOf({ arrive, server, look }, `screenshots/${row}`)
      })
    }
  }
}
