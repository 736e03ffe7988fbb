// A stand-in for the server, for work on the page without a Rust build: the HTTP routes and the
// socket that the page uses, and the built page itself. `node mock/server.mjs [PORT]`.

import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { WebSocketServer } from 'ws'

import { media } from './media.mjs'
import { accept, closeAll, tell, tellAll } from './socket.mjs'
import { seed, USERS } from './store.mjs'

const port = Number(process.argv[2] ?? 8080)
const dist = new URL('../dist/', import.meta.url).pathname
const demo = process.env.MOCK_DEMO !== '0'
const dev = process.env.MOCK_DEV === '1'

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml',
}
/** What the server sends too: the page has to live with it. */
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data: blob:; media-src 'self' blob:; connect-src 'self'"

async function bodyOf(request) {
  let text = ''
  for await (const chunk of request) text += chunk
  return text === '' ? {} : JSON.parse(text)
}

const ROUTES = {
  'GET /v1/info': () => [200, { name: 'magpie', version: '0.1.0', demo, dev }],
  'GET /v1/demo/users': () => (demo ? [200, { users: USERS }] : [404, { error: { code: 'not_found', message: 'no demo' } }]),
  'POST /v1/demo/sign-in': ({ user }) => {
    const found = demo && USERS.find((one) => one.id === user)
    if (!found) return [404, { error: { code: 'unknown_user', message: 'no such demo user' } }]
    return [200, { token: Buffer.from(user).toString('base64url'), user: found }]
  },
  // Levers of the mock, for trying things out by hand.
  'POST /mock/close': ({ code = 1012, reason = 'retry_after_ms=1500' }) => [200, { closed: closeAll(code, reason) ?? true }],
  'POST /mock/push': ({ user, channel = 'pay', version = Date.now(), data = {} }) => {
    tell([user], { t: 'push', channel, version, ts: Date.now(), data })
    return [200, {}]
  },
  'POST /mock/broadcast': ({ x }) => [200, { sent: tellAll({ t: 'broadcast', b: { k: 'text', x } }) ?? true }],
}

function serveFile(path, response) {
  const file = join(dist, normalize(path === '/' ? '/index.html' : path))
  if (!file.startsWith(dist) || !existsSync(file)) return response.writeHead(404).end()
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': CSP,
  })
  createReadStream(file).pipe(response)
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost')
  const { pathname } = url
  if ((await media(request, response, url)) !== false) return
  const route = ROUTES[`${request.method} ${pathname}`]
  if (!route) return serveFile(pathname, response)
  const [status, body] = route(await bodyOf(request))
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})

const sockets = new WebSocketServer({ server, path: '/v1/ws', handleProtocols: (offered) => (offered.has('magpie.v1') ? 'magpie.v1' : false) })
sockets.on('connection', accept)

seed()
server.listen(port, '127.0.0.1', () => process.stdout.write(`mock server on http://127.0.0.1:${port}\n`))
