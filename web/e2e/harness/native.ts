// A program that speaks the native protocol: another device of somebody, or somebody without a browser.
import { WebSocket } from 'ws'

import type { Server } from './server'

export type Frame = Record<string, any> // eslint-disable-line @typescript-eslint/no-explicit-any

export class Native {
  /** Every event it got, in order. */
  readonly events: Frame[] = []
  closedWith: number | null = null
  private readonly waiting = new Map<number, { done: (frame: Frame) => void; fail: (error: Error) => void }>()
  private requests = 0

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => this.take(JSON.parse(String(data)) as Frame))
    socket.on('close', (code) => {
      this.closedWith = code
      for (const { fail } of this.waiting.values()) fail(new Error(`closed with ${code}`))
    })
  }

  /** `name`: of the device, as the user's other devices list it. */
  static async open(server: Server, user: string, device = `program-${user}`, name = ''): Promise<Native> {
    const { body } = await server.call('POST', 'tokens', { user })
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/v1/ws`, 'magpie.v1')
    await new Promise((done, fail) => {
      socket.once('open', done)
      socket.once('error', fail)
    })
    const client = new Native(socket)
    // A device id is one of ASCII; the users of the tests are not.
    const id = Buffer.from(device).toString('hex').slice(0, 40)
    await client.ask({ t: 'hello', token: body.token, device: id, features: ['changes', 'calls'], ...(name && { name }) })
    return client
  }

  private take(frame: Frame): void {
    const waits = this.waiting.get(frame['r'] as number)
    if (!waits) return void this.events.push(frame)
    this.waiting.delete(frame['r'] as number)
    if (frame['t'] === 'error') waits.fail(new Error(`${frame['code']}: ${frame['message']}`))
    else waits.done(frame)
  }

  /** Sends a request and waits for its answer; a refusal is thrown. */
  ask(frame: Frame): Promise<Frame> {
    const r = ++this.requests
    return new Promise((done, fail) => {
      this.waiting.set(r, { done, fail })
      this.socket.send(JSON.stringify({ ...frame, r }))
    })
  }

  /** All of them at once, a few dozen in flight, the answers in their order. */
  async askAll(frames: Frame[]): Promise<Frame[]> {
    const answers: Frame[] = []
    for (let at = 0; at < frames.length; at += 32) {
      answers.push(...(await Promise.all(frames.slice(at, at + 32).map((frame) => this.ask(frame)))))
    }
    return answers
  }

  say(to: string, body: string | Frame): Promise<Frame> {
    return this.ask({ t: 'send', to, b: typeof body === 'string' ? { k: 'text', x: body } : body })
  }

  leave(): void {
    this.socket.close(1000)
  }
}
