// Builds the page with relative addresses only, so that it works below any path.
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const server = process.env['MAGPIE_URL'] ?? 'http://127.0.0.1:8080'
const proxy = { '/v1': { target: server, ws: true } }
const sdk = (path: string): string => fileURLToPath(new URL(`../sdk/js/src/${path}`, import.meta.url))

export default defineConfig({
  base: './',
  plugins: [vue()],
  resolve: {
    // The SDK's sources, not its build: one change, one build, and nothing to install for it.
    alias: [
      { find: 'magpie-im/media', replacement: sdk('media/index.ts') },
      { find: 'magpie-im/calls', replacement: sdk('calls/index.ts') },
      { find: 'magpie-im', replacement: sdk('index.ts') },
    ],
  },
  define: {
    // Parts of Vue and its companions that this page does not use.
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: true },
  server: { host: '127.0.0.1', proxy, fs: { allow: ['..'] } },
  preview: { host: '127.0.0.1', proxy },
  test: { environment: 'happy-dom', include: ['test/**/*.test.ts'], testTimeout: 120_000 },
})
