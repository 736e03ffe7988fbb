// Receipts on their way to the server: cumulative, the newest wins, at most one frame per 200 ms,
// and kept until the server said ok.

import type { Requester } from './chat'

const EVERY_MS = 200
const PER_FRAME_MAX = 200

type Marks = Map<string, number>

export class Receipts {
  private readonly delivered: Marks = new Map()
  private readonly read: Marks = new Map()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly line: Requester) {}

  markDelivered(c: string, seq: number): void {
    this.mark(this.delivered, c, seq)
  }

  markRead(c: string, seq: number): void {
    this.mark(this.read, c, seq)
  }

  /** Sends what is owed; called again after a reconnect. */
  async flush(): Promise<void> {
    this.timer = undefined
    const delivered = [...this.delivered].slice(0, PER_FRAME_MAX)
    const read = [...this.read].slice(0, PER_FRAME_MAX)
    if (delivered.length + read.length === 0) return
    try {
      await this.line.request('receipt', { delivered, read })
    } catch {
      return
    }
    settle(this.delivered, delivered)
    settle(this.read, read)
    if (this.delivered.size + this.read.size > 0) this.later()
  }

  clear(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.delivered.clear()
    this.read.clear()
  }

  private mark(marks: Marks, c: string, seq: number): void {
    if (seq < 1 || seq <= (marks.get(c) ?? 0)) return
    marks.set(c, seq)
    this.later()
  }

  private later(): void {
    this.timer ??= setTimeout(() => void this.flush(), EVERY_MS)
  }
}

/** Forgets what was confirmed, unless it has risen meanwhile. */
function settle(marks: Marks, sent: [string, number][]): void {
  for (const [c, seq] of sent) if (marks.get(c) === seq) marks.delete(c)
}
