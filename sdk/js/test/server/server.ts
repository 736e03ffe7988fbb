// A real server: the binary named by MAGPIE_BIN on a free port with its own data, killed by its pid.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import WebSocket from 'ws'
import { createClient, type Client, type ClientEvents, type NodeOptions } from '../../src/node.js'

export class Server {
  private process: ChildProcess | null = null
  private data = ''
  private port = 0

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const binary = process.env.MAGPIE_BIN
    if (!binary) throw new Error('set MAGPIE_BIN to the server binary, for example target/release/magpie')
    this.data ||= await mkdtemp(join(tmpdir(), 'magpie-sdk-'))
    this.port ||= await freePort()
    const args = ['serve', '--dev', '--demo', '--listen', `127.0.0.1:${this.port}`, '--data', this.data]
    const started = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.process = started
    let output = ''
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer): void => {
        output += String(chunk)
        if (output.includes('magpie ready')) resolve()
      }
      started.stdout?.on('data', hear)
      started.stderr?.on('data', hear)
      started.once('error', reject)
      started.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}:\n${output}`)))
    })
  }

  /** Without a word to anybody, as a crash does. */
  async kill(): Promise<void> {
    const running = this.process
    this.process = null
    if (!running?.pid) return
    const gone = once(running, 'exit')
    process.kill(running.pid, 'SIGKILL')
    await gone
  }

  async end(): Promise<void> {
    await this.kill()
    if (this.data) await rm(this.data, { recursive: true, force: true })
  }

  async token(user: string): Promise<string> {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${this.url}/v1/demo/sign-in`, { method: 'POST', headers, body: JSON.stringify({ user }) })
    return ((await answer.json()) as { token: string }).token
  }

  client(user: string, options: Partial<NodeOptions> = {}): Client {
    return createClient({ url: this.url, WebSocket: WebSocket as never, getToken: () => this.token(user), ...options })
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Waits for an event after which something holds; the test's own time limit stands behind it. */
export function until<E extends keyof ClientEvents>(client: Client, event: E, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (holds()) {
      resolve()
      return
    }
    const off = client.on(event, () => {
      if (!holds()) return
      off()
      resolve()
    })
  })
}

/** A server for all tests of a file; `signedIn` makes clients that are closed after their test. */
export function serverOfThisFile() {
  const server = new Server()
  const clients: Client[] = []
  beforeAll(() => server.start())
  afterAll(() => server.end())
  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })
  const signedIn = async (user: string, options: Partial<NodeOptions> = {}): Promise<Client> => {
    const client = server.client(user, options)
    clients.push(client)
    await client.connect()
    return client
  }
  return { server, clients, signedIn }
}
