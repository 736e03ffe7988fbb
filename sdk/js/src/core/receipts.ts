// Receipts on their way to the server: cumulative, the newest wins, at most one frame per 200 ms,
// kept until the server said ok, and the delivered ones said again after each connect.

import type { Mark } from '../protocol.gen.js'

const EVERY_MS = 200
const PER_FRAME_MAX = 100

type Marks = Map<string, number>

export class Receipts {
  private readonly delivered: Marks = new Map()
  private readonly read: Marks = new Map()
  /** What was confirmed: a crash of the server may make delivered marks fall back. */
  private readonly confirmed: Marks = new Map()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly request: (t: string, fields: object) => Promise<unknown>) {}

  markDelivered(c: string, seq: number): void {
    if (seq > (this.confirmed.get(c) ?? 0)) this.mark(this.delivered, c, seq)
  }

  markRead(c: string, seq: number): void {
    this.mark(this.read, c, seq)
  }

  /** Everything is owed again on a new connection. */
  repeat(): void {
    for (const [c, seq] of this.confirmed) {
      if (seq > (this.delivered.get(c) ?? 0)) this.delivered.set(c, seq)
    }
    this.confirmed.clear()
    this.later()
  }

  clear(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    for (const marks of [this.delivered, this.read, this.confirmed]) marks.clear()
  }

  /** Says at once what is owed. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const delivered: Mark[] = [...this.delivered].slice(0, PER_FRAME_MAX)
    const read: Mark[] = [...this.read].slice(0, PER_FRAME_MAX)
    if (delivered.length + read.length === 0) return
    const fields = { ...(delivered.length > 0 && { delivered }), ...(read.length > 0 && { read }) }
    try {
      await this.request('receipt', fields)
    } catch {
      // Owed until the next mark or the next connection.
      return
    }
    for (const [c, seq] of delivered) this.confirmed.set(c, seq)
    settle(this.delivered, delivered)
    settle(this.read, read)
    if (this.delivered.size + this.read.size > 0) this.later()
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
function settle(marks: Marks, sent: readonly Mark[]): void {
  for (const [c, seq] of sent) if (marks.get(c) === seq) marks.delete(c)
}
