// Builds the page with relative addresses only, so that it works below any path.
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const server = process.env['MAGPIE_URL'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  base: './',
  plugins: [vue()],
  // Parts of Vue that this page does not use.
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: true },
  server: { host: '127.0.0.1', proxy: { '/v1': { target: server, ws: true } } },
  test: { environment: 'node', include: ['test/**/*.test.ts'], testTimeout: 120_000 },
})
