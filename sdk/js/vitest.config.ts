// Two projects: `unit` needs nothing, `server` the binary named by MAGPIE_BIN.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/*.test.ts'] } },
      { test: { name: 'server', include: ['test/server/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
    ],
  },
})
