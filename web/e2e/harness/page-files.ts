// `MAGPIE_E2E_PAGE=dist` tests the page that was just built with a binary that has another one inside:
// the browser gets the page's files from there, and everything else from the server.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize, resolve } from 'node:path'

import type { BrowserContext } from '@playwright/test'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

export const pageFolder = process.env['MAGPIE_E2E_PAGE']

export async function servePage(context: BrowserContext, origin: string): Promise<void> {
  if (pageFolder === undefined) return
  const folder = resolve(pageFolder)
  if (!existsSync(join(folder, 'index.html'))) throw new Error(`no page at ${folder}: run \`npm run build\` first`)
  const policy = (await fetch(`${origin}/`)).headers.get('content-security-policy') ?? ''
  await context.route(`${origin}/**`, async (route) => {
    const { pathname } = new URL(route.request().url())
    const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname))
    if (pathname.startsWith('/v1/') || !file.startsWith(folder) || !existsSync(file)) return route.fallback()
    const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy }
    await route.fulfill({ body: await readFile(file), headers })
  })
  // A worker's own requests would go to the server, which has another page.
  await context.addInitScript(() => {
    delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker
  })
}
