// Measures the page in chromium against the real binary and prints figures; judges nothing.
//   MAGPIE_BIN=... npm run perf               the page inside the binary
//   MAGPIE_E2E_PAGE=dist MAGPIE_BIN=... ...   the page just built, beside the binary
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { chromium } from '@playwright/test'
import { preview, runnerImport } from 'vite'

import { fill } from './fill.mjs'
import { traced } from './trace.mjs'

const MESSAGES = Number(process.env.MAGPIE_PERF_MESSAGES ?? 100_000)
const SCROLL_S = Number(process.env.MAGPIE_PERF_SCROLL_S ?? 20)
const ARRIVE_S = 20
const ARRIVE_PER_S = 50
const LOADS = 5
const ME = 'perf-me'
const PEER = 'perf-peer'

const browserPath = process.env.MAGPIE_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const say = (text) => process.stdout.write(`${text}\n`)
const ms = (value) => `${value.toFixed(1)} ms`
const tasks = ({ wall, cpu }) =>
  `${wall.count} tasks; wall p99 ${ms(wall.p99)}, longest ${ms(wall.max)}, ${wall.over50} above 50 ms; ` +
  `processor p99 ${ms(cpu.p99)}, longest ${ms(cpu.max)}, ${cpu.over50} above 50 ms`

const WORDS = ['好的', '收到,马上处理', 'Let me check and come back to you in a minute.', '明天下午三点在老地方见,别忘了带上合同和身份证复印件。', '👍', 'ok']
const textOf = (n) => `${WORDS[n % WORDS.length]} ${n}${n % 17 === 0 ? ` ${'长一点的内容。'.repeat(12)}` : ''}`

/** Every third message is the reader's own. */
function* bodies() {
  for (let n = 0; n < MESSAGES; n++) yield n % 3 === 0 ? { from: ME, to: PEER, text: textOf(n) } : { from: PEER, to: ME, text: textOf(n) }
}

// The server of the browser tests. Vite reads its TypeScript, which not every Node does.
const { module: harness } = await runnerImport(fileURLToPath(new URL('../e2e/harness/server.ts', import.meta.url)))
const server = await harness.Server.start(['--dev', '--demo'], 0)
let page = server.origin
let beside
if (process.env.MAGPIE_E2E_PAGE) {
  const proxy = { '/v1': { target: server.origin, ws: true } }
  beside = await preview({ root: fileURLToPath(new URL('..', import.meta.url)), preview: { port: 0, host: '127.0.0.1', proxy }, logLevel: 'error' })
  page = beside.resolvedUrls.local[0].replace(/\/$/, '')
}
const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-background-networking'] })

try {
  await server.call('PUT', `users/${ME}`, { name: '量' })
  await server.call('PUT', `users/${PEER}`, { name: '测' })
  const { token } = (await server.call('POST', 'tokens', { user: ME })).body
  const filled = performance.now()
  await fill(server.origin, harness.API_KEY, bodies())
  say(`filled: ${MESSAGES} messages in ${((performance.now() - filled) / 1000).toFixed(1)} s`)

  const newPage = async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'zh-CN', serviceWorkers: 'block' })
    const tab = await context.newPage()
    await tab.addInitScript((given) => {
      sessionStorage.setItem('magpie.token', given)
      const look = () => {
        if (!document.querySelector('[data-testid="connection-state"][data-state="online"]')) return requestAnimationFrame(look)
        globalThis.interactiveMs = performance.now()
      }
      requestAnimationFrame(look)
    }, token)
    return tab
  }

  const loads = []
  for (let load = 0; load < LOADS; load++) {
    const tab = await newPage()
    await tab.goto(page)
    await tab.waitForFunction(() => 'interactiveMs' in globalThis)
    loads.push(await tab.evaluate(() => globalThis.interactiveMs))
    await tab.context().close()
  }
  loads.sort((a, b) => a - b)
  say(`first load to a connected list: median ${ms(loads[LOADS >> 1])}, worst ${ms(loads.at(-1))} of ${LOADS}, nothing cached`)

  const tab = await newPage()
  const session = await tab.context().newCDPSession(tab)
  await tab.goto(page)
  const opened = performance.now()
  await tab.getByTestId(`conversation-${PEER}`).click()
  await tab.getByTestId('message').last().waitFor()
  say(`open the conversation: ${ms(performance.now() - opened)}`)
  const nodes = () => tab.evaluate(() => document.querySelectorAll('*').length)
  const list = tab.getByTestId('messages')
  const box = await list.boundingBox()
  await tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2)

  let most = await nodes()
  const wheel = async (delta, seconds) => {
    const until = performance.now() + seconds * 1000
    while (performance.now() < until) {
      await tab.mouse.wheel(0, delta)
      await tab.waitForTimeout(16)
      most = Math.max(most, await nodes())
    }
  }
  const first = () => tab.getByTestId('message').first().getAttribute('data-seq')
  const up = await traced(session, () => wheel(-600, SCROLL_S))
  say(`scroll up for ${SCROLL_S} s, to message ${await first()}: ${tasks(up)}`)
  const down = await traced(session, () => wheel(1200, SCROLL_S / 2))
  say(`scroll down for ${SCROLL_S / 2} s: ${tasks(down)}`)
  say(`most DOM nodes while scrolling: ${most}`)

  if (await tab.getByTestId('to-end').isVisible()) await tab.getByTestId('to-end').click()
  await tab.getByTestId('composer-input').click()
  await tab.evaluate(() => {
    globalThis.inputs = []
    new PerformanceObserver((seen) => {
      for (const entry of seen.getEntries()) if (entry.name === 'keydown') globalThis.inputs.push(entry.duration)
    }).observe({ type: 'event', durationThreshold: 16 })
  })
  const arriving = await traced(session, async () => {
    let sent = 0
    const due = performance.now()
    const total = ARRIVE_S * ARRIVE_PER_S
    const pending = []
    while (sent < total) {
      const wanted = Math.min(total, Math.floor(((performance.now() - due) / 1000) * ARRIVE_PER_S) + 1)
      for (; sent < wanted; sent++) pending.push(server.send(PEER, ME, `live ${sent}`))
      if (sent % 10 === 0) await tab.keyboard.type('a')
      await new Promise((done) => setTimeout(done, 15))
    }
    await Promise.all(pending)
    await list.getByText(`live ${total - 1}`, { exact: true }).waitFor()
  })
  const slow = await tab.evaluate(() => globalThis.inputs)
  say(
    `${ARRIVE_PER_S} messages a second for ${ARRIVE_S} s: ${tasks(arriving)}; ` +
      `slowest key to paint ${ms(Math.max(16, ...slow))}; ${await nodes()} DOM nodes`,
  )
} finally {
  await browser.close()
  await beside?.close()
  await server.stop()
}
