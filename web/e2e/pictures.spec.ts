// One row of the pictures that `npm run screenshots` takes: every state can be reached and drawn.
import { picturesOf } from './harness/pictures'
import { PHONE, test } from './harness/test'

test('every page and state can be reached and drawn on a small phone, and nothing stands over the side', async ({ arrive, server }, info) => {
  await picturesOf({ arrive, server, look: { ...PHONE, language: 'zh', dark: true } }, info.outputPath('pictures'))
})
