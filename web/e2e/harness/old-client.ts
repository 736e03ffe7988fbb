// A client of one of the five old systems: a bare WebSocket at its path, as they open it.
import { expect } from '@playwright/test'
import { WebSocket } from 'ws'

import type { Server } from './server'

export class OldClient {
  /** Every frame it got, in order. */
  readonly got: string[] = []
  closedWith: number | null = null

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => this.got.push(String(data)))
    socket.on('close', (code) => (this.closedWith = code))
  }

  static async open(server: Server, ...path: string[]): Promise<OldClient> {
    const address = `${server.origin.replace('http', 'ws')}/${path.map(encodeURIComponent).join('/')}`
    const socket = new WebSocket(address)
    const client = new OldClient(socket)
    await new Promise((done, fail) => {
      socket.once('open', done)
      socket.once('error', fail)
    })
    return client
  }

  say(text: string): void {
    this.socket.send(text)
  }

  /** Waits for exactly these frames, none more. */
  async expectGot(...frames: string[]): Promise<void> {
    await expect.poll(() => this.got).toEqual(frames)
  }

  /** Waits for so many frames and reads them as JSON. */
  async objects(count: number): Promise<Record<string, unknown>[]> {
    await expect.poll(() => this.got.length).toBe(count)
    return this.got.map((text) => JSON.parse(text) as Record<string, unknown>)
  }

  leave(): void {
    this.socket.close(1000)
  }
}
