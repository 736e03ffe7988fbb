// A TURN server (coturn of the system) on ports and in a directory of its own, stopped by its process id.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from './server'

export const TURN_SECRET = 'e2e-turn-secret-5b1f0c6d9a7e4832'
const PLACES = ['/usr/bin/turnserver', '/usr/local/bin/turnserver']
const TRIES = 100

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((done) => {
    socket.once('connect', () => (socket.destroy(), done(true)))
    socket.once('error', () => done(false))
  })
}

export class Turn {
  log = ''

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  static async start(worker: number): Promise<Turn> {
    const program = PLACES.find((path) => existsSync(path))
    if (program === undefined) throw new Error(`no coturn at ${PLACES.join(', ')}: apt-get install coturn`)
    const port = await freePort(worker)
    const folder = await mkdtemp(join(tmpdir(), 'magpie-turn-'))
    const relay = 30_000 + (worker % 8) * 200
    const args = [
      ...['-n', '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`],
      ...[`--min-port=${relay}`, `--max-port=${relay + 199}`, '--no-tls', '--no-dtls', '--no-cli', '--fingerprint'],
      // Both ends of the call are on this machine, which a server on the internet must refuse.
      '--allow-loopback-peers',
      ...['--use-auth-secret', `--static-auth-secret=${TURN_SECRET}`, '--realm=magpie.test', '--verbose'],
      ...[`--userdb=${join(folder, 'db')}`, `--pidfile=${join(folder, 'pid')}`, '--log-file=stdout', '--simple-log'],
    ]
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const turn = new Turn(child, folder, port)
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (turn.log += text))
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (child.exitCode !== null) break
      if (await answers(port)) return turn
      await new Promise((done) => setTimeout(done, 100))
    }
    throw new Error(`coturn did not start:\n${turn.log}`)
  }

  get url(): string {
    return `turn:127.0.0.1:${this.port}?transport=udp`
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = once(this.child, 'close')
      this.child.kill('SIGTERM')
      await ended
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}
