// Own messages on their way: shown at once, sent one after the other per conversation with the key they
// had from the start, kept over a disconnect and a reload until they are stored or have failed.

import type { Body, ServerFrames } from '../protocol.gen.js'
import type { Message, Outgoing, TimelineItem } from '../types.js'
import { utf8Length } from './bytes.js'
import type { Clock } from './clock.js'
import { MagpieError, type Retry } from './errors.js'
import { numberOf } from './snapshots.js'
import { parse, type Vault } from './vault.js'

export interface QueueHost {
  clock: Clock
  vault: Vault
  request<R>(t: string, fields: object): Promise<R>
  online(): boolean
  synced(): boolean
  me(): string
  bodyBytesMax(): number
  newId(): string
  /** The conversation with a receiver, when it is known. */
  resolve(to: string): string
  limit: number
  expiryMs: number
  /** It is stored: the answer and what was sent. */
  onStored(entry: QueueEntry, ack: ServerFrames['ack']): TimelineItem
  onChange(entry: QueueEntry): void
}

interface Stored {
  cid: string
  c: string
  to: string
  body: Body
  /** Server's clock when it was made; 0 = not known then. */
  at: number
  error?: { code: string; message: string; retry: Retry }
}

const KEY = 'queue'
const AGAIN_MS = 1_000
const AGAIN_CAP_MS = 15_000
/** Closes for a broken frame that a message survives: the second one is no accident. */
const BLAMES_MAX = 2
const WRITES_MAX = 3
/** Codes that come again however often the same send is tried. */
const HOPELESS = ['stranger_limit']

export class QueueEntry implements Outgoing {
  status: Outgoing['status'] = 'sending'
  error: MagpieError | null = null
  readonly promise: Promise<Message>
  c = ''
  to = ''
  at = 0
  /** Its place, once it is stored. */
  seq = 0
  inFlight = false
  blames = 0
  readonly bornMs: number
  private settled: { resolve: (message: Message) => void; reject: (error: MagpieError) => void } | undefined
  private picture: Message | null = null

  constructor(
    private readonly queue: Queue,
    readonly cid: string,
    readonly body: Body,
    /** Where it stands among its own until the server gives it a place. */
    readonly ts: number,
  ) {
    this.bornMs = queue.host.clock.monotonicMs()
    this.promise = new Promise((resolve, reject) => (this.settled = { resolve, reject }))
    // An app that only looks at the status must not be told of an unhandled rejection.
    this.promise.catch(() => undefined)
  }

  retry(): void {
    this.queue.retry(this)
  }

  discard(): void {
    this.queue.discard(this)
  }

  get message(): Message {
    const { queue, cid, c, body, ts, error } = this
    this.picture ??= {
      ...{ type: 'message', key: cid, c, seq: 0, id: '', cid, from: queue.host.me(), own: true, ts, body },
      ...{ status: this.status, error, edited: 0, reactions: [], re: numberOf(body.re) },
    } as Message
    return this.picture
  }

  enter(status: Outgoing['status'], error: MagpieError | null = null): void {
    this.status = status
    this.error = error
    this.picture = null
    if (error) this.settled?.reject(error)
    this.queue.host.onChange(this)
  }

  stored(message: TimelineItem): void {
    if (message.type === 'message') this.settled?.resolve(message)
    this.enter('sent')
  }

  /** `c` became known. */
  place(c: string): void {
    this.c = c
    this.picture = null
  }
}

export class Queue {
  private entries: QueueEntry[] = []
  /** What was loaded or made here and is done: another page's write must not bring it back. */
  private readonly done = new Set<string>()
  private readonly lanes = new Set<string>()
  private user = ''
  private running = false
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(readonly host: QueueHost) {}

  get all(): readonly QueueEntry[] {
    return this.entries
  }

