// One open chat as the view needs it: its rows, what is being replied to or edited, where to jump,
// the draft. Asks the SDK; never touches the DOM.

import type { Client, Conversation, Message, Target, Timeline, TimelineItem, TimelineView } from 'magpie-im'
import { shallowReactive } from 'vue'

import { type Coalesced, coalesced } from './coalesce'
import { keepRecalled } from './recalled'
import { type Row, RowBuilder } from './rows'

export interface ChatView {
  timeline: TimelineView
  rows: readonly Row[]
  /** Rows that are appended now are new messages, not a page that the reader scrolls to. */
  follow: boolean
  reply: Message | null
  editing: Message | null
  /** Scroll to this place; a new object asks again. */
  jump: { readonly seq: number } | null
  /** The place that was jumped to, marked for a moment. */
  highlight: number
  /** Unread messages when the chat was opened, and the seq in front of them. */
  unreadWhenOpened: number
  readWhenOpened: number | null
}

const HIGHLIGHT_MS = 1_800
const DRAFT_MS = 800
/** Drafts of chats that have no conversation yet, by their target: in memory, and gone with the session. */
const begunDrafts = new WeakMap<Client, Map<string, string>>()

let chatsMade = 0

export class OpenChat {
  /** Stays the same when a chat that was only begun gets its conversation. */
  readonly id = ++chatsMade
  readonly view: ChatView
  /** Messages that are quoted here; null: nothing to show. Missing: not known yet. */
  readonly quotes = shallowReactive(new Map<number, TimelineItem | null>())
  private readonly timeline: Timeline
  private readonly builder = new RowBuilder()
  private readonly asked = new Set<number>()
  private readonly begun: Map<string, string>
  private readonly begunKey: string
  private readonly removers: (() => void)[]
  private readonly show: Coalesced<TimelineView>
  private highlightTimer: ReturnType<typeof setTimeout> | undefined
  private draftTimer: ReturnType<typeof setTimeout> | undefined
  private draftWaits: (() => void) | null = null

  constructor(
    private readonly client: Client,
    readonly target: Target & object,
    conversation: Conversation | undefined,
  ) {
    this.timeline = client.timeline(target)
    this.begun = begunDrafts.get(client) ?? new Map<string, string>()
    begunDrafts.set(client, this.begun)
    this.begunKey = JSON.stringify(target)
    const unread = conversation?.unread ?? 0
    this.view = shallowReactive({
      timeline: this.timeline.view,
      rows: [],
      follow: true,
      reply: null,
      editing: null,
      jump: null,
      highlight: 0,
      unreadWhenOpened: unread,
      readWhenOpened: unread > 0 && conversation ? conversation.read : null,
    })
    this.show = coalesced((view) => this.take(view))
    this.take(this.timeline.view)
    this.removers = [
      this.timeline.on('change', this.show),
      client.on('change', ({ c, seq }) => {
        if (c === this.c && this.asked.has(seq)) this.resolve(seq)
      }),
      client.on('sync', () => {
        void this.timeline.open()
        for (const seq of this.asked) if (!this.quotes.has(seq)) this.resolve(seq)
      }),
    ]
    void this.timeline.open()
  }

  /** Empty until the first message made the conversation. */
  get c(): string {
    return this.timeline.c
  }

  private take(view: TimelineView): void {
    const before = this.view.timeline
    this.view.follow = view.atEnd && (before.atEnd || before.items.length === 0)
    this.view.timeline = view
    this.view.rows = this.builder.build(view.items, this.view)
    for (const item of this.asked.size > 0 ? view.items : []) {
      if (item.type === 'message' && this.asked.has(item.seq)) this.quotes.set(item.seq, item)
    }
    const { editing, reply } = this.view
    if (editing && this.isRecalled(editing.seq)) this.view.editing = null
    if (reply && this.isRecalled(reply.seq)) this.view.reply = null
  }

  isRecalled(seq: number): boolean {
    return this.view.timeline.items.some((item) => item.type === 'gone' && item.from <= seq && item.to >= seq)
  }

  loadOlder(): void {
    void this.timeline.loadOlder()
  }

  loadNewer(): void {
    void this.timeline.loadNewer()
  }

