// One socket that is kept alive: token, hello, heartbeat, resume cursor, reconnect. The only place that
// changes the state of the client. Knows nothing of messages; what the server says goes to `onFrame`.

import { DURABLE_EVENTS, SUBPROTOCOL, type ServerFrames } from '../protocol.gen.js'
import type { ClientOptions, State, Status } from '../types.js'
import { backoffMs, blamesFrame, closeRule } from './backoff.js'
import type { Clock } from './clock.js'
import { MagpieError } from './errors.js'
import { refusal, Requests, type Reply } from './requests.js'
import type { Socket, Transport } from './transport.js'

export interface ConnectionOptions {
  url: string
  transport: Transport
  clock: Clock
  random: () => number
  getToken: ClientOptions['getToken']
  /** Fields of the hello besides token and cursor. */
  hello: () => object
  /** Comes before `online`; false when this connection is of no use: connect again. */
  onReady: (ready: ServerFrames['ready']) => boolean
  onFrame: (frame: Reply) => void
  onStatus: (status: Status) => void
  /** A new point to resume from. */
  onCursor: () => void
  /** The server closed for a fault of what was just sent. */
  onBlame: (code: number) => void
  onError: (error: MagpieError) => void
}

export const REQUEST_TIMEOUT_MS = 10_000
const TOKEN_TIMEOUT_MS = 30_000
const PROBE_TIMEOUT_MS = 4_000
/** A connection that held this long was a good one: the next wait starts small again. */
const STABLE_MS = 5_000
const TIMER_MAX_MS = 0x7fffffff
const LOST = 1006
const TOKEN_EXPIRED = 4003
const TOKEN_REFUSED = 4500
const SIGNED_OUT = 4506
const MADE_ROOM = 4505
const IDLE: Status = { state: 'idle', synced: false, retryInMs: 0, code: 0, reason: '' }

export class Connection {
  status: Status = IDLE
  /** Where to resume from. */
  cursor: string | undefined
  private socket: Socket | null = null
  /** Rises with each try; what belongs to an older one must not speak any more. */
  private turn = 0
  private attempt = 0
  private repairs = 0
  private durableCount = 0
  private renew = false
  /** The token was renewed already and was still found expired. */
  private renewed = false
  private refused: MagpieError | null = null
  private readonly timers = new Set<ReturnType<typeof setTimeout>>()
  private readonly requests: Requests

  constructor(private readonly options: ConnectionOptions) {
    this.requests = new Requests(
      (frame) => this.write(frame),
      () => this.ping(PROBE_TIMEOUT_MS),
    )
  }

  start(): void {
    const { state } = this.status
    if (state === 'online' || state === 'connecting') return
    this.attempt = 0
    void this.connect()
  }

  stop(): void {
    this.drop()
    this.enter('closed', 1000, 'closed by the app')
  }

  /** Begins anew at once, for a reason of the client's own. */
  restart(): void {
    this.drop()
    void this.connect()
  }

  /** The network or the app came back: try now; when online, see whether it is true. */
  nudge(looked: boolean): void {
    const { state, code } = this.status
    // What failed until now says nothing about the network that just came.
    if (state === 'waiting' || (looked && state === 'closed' && code === MADE_ROOM)) this.start()
    else if (state === 'online') this.ping(PROBE_TIMEOUT_MS)
  }

  request<R>(t: string, fields: object = {}, timeoutMs = REQUEST_TIMEOUT_MS): Promise<R> {
    const { state, reason } = this.status
    if (state === 'online') return this.requests.send<R>(t, fields, timeoutMs)
    if (state !== 'closed') return Promise.reject(new MagpieError('disconnected', 'not connected', 'later'))
    return Promise.reject(new MagpieError('closed', `the client is closed: ${reason}`))
  }

  /** Sends a frame that has no reply, if there is a connection to put it on. */
  post(t: string, fields: object): void {
    if (this.status.state === 'online') this.write({ t, ...fields })
  }