  /** Takes up what the last run of the app left; what was made meanwhile stands behind it. */
  async load(user: string): Promise<void> {
    if (this.user === user) return
    // Without a user what was written waits for him; with another one it is not his.
    if (this.user !== '') this.entries = []
    this.user = user
    const kept = await this.read(`${user}/${KEY}`)
    const known = new Set(this.entries.map((entry) => entry.cid))
    const loaded = kept.filter(({ cid }) => !known.has(cid))
    this.entries = [...loaded.map((stored) => this.revive(stored)), ...this.entries]
    if (this.entries.length > loaded.length) this.save()
    for (const entry of this.entries) this.host.onChange(entry)
  }

  add(target: { c: string; to: string }, body: Body): QueueEntry {
    const { host } = this
    const entry = new QueueEntry(this, host.newId(), body, host.clock.now)
    Object.assign(entry, { ...target, at: host.clock.known ? entry.ts : 0 })
    const full = this.entries.length >= host.limit
    this.entries.push(entry)
    const tooLarge = utf8Length(JSON.stringify(body)) > host.bodyBytesMax()
    if (tooLarge) this.fail(entry, new MagpieError('too_large', `a body may have ${host.bodyBytesMax()} bytes`))
    else if (full) this.fail(entry, new MagpieError('queue_full', `${host.limit} messages wait already`, 'later'))
    else {
      host.onChange(entry)
      this.save()
      this.flush()
    }
    return entry
  }

  retry(entry: QueueEntry): void {
    if (entry.status !== 'failed') return
    Object.assign(entry, { at: this.host.clock.known ? this.host.clock.now : 0, blames: 0 })
    // It may have been taken off, or stand before others that were sent since.
    this.entries = [...this.entries.filter((other) => other !== entry), entry]
    this.done.delete(entry.cid)
    entry.enter('sending')
    this.save()
    this.flush()
  }

  discard(entry: QueueEntry): void {
    if (!this.entries.includes(entry)) return
    this.remove(entry)
    entry.enter('failed', new MagpieError('aborted', 'taken back before it was stored'))
  }

  /** Sends what waits: lanes side by side, inside a lane one by one. */
  flush(): void {
    if (!this.host.synced()) return
    this.expire()
    for (const entry of this.entries) {
      if (!entry.c) entry.place(this.host.resolve(entry.to))
      const lane = entry.c || entry.to
      if (entry.status === 'sending' && !this.lanes.has(lane)) void this.drive(lane)
    }
  }

  /** A receiver's conversation became known. */
  place(to: string, c: string): void {
    for (const entry of this.entries) if (!entry.c && entry.to === to) entry.place(c)
  }

  /** The server ended the connection for a fault of a frame: who was on the line is suspect. */
  blame(code: number): void {
    for (const entry of this.entries.filter(({ inFlight }) => inFlight)) {
      if (++entry.blames >= BLAMES_MAX) {
        this.fail(entry, new MagpieError('bad_request', `the server closed with ${code} whenever this was sent`))
      }
    }
  }

  /** The server's clock became known. */
  settleAges(): void {
    const { clock } = this.host
    for (const entry of this.entries) if (entry.at === 0) entry.at = clock.now - (clock.monotonicMs() - entry.bornMs)
    this.expire()
  }

  /** Time is watched between connect and close only: a closed client leaves no timer behind. */
  run(on: boolean): void {
    this.running = on
    this.expire()
  }

  async forget(): Promise<void> {
    for (const entry of [...this.entries]) this.discard(entry)
    if (this.user) await this.host.vault.remove(`${this.user}/${KEY}`)
  }

