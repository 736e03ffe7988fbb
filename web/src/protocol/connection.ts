// One WebSocket that is kept alive: hello, requests with ids and timeouts, heartbeat, resume cursor
// and reconnect. It knows nothing of messages; what the server says unasked goes to `onEvent`.

import { backoffMs, closeRule } from './retry'
import { DURABLE_EVENTS, SUBPROTOCOL, type Pong, type Ready, type ServerEvent, type Sync } from './types'

export type ConnectionState = 'idle' | 'connecting' | 'online' | 'waiting' | 'closed'

export interface Status {
  state: ConnectionState
  /** When `waiting`: the time of the next try, Unix ms. */
  retryAtMs: number
  /** Why the last socket ended. */
  code: number
  reason: string
}

/** The part of WebSocket that is used; tests bring their own. */
export interface SocketLike {
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  send(text: string): void
  close(code?: number): void
}

export interface ConnectionOptions {
  openSocket: (subprotocol: string) => SocketLike
  /** Fields of the hello besides the cursor. */
  hello: () => Record<string, unknown>
  onReady: (ready: Ready) => void
  onEvent: (event: ServerEvent) => void
  onStatus: (status: Status) => void
  random?: () => number
}

/** A request that failed; `code` is the server's, or `disconnected` or `timeout`. */
export class RequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retry: string = 'never',
    readonly afterMs: number = 0,
  ) {
    super(message)
  }

  /** The connection failed, not the request: the same request may be tried on the next one. */
  get isTransport(): boolean {
    return this.code === 'disconnected' || this.code === 'timeout'
  }
}

interface Waiting {
  resolve: (frame: never) => void
  reject: (error: RequestError) => void
  timer: ReturnType<typeof setTimeout>
}

interface Frame {
  t: string
  r?: number
}

interface ErrorFrame extends Frame {
  code: string
  message: string
  retry?: string
  after_ms?: number
}

const HELLO_R = 1
const CONNECT_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 10_000
const PROBE_TIMEOUT_MS = 4_000
/** A connection that held this long was a good one: the next wait starts small again. */
const STABLE_MS = 5_000

export class Connection {
  private socket: SocketLike | null = null
  private state: ConnectionState = 'idle'
  private attempt = 0
  private nextRequest = HELLO_R + 1
  private readonly waiting = new Map<number, Waiting>()
  private timers: ReturnType<typeof setTimeout>[] = []
  private heartbeat: ReturnType<typeof setInterval> | undefined
  private cursor: string | undefined
  private durableCount = 0
  private readonly random: () => number

  constructor(private readonly options: ConnectionOptions) {
    this.random = options.random ?? Math.random
  }

  start(): void {
    if (this.state === 'online' || this.state === 'connecting') return
    this.attempt = 0
    this.connect()
  }

  stop(): void {
    this.dropSocket()
    this.cursor = undefined
    this.enter('idle')
  }

  /** The network came back or the page was looked at: try now; when online, see whether it is true. */
  nudge(): void {
    // What failed until now says nothing about the network that just came.
    if (this.state !== 'online') this.attempt = 0
    if (this.state === 'waiting') this.connect()
    else if (this.state === 'online') this.ping(PROBE_TIMEOUT_MS)
  }