  private async connect(): Promise<void> {
    this.drop()
    const { turn } = this
    this.enter('connecting', this.status.code, this.status.reason)
    this.after(TOKEN_TIMEOUT_MS, () => this.lose('getToken gave no answer'))
    let token: string | null
    try {
      token = await this.options.getToken({ renew: this.renew })
    } catch (error) {
      if (turn !== this.turn) return
      this.options.onError(new MagpieError('token', `getToken failed: ${String(error)}`, 'later'))
      this.lose('getToken failed')
      return
    }
    if (turn !== this.turn) return
    this.clearTimers()
    if (token === null) this.end(TOKEN_REFUSED, 'nobody is signed in')
    else this.open(token, turn)
  }

  private open(token: string, turn: number): void {
    const { transport, url, hello } = this.options
    this.durableCount = 0
    this.refused = null
    this.after(REQUEST_TIMEOUT_MS, () => this.lose('no answer to hello'))
    // Handlers of a socket that was given up must not speak for its successor.
    const mine = (): boolean => turn === this.turn
    try {
      this.socket = transport.openSocket(url, SUBPROTOCOL, {
        onOpen: () => {
          if (!mine()) return
          const cursor = this.cursor === undefined ? {} : { cursor: this.cursor }
          this.write({ t: 'hello', r: 1, token, ...hello(), ...cursor })
        },
        onText: (text) => {
          if (mine()) this.onText(text)
        },
        onClose: (code, reason) => {
          if (mine()) this.onClosed(code, reason)
        },
      })
    } catch (error) {
      this.options.onError(new MagpieError('unsupported', `no socket could be opened: ${String(error)}`, 'later'))
      this.lose('no socket could be opened')
    }
  }

  private onText(text: string): void {
    let frame: Reply
    try {
      frame = JSON.parse(text) as Reply
    } catch {
      this.lose('a frame that is not JSON')
      return
    }
    if (this.status.state === 'connecting') this.onHelloReply(frame)
    else if (frame.r !== undefined) this.requests.settle(frame)
    else this.onEvent(frame)
  }

  private onHelloReply(frame: Reply): void {
    if (frame.t === 'error') {
      // The close code that follows says what it means.
      this.refused = refusal(frame as unknown as ServerFrames['error'])
    } else if (frame.t === 'ready') {
      this.onReady(frame as unknown as ServerFrames['ready'])
    }
  }

  private onReady(ready: ServerFrames['ready']): void {
    const { clock, onReady } = this.options
    this.clearTimers()
    clock.set(ready.now)
    this.renew = this.renewed = false
    this.requests.inFlightMax = ready.limits?.in_flight ?? this.requests.inFlightMax
    if (!onReady(ready)) {
      this.restart()
      return
    }
    this.enter('online')
    this.after(STABLE_MS, () => (this.attempt = 0))
    this.beat(Math.max(1_000, ready.heartbeat_ms || 30_000))
    this.renewBefore(ready.expires)
  }

  private onEvent(frame: Reply): void {
    if (DURABLE_EVENTS.includes(frame.t)) this.durableCount++
    if (frame.t === 'error') {
      this.options.onError(refusal(frame as unknown as ServerFrames['error']))
      return
    }
    if (frame.t !== 'sync') {
      this.options.onFrame(frame)
      return
    }
    const sync = frame as unknown as ServerFrames['sync']
    // Until the last page of a complete sync there is no point to resume from.
    if (sync.gap) this.cursor = undefined
    if (!sync.more) {
      if (sync.cur !== undefined) this.cursor = sync.cur
      this.status = { ...this.status, synced: true }
    }
    this.options.onFrame(frame)
    if (sync.more) return
    this.options.onStatus(this.status)
    this.options.onCursor()
  }

  private beat(everyMs: number): void {
    this.after(everyMs, () => {
      this.ping(REQUEST_TIMEOUT_MS)
      this.beat(everyMs)
    })
  }

  private ping(timeoutMs: number): void {
    if (this.status.state !== 'online') return
    const { turn } = this
    this.requests.send<ServerFrames['pong']>('ping', {}, timeoutMs, true).then(
      (pong) => {
        if (turn === this.turn) this.onPong(pong)
      },
      () => {
        if (turn === this.turn) this.lose('no answer in time')
      },
    )
  }

