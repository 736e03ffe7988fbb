// Signals of one call, both ways: sent one after the other and again after a reconnect, received in order
// and once. A hole is filled by attaching again.

import type { ServerFrames } from '../protocol.gen.js'
import { MagpieError } from '../core/errors.js'

/** What the two sides say to each other; `s` counts what one side said, so that a repeat is noticed. */
export interface SignalData {
  s?: number
  description?: { type: string; sdp?: string }
  candidate?: unknown
}

export class Signals {
  /** Newest number that was received. */
  have = 0
  private readonly out: SignalData[] = []
  private sent = 0
  private heard = 0
  private sending = false
  private closed = false

  constructor(
    private readonly post: (data: SignalData) => Promise<unknown>,
    private readonly onSignal: (data: SignalData) => void,
    /** Something was missed: the server says it again. */
    private readonly onHole: () => void,
    private readonly onError: (error: MagpieError) => void,
  ) {}

  send(data: SignalData): void {
    this.out.push({ s: ++this.sent, ...data })
    void this.flush()
  }

  /** Goes on after a reconnect. */
  async flush(): Promise<void> {
    if (this.sending || this.closed) return
    this.sending = true
    try {
      for (let next = this.out[0]; next && !this.closed; next = this.out[0]) {
        await this.post(next)
        this.out.shift()
      }
    } catch (error) {
      // What the line lost goes out after the call is attached again; a refusal will not get better.
      const lost = error instanceof MagpieError && error.retryable
      if (!lost) this.out.shift()
      if (error instanceof MagpieError && !lost) this.onError(error)
    } finally {
      this.sending = false
    }
  }

  receive({ n, data }: ServerFrames['call.signal']): void {
    if (this.closed || n <= this.have) return
    if (n > this.have + 1) {
      this.onHole()
      return
    }
    this.have = n
    const signal = data as SignalData
    if (signal.s !== undefined) {
      if (signal.s <= this.heard) return
      this.heard = signal.s
    }
    this.onSignal(signal)
  }

  close(): void {
    this.closed = true
  }
}
