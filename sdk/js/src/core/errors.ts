// The one error class of the SDK. Programs decide by `code` and `retryable`; `message` is for people.

import type { ErrorCode } from '../protocol.gen.js'

/** Codes that the SDK makes itself. */
export type LocalErrorCode =
  /** The connection ended before the answer came, or there is none. */
  | 'disconnected'
  /** No answer in time. */
  | 'timeout'
  /** The client was closed. */
  | 'closed'
  /** This server, or this platform, does not have it. */
  | 'unsupported'
  /** `getToken` threw. */
  | 'token'
  /** The injected storage refused; the SDK works on without it. */
  | 'storage'
  /** The queue of outgoing messages is at its limit. */
  | 'queue_full'
  /** The message waited too long to be sent. */
  | 'expired'
  /** The app took the message or the upload back. */
  | 'aborted'
  /** An HTTP answer that is not the API's. */
  | 'http'
  /** WebRTC or the devices refused. */
  | 'call_failed'

export type Code = ErrorCode | LocalErrorCode | (string & {})

export type Retry = 'never' | 'later' | 'after_ms'

export class MagpieError extends Error {
  override readonly name = 'MagpieError'

  constructor(
    readonly code: Code,
    message: string,
    readonly retry: Retry = 'never',
    /** With `retry` `after_ms`: the wait that the server asked for. */
    readonly afterMs = 0,
  ) {
    super(message)
  }

  /** The same request may succeed later. */
  get retryable(): boolean {
    return this.retry !== 'never'
  }
}
