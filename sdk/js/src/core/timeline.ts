// One conversation's messages: a window on the known places, paging, and the tail up to which everything was
// told to the app in order. What stands above a hole waits until the hole is filled.

import type { Item, MessageItem, ServerFrames } from '../protocol.gen.js'
import type { Message, Timeline as PublicTimeline, TimelineItem, TimelineView } from '../types.js'
import { coalesce, Emitter } from './emitter.js'
import { MagpieError } from './errors.js'
import { first, isGone, last, Places } from './places.js'
import { snapshot, type Marks } from './snapshots.js'

/** What a timeline asks of the rest. */
export interface TimelineHost {
  request<R>(t: string, fields: object): Promise<R>
  me(): string
  marks(c: string): Marks
  /** Own messages on their way there. */
  pending(timeline: Timeline): readonly Message[]
  /** Messages that became part of what was told, in order; `items` are the places. */
  onTold(timeline: Timeline, messages: readonly MessageItem[]): void
  changes: () => boolean
  online: () => boolean
  fillMax: number
}

const PAGE = 50
const FILL_PAGE = 200
/** Fewer are no first page. */
const FIRST_PAGE_MIN = 25
const AGAIN_MS = 2_000

type Loading = TimelineView['loading']
type Page = ServerFrames['history']

export class Timeline implements PublicTimeline {
  readonly places = new Places()
  /** Everything up to here was told; -1: nothing is known of this conversation yet. */
  tail = -1
  /** Newest place that is known to exist. */
  head = 0
  /** Shared changes that are applied here. */
  rev = 0
  cleared = 0
  /** Somebody looked at it: it is loaded again after a gap. */
  opened = false
  private following = true
  private anchor = 0
  private atStart = false
  private loading: Loading = ''
  private busy = Promise.resolve()
  private error: MagpieError | null = null
  private filling = false
  private catching = false
  private made: TimelineView | null = null
  private readonly events = new Emitter<{ change: TimelineView }>()
  private readonly tell = coalesce(() => this.events.emit('change', this.view))

  constructor(
    private readonly host: TimelineHost,
    public c: string,
    /** Receiver while there is no conversation yet. */
    readonly to = '',
  ) {}

  on(event: 'change', fn: (view: TimelineView) => void): () => void {
    return this.events.on(event, fn)
  }

  get view(): TimelineView {
    this.made ??= this.look()
    return this.made
  }

  /** Something that is shown is different: the next look makes a new picture. */
  touch(): void {
    const end = this.shown().at(-1)
    // Paging that has reached the newest message follows it from now on.
    if (!this.following && end && last(end) >= this.tail) this.following = true
    this.made = null
    this.tell()
  }

  /** Items from events, resume, or pages: in any order, repeats are harmless. */
  take(items: readonly Item[]): void {
    let changed = false
    for (const item of items) {
      changed = this.places.insert(item) || changed
      this.head = Math.max(this.head, last(item))
    }
    if (changed) this.touch()
    this.advance()
  }

  /** A place exists whose item did not come: it is fetched. */
  expect(seq: number): void {
    this.head = Math.max(this.head, seq)
    void this.fill()
  }

  change(rev: number, item: Item): void {
    if (this.places.change(item)) this.touch()
    if (rev === this.rev + 1) this.rev = rev
    else if (rev > this.rev) void this.catchUp(rev)
  }

  hide(seq: number): void {
    this.take([{ from: seq, to: seq, gone: 'deleted' }])
  }

  clear(upTo: number): void {
    if (upTo <= this.cleared) return
    this.cleared = upTo
    if (this.places.all.length > 0 || this.tail >= 0) this.take([{ from: 1, to: upTo, gone: 'deleted' }])
  }

  /** Fills what is missing between the tail and what is known above it. */
  async fill(): Promise<void> {
    if (this.filling || this.c === '' || this.tail < 0) return
    this.filling = true
    try {
      for (let hole = this.hole(); hole && this.host.online(); hole = this.hole()) {
        const after = hole[0] - 1
        if (hole[1] - after > this.host.fillMax) {
          // Too long to be fetched unasked: it stays a hole that paging closes.
          this.tail = hole[1]
          this.touch()
          this.advance()
          continue
        }
        const limit = Math.min(FILL_PAGE, hole[1] - after)
        const page = await this.host.request<Page>('history', { c: this.c, after, limit })
        this.take(page.items)
        // No progress would mean asking for ever.
        if (this.tail === after) return
      }
    } catch (error) {
      this.again(error, () => void this.fill())
    } finally {
      this.filling = false
    }
  }

  /** Asks for the shared changes above the one that is applied here. */
  async catchUp(rev: number): Promise<void> {
    if (this.places.all.length === 0) this.rev = Math.max(this.rev, rev)
    if (this.catching || rev <= this.rev || !this.host.changes()) return
    this.catching = true
    try {
      for (let more = true; more; ) {
        const asked = { c: this.c, after: this.rev, limit: FILL_PAGE }
        const page = await this.host.request<ServerFrames['changes']>('changes', asked)
        for (const item of page.items) if (this.places.change(item)) this.touch()
        more = page.more && page.rev > this.rev
        this.rev = Math.max(this.rev, page.rev)
      }
    } catch (error) {
      this.again(error, () => void this.catchUp(rev))
    } finally {
      this.catching = false
    }
  }

