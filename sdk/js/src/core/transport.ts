// What the core asks of a platform. Implementations live in src/transport and nowhere else.

/** One socket. All handlers are given when it is opened, so that no event is missed. */
export interface SocketHandlers {
  onOpen(): void
  onText(text: string): void
  /** Comes once, for every end; 1006 when the platform knows no code. */
  onClose(code: number, reason: string): void
}

export interface Socket {
  send(text: string): void
  close(code: number): void
}

export interface HttpRequest {
  method: string
  url: string
  headers?: Record<string, string>
  /** Text, or bytes as the platform has them. */
  body?: unknown
  /** Bytes that were sent so far. */
  onProgress?: (sent: number) => void
  signal?: AbortSignalLike
}

export interface HttpResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  text: string
}

/** The part of an AbortSignal that is used, so that platforms without one can bring their own. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A file as the platform has it: a Blob, a Buffer, or a path in a mini-program. */
export interface FileSource {
  readonly size: number
  readonly name?: string
  /** Bytes `from` (included) to `to` (not included), as `HttpRequest.body` takes them. */
  slice(from: number, to: number): unknown
  /** A path: then the whole file goes up in one request by `uploadFile`. */
  readonly path?: string
}

export interface Transport {
  openSocket(url: string, subprotocol: string, handlers: SocketHandlers): Socket
  /** Calls `wake` when the network or the app came back; returns the remover. `looked`: a person is back at the app. */
  onWake?(wake: (looked: boolean) => void): () => void
  /** A random id of 32 hex digits; `Math.random` is the substitute. */
  randomId?(): string
  /** A clock that only runs forward, ms. */
  monotonicMs?(): number
  /** HTTP, for media. */
  request?(request: HttpRequest): Promise<HttpResponse>
  /** `wx.uploadFile`: one file as multipart/form-data. */
  uploadFile?(request: HttpRequest & { path: string; name: string }): Promise<HttpResponse>
  /** Makes a file source of what the platform calls a file. */
  file?(file: unknown): FileSource | null
}

/** Where the SDK keeps device id, outgoing queue and cache; sync or async. */
export interface Storage {
  get(key: string): string | null | Promise<string | null>
  set(key: string, value: string): void | Promise<void>
  remove(key: string): void | Promise<void>
}
