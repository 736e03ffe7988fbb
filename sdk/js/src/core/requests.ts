// Requests that wait for their answer on one connection. Knows ids, time limits and the server's limit
// of requests in flight; knows nothing of sockets.

import type { ServerFrames } from '../protocol.gen.js'
import { MagpieError, type Retry } from './errors.js'

export interface Reply {
  t: string
  r?: number
  [field: string]: unknown
}

interface Waiting {
  resolve: (frame: never) => void
  reject: (error: MagpieError) => void
  timer: ReturnType<typeof setTimeout>
}

/** Kept free below the server's limit, so that a ping always gets through. */
const RESERVE = 4

/** What the server says no to, as an error. A type it does not know is an ability it does not have. */
export function refusal(frame: ServerFrames['error']): MagpieError {
  const code = frame.code === 'unknown_type' ? 'unsupported' : frame.code
  return new MagpieError(code, frame.message, (frame.retry ?? 'never') as Retry, frame.after_ms ?? 0)
}

export class Requests {
  private readonly waiting = new Map<number, Waiting>()
  private backlog: (() => void)[] = []
  private nextId = 2
  /** The server's limit; it names it in `ready`. */
  inFlightMax = 64

  constructor(
    private readonly write: (frame: object) => void,
    private readonly onLate: () => void,
  ) {}

  /** `urgent` goes past those that wait for the limit. */
  send<R>(t: string, fields: object, timeoutMs: number, urgent = false): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const go = (): void => {
        const r = this.nextId++
        const timer = setTimeout(() => this.late(r), timeoutMs)
        this.waiting.set(r, { resolve, reject, timer })
        this.write({ t, r, ...fields })
      }
      if (urgent || this.waiting.size < this.inFlightMax - RESERVE) go()
      else this.backlog.push(Object.assign(go, { reject }))
    })
  }

  settle(frame: Reply): void {
    const r = frame.r ?? 0
    const waiting = this.waiting.get(r)
    if (!waiting) return
    this.waiting.delete(r)
    clearTimeout(waiting.timer)
    if (frame.t === 'error') waiting.reject(refusal(frame as unknown as ServerFrames['error']))
    else waiting.resolve(frame as never)
    this.backlog.shift()?.()
  }

  /** The connection ended: nothing is answered any more. */
  abandon(): void {
    const error = new MagpieError('disconnected', 'the connection ended before the answer came', 'later')
    const lost = [...this.waiting.values()]
    const held = this.backlog as unknown as Pick<Waiting, 'reject'>[]
    this.waiting.clear()
    this.backlog = []
    this.nextId = 2
    for (const { reject, timer } of lost) {
      clearTimeout(timer)
      reject(error)
    }
    for (const { reject } of held) reject(error)
  }

  private late(r: number): void {
    const waiting = this.waiting.get(r)
    this.waiting.delete(r)
    waiting?.reject(new MagpieError('timeout', 'no answer in time', 'later'))
    this.backlog.shift()?.()
    this.onLate()
  }
}