  private async drive(lane: string): Promise<void> {
    this.lanes.add(lane)
    let againMs = AGAIN_MS
    try {
      for (;;) {
        const next = this.entries.find((entry) => entry.status === 'sending' && (entry.c || entry.to) === lane)
        if (!next || !this.host.synced()) break
        const error = await this.send(next)
        if (!error) {
          againMs = AGAIN_MS
        } else if (error.code === 'disconnected' || error.code === 'closed') {
          // The next connection flushes again.
          return
        } else if (!error.retryable || HOPELESS.includes(error.code)) {
          this.fail(next, error)
        } else {
          const waitMs = error.afterMs || againMs
          if (!error.afterMs) againMs = Math.min(againMs * 2, AGAIN_CAP_MS)
          await new Promise<void>((resolve) => setTimeout(resolve, waitMs))
        }
      }
    } finally {
      this.lanes.delete(lane)
    }
    // What stood in this lane may know its conversation by now, which is another one.
    this.flush()
  }

  private async send(entry: QueueEntry): Promise<MagpieError | null> {
    const target = entry.c ? { c: entry.c } : { to: entry.to }
    entry.inFlight = true
    try {
      const ack = await this.host.request<ServerFrames['ack']>('send', { ...target, cid: entry.cid, b: entry.body })
      // Taken back while it was on the way: it is stored all the same.
      this.remove(entry)
      this.place(entry.to, ack.c)
      entry.place(ack.c)
      entry.seq = ack.seq
      entry.stored(this.host.onStored(entry, ack))
      return null
    } catch (error) {
      if (error instanceof MagpieError) return error
      throw error
    } finally {
      entry.inFlight = false
    }
  }

  private fail(entry: QueueEntry, error: MagpieError): void {
    if (entry.status !== 'sending') return
    entry.enter('failed', error)
    this.save()
  }

  private remove(entry: QueueEntry): void {
    this.entries = this.entries.filter((other) => other !== entry)
    this.done.add(entry.cid)
    this.save()
  }

  private expire(): void {
    const { clock, expiryMs } = this.host
    clearTimeout(this.timer)
    let nextMs = Infinity
    for (const entry of this.entries) {
      if (entry.status !== 'sending' || entry.inFlight) continue
      const age = clock.known && entry.at > 0 ? clock.now - entry.at : clock.monotonicMs() - entry.bornMs
      if (age < expiryMs) nextMs = Math.min(nextMs, expiryMs - age)
      else this.fail(entry, new MagpieError('expired', 'it waited too long to be sent'))
    }
    if (this.running && nextMs < Infinity) this.timer = setTimeout(() => this.expire(), Math.min(nextMs, 0x7fffffff))
  }

  private revive({ cid, c, to, body, at, error }: Stored): QueueEntry {
    const entry = new QueueEntry(this, cid, body, at || this.host.clock.now)
    Object.assign(entry, { c: c || this.host.resolve(to), to, at })
    if (error) entry.enter('failed', new MagpieError(error.code, error.message, error.retry))
    return entry
  }

  private save(): void {
    this.expire()
    if (this.user === '') return
    void this.write(`${this.user}/${KEY}`)
  }

  /** Another page of the same user may keep its own messages under the same key, and write at the same time. */
  private async write(key: string): Promise<void> {
    const { vault } = this.host
    for (let tries = 0; tries < WRITES_MAX; tries++) {
      const mine = this.entries.map(({ cid, c, to, body, at, error }): Stored => {
        const why = error && { error: { code: error.code, message: error.message, retry: error.retry } }
        return { cid, c, to, body, at, ...why }
      })
      const own = new Set(mine.map(({ cid }) => cid))
      const others = (await this.read(key)).filter(({ cid }) => !own.has(cid) && !this.done.has(cid))
      if (others.length + mine.length === 0) return vault.remove(key)
      await vault.set(key, JSON.stringify([...others, ...mine]))
      const kept = new Set((await this.read(key)).map(({ cid }) => cid))
      if (mine.every(({ cid }) => kept.has(cid))) return
    }
  }

  private async read(key: string): Promise<Stored[]> {
    const stored = parse<Stored[]>(await this.host.vault.get(key))
    return Array.isArray(stored) ? stored.filter((one) => one?.body) : []
  }
}
