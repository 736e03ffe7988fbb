// One conversation as the chat view needs it: its timeline, the sends that are on their way, and
// paging. It asks the connection; it never touches the DOM.

import { shallowReactive } from 'vue'

import { RequestError } from '../protocol/connection'
import { randomId } from '../protocol/ids'
import type { Ack, Body, HistoryPage, Item, Message } from '../protocol/types'
import { Timeline } from './timeline'

export interface Requester {
  request: <T>(t: string, fields?: object) => Promise<T>
  post: (t: string, fields: object) => boolean
}

export interface PendingMessage {
  cid: string
  ts: number
  body: Body
  /** `stored`: acknowledged, but behind a gap that is being filled. */
  state: 'sending' | 'stored' | 'failed'
  /** Why it failed: an error code. */
  error: string
}

export interface ChatView {
  /** Null until the first message made the conversation. */
  c: string | null
  pending: readonly PendingMessage[]
  loading: boolean
  /** The first page could not be had. */
  failed: boolean
}

export interface ChatEvents {
  /** A send was stored: `c` may be new. */
  onSent: (chat: ChatModel, message: Message) => void
  /** The dense end of the timeline moved. */
  onGrown: (chat: ChatModel) => void
}

const PAGE = 50
const FILL_PAGE = 200
/** A longer missing range is paged in when somebody scrolls there. */
export const FILL_MAX = 400
const TYPING_EVERY_MS = 3_000
const SEND_AGAIN_MS = 1_000
const SEND_AGAIN_CAP_MS = 15_000
/** Codes that come again however often the same send is tried. */
const HOPELESS = new Set(['stranger_limit'])

let chatsMade = 0

export class ChatModel {
  /** Stays the same when a chat that was only begun gets its conversation. */
  readonly id = ++chatsMade
  /** Text that is written but not sent. */
  draft = ''
  readonly timeline = new Timeline()
  readonly view: ChatView
  private sending = false
  private filling = false
  private typedAtMs = 0

  constructor(
    private readonly line: Requester,
    private readonly me: () => string,
    private readonly events: ChatEvents,
    c: string | null,
    /** Receiver when there is no conversation yet. */
    private readonly to: string | null = null,
  ) {
    this.view = shallowReactive({ c, pending: [], loading: false, failed: false })
  }

  /** Live or resumed items. */
  receive(items: readonly Item[]): Message[] {
    const added = this.timeline.accept(items)
    this.dropShown()
    void this.fillGap()
    if (added.length > 0) this.events.onGrown(this)
    return added
  }

  /** What a resume said about this conversation. */
  resume(items: readonly Item[], hole: [number, number] | undefined): void {
    if (hole && hole[1] - hole[0] + 1 > FILL_MAX) this.timeline.reset()
    this.receive(items)
  }

  /** First page for a chat that is looked at. */
  async open(): Promise<void> {
    const { view } = this.timeline
    if (view.bottom === 0 || (view.items.length < PAGE / 2 && !view.complete)) await this.loadOlder()
  }

  async loadOlder(): Promise<void> {
    const { view } = this.timeline
    if (this.view.loading || view.complete || this.view.c === null) return
    this.view.loading = true
    this.view.failed = false
    try {
      const before = view.bottom === 0 ? {} : { before: view.top }
      const page = await this.line.request<HistoryPage>('history', { c: this.view.c, ...before, limit: PAGE })
      this.timeline.prepend(page.items, page.more)
      this.dropShown()
      this.events.onGrown(this)
    } catch {
      this.view.failed = true
    } finally {
      this.view.loading = false
    }
  }

  /** Shows the message at once; it goes out when the ones before it are stored. */
  send(text: string): void {
    const body: Body = { k: 'text', x: text }
    this.view.pending = [
      ...this.view.pending,
      { cid: randomId(), ts: Date.now(), body, state: 'sending', error: '' },
    ]
    this.typedAtMs = 0
    void this.flush()
  }

  retry(cid: string): void {
    this.update(cid, { state: 'sending', error: '' })
    void this.flush()
  }

  discard(cid: string): void {
    this.view.pending = this.view.pending.filter((pending) => pending.cid !== cid)
  }

  keepDraft(text: string): void {
    this.draft = text
  }

  typing(): void {
    if (this.view.c === null || Date.now() - this.typedAtMs < TYPING_EVERY_MS) return
    if (this.line.post('typing', { c: this.view.c })) this.typedAtMs = Date.now()
  }

  /** Sends what waits, one by one, with the keys it had: a resend is answered by the first result. */
  async flush(): Promise<void> {
    if (this.sending) return
    this.sending = true
    let againMs = SEND_AGAIN_MS
    try {
      for (;;) {
        const next = this.view.pending.find((pending) => pending.state === 'sending')
        if (!next) return
        try {
          await this.sendOne(next)
          againMs = SEND_AGAIN_MS
        } catch (error) {
          if (!(error instanceof RequestError)) throw error
          // The next connection flushes again.
          if (error.isTransport) return
          if (error.retry === 'never' || HOPELESS.has(error.code)) {
            this.update(next.cid, { state: 'failed', error: error.code })
          } else {
            const waitMs = error.afterMs > 0 ? error.afterMs : againMs
            againMs = Math.min(againMs * 2, SEND_AGAIN_CAP_MS)
            await new Promise((resolve) => setTimeout(resolve, waitMs))
          }
        }
      }
    } finally {
      this.sending = false
    }
  }

  async fillGap(): Promise<void> {
    if (this.filling || this.view.c === null) return
    this.filling = true
    try {
      for (let gap = this.timeline.gap(); gap; gap = this.timeline.gap()) {
        const after = gap[0] - 1
        const limit = Math.min(FILL_PAGE, gap[1] - after)
        const page = await this.line.request<HistoryPage>('history', { c: this.view.c, after, limit })
        this.timeline.accept(page.items)
        this.dropShown()
        // No progress would mean asking for ever.
        if (this.timeline.gap()?.[0] === gap[0]) return
        this.events.onGrown(this)
      }
    } catch {
      // The connection ended: the resume that follows brings the same gap again.
    } finally {
      this.filling = false
    }
  }

  private async sendOne(pending: PendingMessage): Promise<void> {
    const target = this.view.c === null ? { to: this.to } : { c: this.view.c }
    const ack = await this.line.request<Ack>('send', { ...target, cid: pending.cid, b: pending.body })
    this.view.c ??= ack.c
    const { c, id, seq, ts } = ack
    const message: Message = { c, id, seq, ts, from: this.me(), b: pending.body, cid: pending.cid }
    this.update(pending.cid, { state: 'stored' })
    this.receive([message])
    this.events.onSent(this, message)
  }

  /** What the timeline shows is no longer pending, however it came back. */
  private dropShown(): void {
    if (this.view.pending.length === 0) return
    const shown = new Set(this.timeline.view.items.map((item) => ('cid' in item ? item.cid : undefined)))
    const pending = this.view.pending.filter((one) => !shown.has(one.cid))
    if (pending.length < this.view.pending.length) this.view.pending = pending
  }

  private update(cid: string, change: Partial<PendingMessage>): void {
    this.view.pending = this.view.pending.map((one) => (one.cid === cid ? { ...one, ...change } : one))
  }
}
