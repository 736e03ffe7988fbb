// The real binary in a directory of its own, as a person starts it; stopped by its process id.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

export const API_KEY = 'mk_e2e_3f9d41c07ab85e26d1f04c937be8a25f'

const READY = /^magpie ready in \d+ ms$/

function binary(): string {
  const given = process.env['MAGPIE_BIN']
  const path = given ?? resolve(import.meta.dirname, '../../../target/release/magpie')
  if (existsSync(path)) return path
  const hint = given ? 'MAGPIE_BIN names no file' : 'run `make build` first, or name a binary in MAGPIE_BIN'
  throw new Error(`there is no server to test at ${path}: ${hint}`)
}

// Under the ports that a system hands out by itself: between a kill and the restart nobody else, not
// even a page that tries to reach the server, can be given the server's address.
const PORTS_FROM = 12_000
const PORTS_PER_WORKER = 1_000
const WORKERS_MAX = 16

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  const free = await new Promise<boolean>((done) => {
    probe.once('error', () => done(false))
    probe.listen(port, '127.0.0.1', () => done(true))
  })
  if (free) await new Promise((done) => probe.close(done))
  return free
}

/** Each worker of the test run has a range of its own. */
export async function freePort(worker: number): Promise<number> {
  const first = PORTS_FROM + (worker % WORKERS_MAX) * PORTS_PER_WORKER
  const start = Math.floor(Math.random() * PORTS_PER_WORKER)
  for (let step = 0; step < PORTS_PER_WORKER; step++) {
    const port = first + ((start + step) % PORTS_PER_WORKER)
    if (await isFree(port)) return port
  }
  throw new Error(`no free port from ${first} to ${first + PORTS_PER_WORKER - 1}`)
}

interface Answer {
  status: number
  body: any // eslint-disable-line @typescript-eslint/no-explicit-any
}

export class Server {
  /** What it printed, for the report of a failed test. */
  log = ''
  private child: ChildProcess | null = null

  private constructor(
    private readonly port: number,
    private readonly data: string,
    private readonly flags: readonly string[],
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  static async start(flags: readonly string[], worker: number, settings: Readonly<Record<string, string>> = {}): Promise<Server> {
    const server = new Server(await freePort(worker), await mkdtemp(join(tmpdir(), 'magpie-e2e-')), flags, settings)
    await server.run()
    return server
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Starts it, again at the address it had before. */
  async run(): Promise<void> {
    const args = ['serve', ...this.flags, '--listen', `127.0.0.1:${this.port}`, '--data', this.data]
    const env = { ...process.env, ...this.settings, MAGPIE_API_KEY: API_KEY }
    // Its own directory is the working directory too: no configuration file of a developer is read.
    const child = spawn(binary(), args, { cwd: this.data, env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text))
    const lines = createInterface({ input: child.stdout })
    const ready = new Promise<void>((done, fail) => {
      lines.on('line', (line) => {
        this.log += `${line}\n`
        if (READY.test(line)) done()
      })
      child.once('error', fail)
      child.once('exit', (code) => fail(new Error(`the server ended with ${code} at its start:\n${this.log}`)))
    })
    await ready
    child.removeAllListeners('exit')
  }

  /** `kill -9`: no goodbye to anybody. */
  async kill(): Promise<void> {
    await this.end('SIGKILL')
  }

  /** A polite stop; what it leaves behind is removed. */
  async stop(): Promise<void> {
    await this.end('SIGTERM')
    await rm(this.data, { recursive: true, force: true })
  }

  /** One command of the binary on this server's data directory, to its end. */
  async command(...args: string[]): Promise<void> {
    const child = spawn(binary(), [...args, '--data', this.data], { cwd: this.data, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    const [code] = (await once(child, 'close')) as [number]
    if (code !== 0) throw new Error(`magpie ${args.join(' ')} ended with ${code}: ${said}`)
  }

  /** A file beside the store, for a backup. */
  get backupFile(): string {
    return join(this.data, 'e2e.backup')
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child
    this.child = null
    if (!child || child.exitCode !== null) return
    // Not `exit`: its last words in the log are read as well.
    const ended = once(child, 'close')
    child.kill(signal)
    await ended
  }

  /** The HTTP API as a backend uses it. */
  async call(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.origin}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} /v1/${path} answered ${response.status}: ${text}`)
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }

  async send(from: string, to: string, text: string): Promise<void> {
    await this.call('POST', 'messages', { from, to, text })
  }

  /** A user's conversation with another one, as the API tells it; undefined when there is none. */
  async conversation(user: string, peer: string): Promise<Conversation | undefined> {
    const { body } = await this.call('GET', `users/${encodeURIComponent(user)}/conversations`)
    return (body.conversations as Conversation[]).find((one) => one.peer?.id === peer)
  }

  /** The texts of a conversation in their order, as the store has them. */
  async texts(user: string, peer: string): Promise<string[]> {
    const found = await this.conversation(user, peer)
    if (!found) return []
    const path = `users/${encodeURIComponent(user)}/conversations/${found.conversation}/messages?limit=200`
    const { body } = await this.call('GET', path)
    return (body.items as { body?: { x: string }; b?: { x: string } }[]).map((item) => (item.body ?? item.b)?.x ?? '')
  }
}

interface Conversation {
  conversation: string
  unread: number
  peer?: { id: string }
}
