// The real binary for the measurements, with a long conversation in it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const API_KEY = 'mk_perf_8c1f5d20b7a94e63c0d2f81ae94b7d35'
const PARALLEL = 48

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  await new Promise((done) => probe.close(done))
  return port
}

export async function startServer(binary) {
  const port = await freePort()
  const data = await mkdtemp(join(tmpdir(), 'magpie-perf-'))
  const args = ['serve', '--dev', '--demo', '--listen', `127.0.0.1:${port}`, '--data', data]
  const child = spawn(binary, args, { cwd: data, env: { ...process.env, MAGPIE_API_KEY: API_KEY }, stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('magpie ready') && done())
    child.once('error', fail)
    child.once('exit', (code) => fail(new Error(`the server ended with ${code}`)))
  })
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL })

  function call(method, path, body) {
    const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' }
    return new Promise((done, fail) => {
      const sent = request({ host: '127.0.0.1', port, method, path: `/v1/${path}`, headers, agent }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk))
        response.on('end', () => {
          if (response.statusCode < 300) done(text === '' ? null : JSON.parse(text))
          else fail(new Error(`${method} ${path} answered ${response.statusCode}: ${text}`))
        })
      })
      sent.on('error', fail)
      sent.end(body ? JSON.stringify(body) : undefined)
    })
  }

  return {
    origin: `http://127.0.0.1:${port}`,
    call,
    send: (from, to, text) => call('POST', 'messages', { from, to, text }),
    async fill(from, to, count, textOf) {
      let next = 0
      const work = async () => {
        while (next < count) {
          const n = next++
          await call('POST', 'messages', n % 3 === 0 ? { from: to, to: from, text: textOf(n) } : { from, to, text: textOf(n) })
        }
      }
      await Promise.all(Array.from({ length: PARALLEL }, work))
    },
    async stop() {
      agent.destroy()
      child.removeAllListeners('exit')
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      await ended
      await rm(data, { recursive: true, force: true })
    },
  }
}