  async open(): Promise<void> {
    this.opened = true
    const { items, atStart } = this.view
    if (this.following && !atStart && items.length < FIRST_PAGE_MIN) await this.loadOlder()
  }

  loadOlder(): Promise<void> {
    const top = this.shown()[0]
    if (this.view.atStart && top) return Promise.resolve()
    const before = top ? { before: first(top) } : {}
    return this.load('older', async () => {
      const page = await this.page({ ...before, limit: PAGE })
      if (!page.more) this.atStart = true
    })
  }

  loadNewer(): Promise<void> {
    const end = this.shown().at(-1)
    if (this.following || !end) return Promise.resolve()
    return this.load('newer', async () => {
      await this.page({ after: last(end), limit: PAGE })
    })
  }

  async loadAround(seq: number): Promise<void> {
    this.opened = true
    // Somebody waits for this place: a page that is on its way must not swallow the wish.
    while (this.loading) await this.busy
    if (this.shown().some((item) => first(item) <= seq && seq <= last(item))) return
    await this.load('around', async () => {
      const older = await this.page({ before: seq + 1, limit: FIRST_PAGE_MIN })
      await this.page({ after: seq, limit: FIRST_PAGE_MIN })
      this.following = false
      this.anchor = seq
      this.atStart = !older.more
    })
  }

  async loadNewest(): Promise<void> {
    if (!this.following) {
      this.following = true
      this.atStart = false
      this.touch()
    }
    await this.open()
  }

  reset(): void {
    this.following = true
    this.atStart = false
    this.places.trim(PAGE)
    this.touch()
  }

  /** The server could not replay: nothing that was known counts any more. */
  forget(): void {
    this.places.trim(0)
    Object.assign(this, { tail: -1, head: 0, rev: 0, cleared: 0, following: true, atStart: false, anchor: 0 })
    this.touch()
  }

  /** The resume of the next connection asks by itself; on a live one somebody has to. */
  private again(error: unknown, work: () => void): void {
    if (!(error instanceof MagpieError)) throw error
    if (error.retryable && this.host.online()) setTimeout(work, error.afterMs || AGAIN_MS)
  }

  private hole(): [number, number] | null {
    const above = this.places.above(this.tail)
    const to = above === undefined ? this.head : above - 1
    return to > this.tail ? [this.tail + 1, to] : null
  }

  private advance(): void {
    if (this.tail < 0) return
    const before = this.tail
    const end = this.places.runEnd(before + 1)
    if (end > before) {
      this.tail = end
      // Who is told of a message and looks finds it here.
      this.touch()
      const told: MessageItem[] = []
      for (let seq = before + 1; seq <= end; ) {
        const item = this.places.at(seq) as Item
        if (!isGone(item)) told.push(item)
        seq = last(item) + 1
      }
      this.host.onTold(this, told)
    }
    if (this.hole()) void this.fill()
  }

  private async page(range: object): Promise<Page> {
    const page = await this.host.request<Page>('history', { c: this.c, ...range })
    // A first page makes the tail: what it holds was not missed, it was asked for.
    if (this.tail < 0) this.tail = page.head
    this.take(page.items)
    return page
  }

  private load(loading: Loading, work: () => Promise<void>): Promise<void> {
    if (!this.loading && this.c) this.busy = this.run(loading, work)
    return this.busy
  }

  private async run(loading: Loading, work: () => Promise<void>): Promise<void> {
    this.loading = loading
    this.touch()
    try {
      await work()
      this.error = null
    } catch (error) {
      this.error = error instanceof MagpieError ? error : new MagpieError('internal', String(error))
    } finally {
      this.loading = ''
      this.touch()
    }
  }

  private shown(): readonly Item[] {
    if (this.following) {
      // The newest known place may be one that this user does not see any more.
      return this.tail > 0 ? this.places.run(this.tail) : []
    }
    return this.places.run(this.anchor)
  }

  private look(): TimelineView {
    const { host, c } = this
    const shown = this.shown()
    const top = shown[0]
    const marks = host.marks(c)
    const items: TimelineItem[] = []
    for (const item of shown) if (!isGone(item) || item.gone !== 'deleted') items.push(snapshot(c, item, marks))
    if (this.following) {
      // Own messages that are stored, but above a hole, are not taken off the screen meanwhile.
      for (let seq = this.places.above(this.tail); seq !== undefined; seq = this.places.above(seq)) {
        const held = this.places.message(seq)
        if (held?.cid && held.from === marks.me) items.push(snapshot(c, held, marks))
      }
      items.push(...host.pending(this))
    }
    const empty = this.tail === 0 && this.head === 0
    const atStart = top ? first(top) <= this.cleared + 1 || this.atStart : empty || c === ''
    return { items, atStart, atEnd: this.following, loading: this.loading, error: this.error }
  }
}
