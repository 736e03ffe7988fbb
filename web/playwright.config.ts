// Browser tests: Debian's chromium against the real binary. Nothing is downloaded; where the browser
// or the binary is missing the run fails and says so.
import { existsSync } from 'node:fs'

import { defineConfig } from '@playwright/test'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const chromium = process.env['MAGPIE_CHROMIUM'] ?? PLACES.find((path) => existsSync(path))
if (chromium === undefined) {
  throw new Error(`no chromium at ${PLACES.join(', ')}: apt-get install chromium, or name one in MAGPIE_CHROMIUM`)
}

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  // Every test starts servers and browser contexts of its own.
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  // No test judges speed. A page that lost its server may wait 20 s before it tries again, and a busy
  // machine is many times slower than a quiet one: these limits only end what will never come.
  timeout: 600_000,
  expect: { timeout: 60_000 },
  // The second one says at the very end what failed: logs are often cut to their last lines.
  reporter: [['list'], ['./e2e/harness/last-words.ts']],
  use: {
    // A trace of every test would double the time: `npx playwright test --trace on` makes one.
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: chromium,
      args: [
        // As root, which a container often is, chromium starts only without its sandbox.
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-sync',
        '--disable-background-networking',
        '--disable-component-update',
        '--no-first-run',
        // A camera and a microphone that need no hardware and no questions, and a screen to share.
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        '--auto-select-desktop-capture-source=Entire screen',
        // A page that the test hands out has no address: the browser would keep it from the server here.
        ...(process.env['MAGPIE_E2E_PAGE'] === undefined ? [] : ['--disable-features=LocalNetworkAccessChecks']),
      ],
    },
  },
  projects: [
    { name: 'chat', testMatch: '**/*.spec.ts' },
    { name: 'screenshots', testMatch: 'screenshots.ts', use: { screenshot: 'off' } },
  ],
})