  again(): void {
    void this.timeline.open()
  }

  send(text: string): void {
    const re = this.takeReply()
    this.client.send(this.target, text, re > 0 ? { re } : {})
    this.dropDraft()
  }

  takeReply(): number {
    const seq = this.view.reply?.seq ?? 0
    this.view.reply = null
    return seq
  }

  /** Ends the editing at once; the answer comes later and may be a refusal. */
  async edit(text: string): Promise<void> {
    const message = this.view.editing
    this.view.editing = null
    if (!message || text === message.body.x) return
    await this.client.edit(message.c, message.seq, text)
  }

  async recall(message: Message): Promise<void> {
    // First: the event that redraws the place may come before the answer.
    if (message.body.k === 'text') keepRecalled(message.c, message.seq, message.body.x)
    await this.client.recall(message.c, message.seq)
  }

  retry(cid: string): void {
    this.client.outgoing.find((one) => one.cid === cid)?.retry()
  }

  discard(cid: string): void {
    this.client.outgoing.find((one) => one.cid === cid)?.discard()
  }

  /** What a reply quotes; asks for it on first use. Undefined until it is known. */
  quote(seq: number): TimelineItem | null | undefined {
    if (!this.asked.has(seq)) this.resolve(seq)
    return this.quotes.get(seq)
  }

  private resolve(seq: number): void {
    this.asked.add(seq)
    this.client.message(this.c, seq).then(
      (item) => this.quotes.set(seq, item),
      // Offline, or the server did not answer: asked again when the connection is back.
      () => undefined,
    )
  }

  async jumpTo(seq: number): Promise<void> {
    const isHere = this.view.timeline.items.some((item) =>
      item.type === 'gone' ? item.from <= seq && item.to >= seq : item.seq === seq,
    )
    if (!isHere) {
      await this.timeline.loadAround(seq)
      if (this.view.timeline.error) return
      this.flushView()
    }
    this.view.jump = { seq }
    this.view.highlight = seq
    clearTimeout(this.highlightTimer)
    this.highlightTimer = setTimeout(() => (this.view.highlight = 0), HIGHLIGHT_MS)
  }

  async toNewest(): Promise<void> {
    if (!this.view.timeline.atEnd) {
      await this.timeline.loadNewest()
      this.flushView()
    }
  }

  /** Jumps need the rows now, not in the next frame. */
  private flushView(): void {
    this.show.cancel()
    this.take(this.timeline.view)
  }

  /** The end of the chat is in front of somebody's eyes. */
  seen(): void {
    if (this.c !== '' && this.view.timeline.atEnd) this.client.markRead(this.c)
  }

  /** What was written and not sent, here or on another device; what it replies to comes along. */
  takeDraft(): string {
    const draft = this.c === '' ? null : this.client.conversation(this.c)?.draft
    if (draft?.re) {
      this.client.message(this.c, draft.re).then(
        (item) => {
          if (item?.type === 'message') this.view.reply ??= item
        },
        () => undefined,
      )
    }
    return draft?.x ?? this.begun.get(this.begunKey) ?? ''
  }

  keepDraft(text: string): void {
    clearTimeout(this.draftTimer)
    if (this.view.editing) return
    if (this.c === '') {
      this.begun.set(this.begunKey, text)
      return
    }
    const re = this.view.reply?.seq
    this.draftWaits = () => {
      this.draftWaits = null
      this.client.setDraft(this.c, text, re)
    }
    this.draftTimer = setTimeout(() => this.draftWaits?.(), DRAFT_MS)
  }

  private dropDraft(): void {
    clearTimeout(this.draftTimer)
    this.begun.delete(this.begunKey)
    const { draftWaits } = this
    this.draftWaits = null
    const known = this.c === '' ? null : this.client.conversation(this.c)?.draft
    if (draftWaits !== null || known) this.client.setDraft(this.c, '')
  }

  close(): void {
    clearTimeout(this.draftTimer)
    clearTimeout(this.highlightTimer)
    this.draftWaits?.()
    this.show.cancel()
    for (const remove of this.removers) remove()
    // A window far back in the history is not what one wants to see the next time.
    this.timeline.reset()
  }
}
