// Mini-programs: an object like `wx`, `uni` or `Taro` is given. One socket; its end is an everyday event,
// because the platform closes it some seconds after the app goes to the background.

import type { FileSource, HttpRequest, HttpResponse, Socket, SocketHandlers, Storage, Transport } from '../core/transport.js'

interface SocketTask {
  onOpen(fn: () => void): void
  onMessage(fn: (message: { data: unknown }) => void): void
  onClose(fn: (end?: { code?: number; reason?: string }) => void): void
  onError(fn: (error?: { errMsg?: string }) => void): void
  send(options: { data: string }): void
  close(options: { code?: number }): void
}

interface Answer {
  statusCode: number
  data: unknown
  header?: Record<string, string>
}

interface Task {
  abort?(): void
  onProgressUpdate?(fn: (progress: { totalBytesSent: number }) => void): void
}

interface Callbacks<T> {
  success(result: T): void
  fail(error?: { errMsg?: string }): void
}

/** The part of `wx` that is used. */
export interface MiniProgram {
  connectSocket(options: object): unknown
  onAppShow?(fn: () => void): void
  offAppShow?(fn: () => void): void
  onNetworkStatusChange?(fn: (status: { isConnected: boolean }) => void): void
  offNetworkStatusChange?(fn: (status: { isConnected: boolean }) => void): void
  getStorage?(options: never): unknown
  setStorage?(options: never): unknown
  removeStorage?(options: never): unknown
  request?(options: never): unknown
  uploadFile?(options: never): unknown
  getFileSystemManager?(): unknown
}

const LOST = 1006

export function miniprogramTransport(wx: MiniProgram): Transport {
  return {
    openSocket: (url, subprotocol, handlers) => openSocket(wx, url, subprotocol, handlers),
    onWake: (wake) => onWake(wx, wake),
    request: (request) => send(wx, request),
    uploadFile: (request) => upload(wx, request),
    file: (file) => fileSource(wx, file),
  }
}

function openSocket(wx: MiniProgram, url: string, subprotocol: string, handlers: SocketHandlers): Socket {
  let task: SocketTask | undefined
  let over = false
  const end = (code: number, reason: string): void => {
    if (over) return
    over = true
    handlers.onClose(code, reason)
  }
  const attach = (made: SocketTask): void => {
    task = made
    made.onOpen(() => handlers.onOpen())
    made.onMessage(({ data }) => {
      if (typeof data === 'string') handlers.onText(data)
    })
    made.onClose((closed) => end(closed?.code ?? LOST, closed?.reason ?? ''))
    made.onError((error) => end(LOST, error?.errMsg ?? ''))
    // It was given up before Taro handed it out.
    if (over) made.close({ code: 1000 })
  }
  const made = wx.connectSocket({
    url,
    protocols: [subprotocol],
    // Without a callback some of these platforms answer with a promise instead of a task.
    success: () => undefined,
    fail: (error?: { errMsg?: string }) => end(LOST, error?.errMsg ?? ''),
  }) as SocketTask & Partial<Promise<SocketTask>>
  // `onOpen` is attached in this very step; later it may be missed.
  if (typeof made.onOpen === 'function') attach(made)
  else made.then?.(attach, (error) => end(LOST, String(error)))
  return {
    send: (data) => task?.send({ data }),
    close: (code) => {
      over = true
      task?.close({ code })
    },
  }
}

function onWake(wx: MiniProgram, wake: (looked: boolean) => void): () => void {
  const shown = (): void => wake(true)
  const network = ({ isConnected }: { isConnected: boolean }): void => {
    if (isConnected) wake(false)
  }
  wx.onAppShow?.(shown)
  wx.onNetworkStatusChange?.(network)
  return () => {
    wx.offAppShow?.(shown)
    wx.offNetworkStatusChange?.(network)
  }
}

/** Calls a function of the platform by its callbacks, which all of them have. */
function call<T>(wx: MiniProgram, name: keyof MiniProgram, options: object, started?: (task: Task) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const fn = wx[name] as ((options: object) => unknown) | undefined
    if (!fn) throw new Error(`this platform has no ${name}`)
    const callbacks: Callbacks<T> = {
      success: resolve,
      fail: (error) => reject(new Error(error?.errMsg ?? `${name} failed`)),
    }
    const task = fn.call(wx, { ...options, ...callbacks })
    if (task && started) started(task as Task)
  })
}

function answer({ statusCode, data, header = {} }: Answer): HttpResponse {
  const headers: Record<string, string> = {}
  for (const name of Object.keys(header)) headers[name.toLowerCase()] = String(header[name])
  return { status: statusCode, headers, text: typeof data === 'string' ? data : JSON.stringify(data ?? '') }
}

/** Lets the signal end the task, as long as it runs. */
function abortable(signal: HttpRequest['signal']): { started: (task: Task) => void; done: () => void } {
  let running: Task | undefined
  const abort = (): void => running?.abort?.()
  return {
    started: (task) => {
      running = task
      signal?.addEventListener('abort', abort)
    },
    done: () => signal?.removeEventListener('abort', abort),
  }
}

async function send(wx: MiniProgram, { url, method, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
  const { started, done } = abortable(signal)
  const options = { url, method, header: headers, data: body, dataType: 'text', responseType: 'text' }
  try {
    return answer(await call<Answer>(wx, 'request', options, started))
  } finally {
    done()
  }
}

async function upload(
  wx: MiniProgram,
  { url, headers, path, name, onProgress, signal }: HttpRequest & { path: string; name: string },
): Promise<HttpResponse> {
  const { started, done } = abortable(signal)
  const options = { url, filePath: path, name, header: headers }
  try {
    const got = await call<Answer>(wx, 'uploadFile', options, (task) => {
      started(task)
      if (onProgress) task.onProgressUpdate?.(({ totalBytesSent }) => onProgress(totalBytesSent))
    })
    return answer(got)
  } finally {
    done()
  }
}

/** A path, or what `chooseMedia` and its kin hand out; bytes go up in pieces. */
function fileSource(wx: MiniProgram, file: unknown): FileSource | null {
  if (file instanceof ArrayBuffer) return { size: file.byteLength, slice: (from, to) => file.slice(from, to) }
  const given = (typeof file === 'string' ? { path: file } : file) as {
    path?: string
    tempFilePath?: string
    size?: number
    name?: string
  } | null
  const path = given?.path ?? given?.tempFilePath
  if (path === undefined) return null
  const files = wx.getFileSystemManager?.() as { statSync(path: string): { size: number } } | undefined
  const size = given?.size ?? files?.statSync(path).size ?? 0
  return { path, size, name: given?.name ?? path.replace(/^.*\//, ''), slice: () => undefined }
}

export function miniprogramStorage(wx: MiniProgram): Storage {
  return {
    async get(key) {
      try {
        const { data } = await call<{ data: unknown }>(wx, 'getStorage', { key })
        return typeof data === 'string' ? data : null
      } catch (error) {
        // A key that is not there is a failure on these platforms.
        if (/not found/i.test(String(error))) return null
        throw error
      }
    },
    set: (key, data) => call<undefined>(wx, 'setStorage', { key, data }),
    remove: (key) => call<undefined>(wx, 'removeStorage', { key }),
  }
}
