// The browser: WebSocket, fetch, network and page events, storage. Also what Node has in the same shape.
// Names no type of the DOM library, because the package is compiled where there is none.

import type { FileSource, HttpRequest, HttpResponse, Socket, SocketHandlers, Storage, Transport } from '../core/transport.js'

export interface WebSocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number): void
}

export type WebSocketClass = new (url: string, protocols: string) => WebSocketLike

interface Listens {
  addEventListener(type: string, listener: () => void): void
  removeEventListener(type: string, listener: () => void): void
}

interface IdbRequest {
  result: never
  error: unknown
  onsuccess: (() => void) | null
  onerror: (() => void) | null
  onupgradeneeded: (() => void) | null
}

interface IdbStore {
  get(key: string): IdbRequest
  put(value: string, key: string): IdbRequest
  delete(key: string): IdbRequest
}

interface World extends Partial<Listens> {
  WebSocket?: WebSocketClass
  URL: new (url: string, base?: string) => { href: string; protocol: string }
  crypto?: { getRandomValues(bytes: Uint8Array): Uint8Array }
  performance?: { now(): number }
  document?: Listens & { visibilityState: string; baseURI: string }
  navigator?: { connection?: Listens }
  localStorage?: { getItem(key: string): string | null; setItem(key: string, value: string): void; removeItem(key: string): void }
  indexedDB?: { open(name: string, version: number): IdbRequest }
  fetch(url: string, init: object): Promise<{ status: number; headers: Iterable<[string, string]>; text(): Promise<string> }>
}

const world = globalThis as unknown as World

export function browserTransport(): Transport {
  return {
    ...standardTransport(() => {
      if (!world.WebSocket) throw new Error('this platform has no WebSocket')
      return world.WebSocket
    }),
    onWake,
  }
}

/** What browsers and Node have in common. */
export function standardTransport(WebSocketOf: () => WebSocketClass): Transport {
  return {
    openSocket: (url, subprotocol, handlers) => openSocket(WebSocketOf(), url, subprotocol, handlers),
    randomId,
    monotonicMs: () => world.performance?.now() ?? Date.now(),
    request,
    file: fileSource,
  }
}

/** A relative address is one beside the page. */
function absolute(url: string): string {
  const base = world.document?.baseURI
  return base === undefined ? url : new world.URL(url, base).href
}

function openSocket(WebSocket: WebSocketClass, url: string, subprotocol: string, handlers: SocketHandlers): Socket {
  const socket = new WebSocket(absolute(url).replace(/^http/, 'ws'), subprotocol)
  socket.onopen = () => handlers.onOpen()
  socket.onmessage = ({ data }: { data: unknown }) => {
    if (typeof data === 'string') handlers.onText(data)
  }
  socket.onclose = ({ code, reason }: { code: number; reason: string }) => handlers.onClose(code, reason)
  // The close that follows says all there is to know.
  socket.onerror = () => undefined
  return socket
}

/** `crypto.randomUUID` is missing on plain-http pages, so the bytes are drawn here. */
function randomId(): string {
  const bytes = new Uint8Array(16)
  if (world.crypto) world.crypto.getRandomValues(bytes)
  else for (let at = 0; at < bytes.length; at++) bytes[at] = Math.random() * 256
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function request({ url, method, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
  const response = await world.fetch(absolute(url), {
    method,
    ...(headers && { headers }),
    ...(body !== undefined && { body }),
    ...(signal && { signal }),
  })
  const named: Record<string, string> = {}
  for (const [name, value] of response.headers) named[name.toLowerCase()] = value
  return { status: response.status, headers: named, text: await response.text() }
}

/** A Blob or File, or bytes. */
function fileSource(file: unknown): FileSource | null {
  const blob = file as { size?: unknown; byteLength?: unknown; name?: string; slice?: (from: number, to: number) => unknown }
  const size = blob?.size ?? blob?.byteLength
  if (typeof size !== 'number' || typeof blob.slice !== 'function') return null
  const named = typeof blob.name === 'string' ? { name: blob.name } : {}
  return { size, ...named, slice: (from, to) => blob.slice?.(from, to) }
}

function onWake(wake: (looked: boolean) => void): () => void {
  const { document, navigator } = world
  const network = (): void => wake(false)
  const looked = (): void => {
    if (document?.visibilityState !== 'hidden') wake(true)
  }
  const heard: [Partial<Listens> | undefined, string, () => void][] = [
    [world, 'online', network],
    [world, 'pageshow', looked],
    [document, 'visibilitychange', looked],
    [navigator?.connection, 'change', network],
  ]
  for (const [target, type, listener] of heard) target?.addEventListener?.(type, listener)
  return () => {
    for (const [target, type, listener] of heard) target?.removeEventListener?.(type, listener)
  }
}

/** IndexedDB; where there is none, localStorage; what both refuse is told by the client's `error` event. */
export function browserStorage(database = 'magpie-im'): Storage {
  let opened: Promise<IdbOpen | null> | undefined
  const idb = (): Promise<IdbOpen | null> => (opened ??= openDatabase(database).catch(() => null))
  const local = (): NonNullable<World['localStorage']> => {
    const { localStorage } = world
    if (!localStorage) throw new Error('this platform has no storage')
    return localStorage
  }
  return {
    async get(key) {
      const db = await idb()
      return db ? ((await db('readonly', (store) => store.get(key))) ?? null) : local().getItem(key)
    },
    async set(key, value) {
      const db = await idb()
      if (db) await db('readwrite', (store) => store.put(value, key))
      else local().setItem(key, value)
    },
    async remove(key) {
      const db = await idb()
      if (db) await db('readwrite', (store) => store.delete(key))
      else local().removeItem(key)
    },
  }
}

type IdbOpen = (mode: string, work: (store: IdbStore) => IdbRequest) => Promise<string | undefined>

async function openDatabase(name: string): Promise<IdbOpen | null> {
  if (!world.indexedDB) return null
  const opening = world.indexedDB.open(name, 1)
  opening.onupgradeneeded = () => (opening.result as { createObjectStore(store: string): void }).createObjectStore('kv')
  const db = (await settled(opening)) as unknown as {
    transaction(store: string, mode: string): { objectStore(store: string): IdbStore }
  }
  return (mode, work) => settled(work(db.transaction('kv', mode).objectStore('kv')))
}

function settled(request: IdbRequest): Promise<never> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(new Error(String(request.error)))
  })
}