  /** A count that differs means that an event was lost on the way: resume brings it. */
  private onPong(pong: ServerFrames['pong']): void {
    if (pong.n !== undefined && pong.n !== this.durableCount) {
      // The first repair is at once; one that does not help must not become a storm.
      this.lose('an event was lost', this.repairs++ === 0 ? 0 : undefined)
      return
    }
    this.repairs = 0
    if (pong.now) this.options.clock.set(pong.now)
    if (pong.cur === undefined) return
    this.cursor = pong.cur
    this.options.onCursor()
  }

  /** Renews the token on the live connection, in good time before the server ends it. */
  private renewBefore(expires: number | undefined): void {
    if (!expires) return
    const leftMs = expires - this.options.clock.now
    const dueMs = leftMs - Math.min(60_000, leftMs / 5)
    if (dueMs > TIMER_MAX_MS) this.after(TIMER_MAX_MS, () => this.renewBefore(expires))
    else this.after(Math.max(0, dueMs), () => void this.authenticate(expires))
  }

  private async authenticate(expires: number): Promise<void> {
    const { turn } = this
    try {
      const token = await this.options.getToken({ renew: true })
      if (turn !== this.turn || token === null) return
      const ok = await this.request<ServerFrames['ok']>('auth', { token })
      // A token that ends no later would be asked for again at once.
      if (turn === this.turn && ok.expires && ok.expires > expires) this.renewBefore(ok.expires)
    } catch (error) {
      // The old token still holds; when it ends, the connection does, and the next one asks again.
      if (turn !== this.turn) return
      const code = error instanceof MagpieError ? error.code : 'token'
      this.options.onError(new MagpieError(code, `the token could not be renewed: ${String(error)}`, 'later'))
    }
  }

  private onClosed(code: number, reason: string): void {
    const { refused } = this
    let judged = code
    // Not every platform tells the code; the refusal before it says the same.
    if (refused && !refused.retryable && (code < 4000 || code > 4999)) {
      judged = refused.code === 'token_expired' ? TOKEN_EXPIRED : refused.code === 'signed_out' ? SIGNED_OUT : TOKEN_REFUSED
    }
    const why = reason || refused?.code || ''
    const rule = closeRule(judged, reason)
    if (!rule.again) {
      this.end(judged, why)
      return
    }
    if (blamesFrame(judged)) this.options.onBlame(judged)
    this.drop()
    if (judged === TOKEN_EXPIRED && !this.renewed) {
      this.renew = this.renewed = true
      this.wait(judged, why, 0)
    } else {
      this.wait(judged, why, rule.afterMs ?? (refused?.afterMs || undefined))
    }
  }

  private end(code: number, reason: string): void {
    this.drop()
    this.enter('closed', code, reason)
  }

  private lose(reason: string, afterMs?: number): void {
    this.drop()
    this.wait(LOST, reason, afterMs)
  }

  private wait(code: number, reason: string, afterMs = backoffMs(this.attempt, this.options.random)): void {
    this.attempt++
    this.after(afterMs, () => void this.connect())
    this.enter('waiting', code, reason, afterMs)
  }

  private enter(state: State, code = 0, reason = '', retryInMs = 0): void {
    this.status = { state, synced: false, retryInMs, code, reason }
    this.options.onStatus(this.status)
  }

  private write(frame: object): void {
    try {
      this.socket?.send(JSON.stringify(frame))
    } catch {
      // A socket that takes nothing any more is about to tell its close; the time limit stands behind it.
    }
  }

  private drop(): void {
    this.turn++
    this.clearTimers()
    const { socket } = this
    this.socket = null
    try {
      socket?.close(1000)
    } catch {
      // It was not open: there is nothing to close.
    }
    // Requests fail into a state that is not online, so that nobody asks again on what is gone.
    if (this.status.state === 'online') this.status = { ...this.status, state: 'connecting', synced: false }
    this.requests.abandon()
  }

  private after(ms: number, fn: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      fn()
    }, ms)
    this.timers.add(timer)
  }

  private clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
  }
}
