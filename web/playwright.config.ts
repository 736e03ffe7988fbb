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
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
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
      ],
    },
  },
  projects: [
    { name: 'chat', testMatch: '**/*.spec.ts' },
    { name: 'screenshots', testMatch: 'screenshots.ts', use: { screenshot: 'off' } },
  ],
})