  /** Sends a request; the promise settles with its reply, its refusal, or the end of the socket. */
  request<T>(t: string, fields: object = {}, timeoutMs = REQUEST_TIMEOUT_MS): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.state !== 'online') {
        reject(new RequestError('disconnected', 'not connected', 'later'))
        return
      }
      const r = this.nextRequest++
      const timer = setTimeout(() => this.onTimeout(r), timeoutMs)
      this.waiting.set(r, { resolve, reject, timer })
      this.write({ t, r, ...fields })
    })
  }

  /** Sends a frame that has no reply; says whether there was a connection to put it on. */
  post(t: string, fields: object): boolean {
    if (this.state !== 'online') return false
    this.write({ t, ...fields })
    return true
  }

  private connect(): void {
    this.dropSocket()
    this.nextRequest = HELLO_R + 1
    this.durableCount = 0
    this.enter('connecting')
    const socket = this.options.openSocket(SUBPROTOCOL)
    this.socket = socket
    // Handlers of a socket that was given up must not speak for its successor.
    const current = (): boolean => this.socket === socket
    socket.onopen = () => {
      if (!current()) return
      const cursor = this.cursor === undefined ? {} : { cursor: this.cursor }
      this.write({ t: 'hello', r: HELLO_R, ...this.options.hello(), ...cursor })
    }
    socket.onmessage = (event) => {
      if (current() && typeof event.data === 'string') this.onText(event.data)
    }
    socket.onclose = (event) => {
      if (current()) this.onClosed(event.code, event.reason)
    }
    this.timers.push(setTimeout(() => this.reconnect('no answer to hello'), CONNECT_TIMEOUT_MS))
  }

  private onText(text: string): void {
    let frame: Frame
    try {
      frame = JSON.parse(text) as Frame
    } catch {
      this.reconnect('a frame that is not JSON')
      return
    }
    if (this.state === 'connecting') {
      this.onHelloReply(frame)
      return
    }
    if (frame.r !== undefined) {
      this.onReply(frame)
      return
    }
    if (DURABLE_EVENTS.has(frame.t)) this.durableCount++
    if (frame.t === 'sync') this.onSync(frame as unknown as Sync)
    if (frame.t !== 'error' && frame.t !== 'pong') this.options.onEvent(frame as unknown as ServerEvent)
  }

  private onHelloReply(frame: Frame): void {
    if (frame.t === 'ready') {
      this.clearTimers()
      const ready = frame as unknown as Ready
      this.enter('online')
      this.timers.push(setTimeout(() => (this.attempt = 0), STABLE_MS))
      this.heartbeat = setInterval(() => this.ping(REQUEST_TIMEOUT_MS), Math.max(1_000, ready.heartbeat_ms))
      this.options.onReady(ready)
    } else if (frame.t === 'error') {
      const error = frame as ErrorFrame
      const final = (error.retry ?? 'never') === 'never'
      if (!final) return this.reconnect(error.code)
      this.dropSocket()
      this.enter('closed', error.code === 'token_expired' ? 4003 : 4500, error.code)
    }
  }

  private onReply(frame: Frame): void {
    const waiting = this.waiting.get(frame.r ?? 0)
    if (!waiting) return
    this.waiting.delete(frame.r ?? 0)
    clearTimeout(waiting.timer)
    if (frame.t === 'error') {
      const error = frame as ErrorFrame
      waiting.reject(new RequestError(error.code, error.message, error.retry, error.after_ms))
    } else {
      waiting.resolve(frame as never)
    }
  }

  private onSync(sync: Sync): void {
    // Until the last page of a complete sync there is no point to resume from.
    if (sync.gap) this.cursor = undefined
    if (!sync.more && sync.cur !== undefined) this.cursor = sync.cur
  }

  private onTimeout(r: number): void {
    const waiting = this.waiting.get(r)
    this.waiting.delete(r)
    waiting?.reject(new RequestError('timeout', 'no answer in time', 'later'))
    // Replies come in order: an answer that is missing means that the line is dead.
    this.reconnect('no answer in time')
  }

  private ping(timeoutMs: number): void {
    this.request<Pong>('ping', {}, timeoutMs).then(
      (pong) => this.onPong(pong),
      () => undefined,
    )
  }

  /** A count that differs means that an event was lost on the way: resume brings it. */
  private onPong(pong: Pong): void {
    if (pong.n !== undefined && pong.n !== this.durableCount) {
      this.reconnect('an event was lost')
    } else if (pong.cur !== undefined) {
      this.cursor = pong.cur
    }
  }

  private onClosed(code: number, reason: string): void {
    this.dropSocket()
    const rule = closeRule(code, reason)
    if (!rule.again) {
      this.enter('closed', code, reason)
      return
    }
    // An expired token is no fault of the line; whoever owns the token decides.
    if (code === 4003) {
      this.enter('closed', code, reason)
      return
    }
    this.waitAndConnect(code, reason, rule.afterMs)
  }

  private reconnect(reason: string): void {
    if (this.state !== 'online' && this.state !== 'connecting') return
    this.dropSocket()
    this.waitAndConnect(1006, reason)
  }

  private waitAndConnect(code: number, reason: string, afterMs?: number): void {
    const waitMs = afterMs ?? backoffMs(this.attempt, this.random)
    this.attempt++
    this.timers.push(setTimeout(() => this.connect(), waitMs))
    this.enter('waiting', code, reason, Date.now() + waitMs)
  }

  private enter(state: ConnectionState, code = 0, reason = '', retryAtMs = 0): void {
    this.state = state
    this.options.onStatus({ state, retryAtMs, code, reason })
  }

  private write(frame: object): void {
    this.socket?.send(JSON.stringify(frame))
  }

  private dropSocket(): void {
    this.clearTimers()
    const socket = this.socket
    this.socket = null
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close(1000)
    }
    const lost = [...this.waiting.values()]
    this.waiting.clear()
    for (const waiting of lost) {
      clearTimeout(waiting.timer)
      waiting.reject(new RequestError('disconnected', 'the connection ended', 'later'))
    }
  }

  private clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer)
    this.timers = []
    clearInterval(this.heartbeat)
  }
}
