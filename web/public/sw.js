// Keeps the last page that the server gave for a reload while the server is away. Rules that make an
// update safe: the page is always asked of the server first, and only a file whose name carries its
// hash is taken from the cache. Nothing under v1/ is ever touched: no message and no token comes by here.
const CACHE = 'magpie-page-1'
const FILES_MAX = 80

self.addEventListener('install', () => self.skipWaiting())

self.addEventListener('activate', (event) => {
  const old = (name) => name.startsWith('magpie-page-') && name !== CACHE
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

async function keep(request, response) {
  if (!response.ok || response.redirected) return
  const cache = await caches.open(CACHE)
  await cache.put(request, response)
  const kept = await cache.keys()
  // The oldest go first; the page itself is always among the newest.
  await Promise.all(kept.slice(0, Math.max(0, kept.length - FILES_MAX)).map((old) => cache.delete(old)))
}

async function page(event) {
  const root = new Request(self.registration.scope)
  try {
    const response = await fetch(event.request)
    event.waitUntil(keep(root, response.clone()))
    return response
  } catch (error) {
    const kept = await caches.match(root)
    if (kept) return kept
    throw error
  }
}

async function file(event) {
  const kept = await caches.match(event.request)
  if (kept) return kept
  const response = await fetch(event.request)
  event.waitUntil(keep(event.request, response.clone()))
  return response
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  const scope = new URL(self.registration.scope)
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return
  const path = url.pathname.slice(scope.pathname.length)
  if (request.mode === 'navigate' && (path === '' || path === 'index.html')) event.respondWith(page(event))
  else if (path.startsWith('assets/')) event.respondWith(file(event))
})
