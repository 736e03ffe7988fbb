// The transports of browsers and Node on what those platforms have.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import * as files from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import WebSocket, { WebSocketServer } from 'ws'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Storage } from '../src/core/transport.js'
import { browserStorage, browserTransport } from '../src/transport/browser.js'
import { fileStorage, nodeTransport } from '../src/transport/node.js'

afterEach(() => void vi.unstubAllGlobals())

class FakeTarget {
  readonly heard = new Map<string, Set<() => void>>()
  addEventListener(type: string, fn: () => void): void {
    this.heard.set(type, (this.heard.get(type) ?? new Set()).add(fn))
  }
  removeEventListener(type: string, fn: () => void): void {
    this.heard.get(type)?.delete(fn)
  }
  fire(type: string): void {
    for (const fn of this.heard.get(type) ?? []) fn()
  }
}

describe('the transport of Node', () => {
  it('opens a socket with the subprotocol, talks, and tells how it ended', async () => {
    const server = new WebSocketServer({ port: 0, handleProtocols: (offered) => [...offered][0] ?? false })
    const { port } = server.address() as AddressInfo
    server.on('connection', (socket) => socket.on('message', (text) => {
      socket.send(`${socket.protocol} ${String(text)}`)
      socket.close(1012, 'retry_after_ms=5')
    }))
    const heard: string[] = []
    await new Promise<void>((resolve) => {
      const socket = nodeTransport(WebSocket as never).openSocket(`ws://127.0.0.1:${port}/`, 'magpie.v1', {
        onOpen: () => socket.send('hi'),
        onText: (text) => void heard.push(text),
        onClose: (code, reason) => {
          heard.push(`${code} ${reason}`)
          resolve()
        },
      })
    })
    expect(heard).toEqual(['magpie.v1 hi', '1012 retry_after_ms=5'])
    server.close()
  })

  it('tells a server that is not there as one close, and throws nothing', async () => {
    const server = new WebSocketServer({ port: 0 })
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const code = await new Promise((resolve) => {
      nodeTransport(WebSocket as never).openSocket(`ws://127.0.0.1:${port}/`, 'magpie.v1', {
        ...{ onOpen: () => undefined, onText: () => undefined, onClose: resolve },
      })
    })
    expect(code).toBe(1006)
  })

  it('asks by HTTP, and reads bytes as files', async () => {
    const server = createServer((request, response) => {
      response.writeHead(204, { 'Upload-Offset': request.headers['upload-offset'] }).end()
    })
    await new Promise<void>((resolve) => void server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    const transport = nodeTransport(WebSocket as never)
    const url = `http://127.0.0.1:${port}/x`
    const source = transport.file?.(Buffer.from('0123456789'))
    expect(source?.size).toBe(10)
    const body = source?.slice(2, 5)
    const answer = await transport.request?.({ method: 'PUT', url, headers: { 'upload-offset': '3' }, body })
    expect(answer).toMatchObject({ status: 204, headers: { 'upload-offset': '3' } })
    expect(transport.file?.('a path')).toBeNull()
    expect(transport.randomId?.()).toMatch(/^[0-9a-f]{32}$/)
    server.close()
  })
})

async function keeps(storage: Storage): Promise<void> {
  expect(await storage.get('小明/queue')).toBeNull()
  await storage.set('小明/queue', 'one')
  await storage.set('小明/queue', '二')
  expect(await storage.get('小明/queue')).toBe('二')
  await storage.remove('小明/queue')
  await storage.remove('小明/queue')
  expect(await storage.get('小明/queue')).toBeNull()
}

describe('files as storage', () => {
  it('keep values, and leave nothing half-written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'magpie-sdk-'))
    const storage = fileStorage(files, join(folder, 'state'))
    await keeps(storage)
    await storage.set('a/../b', 'x')
    expect(await readdir(join(folder, 'state'))).toEqual(['a%2F..%2Fb'])
    await rm(folder, { recursive: true })
  })

  it('say when they cannot be read', async () => {
    const denied = { ...files, readFile: () => Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' })) }
    await expect(fileStorage(denied, '/nowhere').get('x')).rejects.toThrow('denied')
  })
})

describe('the transport of browsers', () => {
  it('wakes the client when the network, the page or the person comes back', () => {
    const page = new FakeTarget()
    const document = Object.assign(new FakeTarget(), { visibilityState: 'hidden', baseURI: 'https://im.test/chat/' })
    const connection = new FakeTarget()
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
    vi.stubGlobal('document', document)
    vi.stubGlobal('navigator', { connection })
    const woken: boolean[] = []
    const off = browserTransport().onWake?.((looked) => void woken.push(looked))
    page.fire('online')
    connection.fire('change')
    document.fire('visibilitychange')
    document.visibilityState = 'visible'
    document.fire('visibilitychange')
    page.fire('pageshow')
    expect(woken).toEqual([false, false, true, true])
    off?.()
    for (const target of [page, document, connection]) expect([...target.heard.values()].every(({ size }) => size === 0)).toBe(true)
  })

  it('opens the socket beside the page when the address is relative', () => {
    const opened: unknown[] = []
    vi.stubGlobal('document', { baseURI: 'https://im.test/chat/index.html' })
    vi.stubGlobal('WebSocket', function fake(...given: unknown[]) {
      opened.push(given)
    })
    const handlers = { onOpen: () => undefined, onText: () => undefined, onClose: () => undefined }
    browserTransport().openSocket('v1/ws', 'magpie.v1', handlers)
    browserTransport().openSocket('wss://other.test/v1/ws', 'magpie.v1', handlers)
    expect(opened).toEqual([
      ['wss://im.test/chat/v1/ws', 'magpie.v1'],
      ['wss://other.test/v1/ws', 'magpie.v1'],
    ])
  })

  it('falls back to localStorage where IndexedDB is missing or refuses, and says when both do', async () => {
    const values = new Map<string, string>()
    const localStorage = {
      getItem: (key: string) => values.get(key) ?? null,
      setItem: (key: string, value: string) => void values.set(key, value),
      removeItem: (key: string) => void values.delete(key),
    }
    await expect(browserStorage().get('x')).rejects.toThrow('no storage')
    vi.stubGlobal('localStorage', localStorage)
    await keeps(browserStorage())
    const refusing = { open: () => {
      const request = { error: 'SecurityError', onerror: null as (() => void) | null }
      void Promise.resolve().then(() => request.onerror?.())
      return request
    } }
    vi.stubGlobal('indexedDB', refusing)
    await keeps(browserStorage())
    vi.stubGlobal('indexedDB', undefined)
    vi.stubGlobal('localStorage', { setItem: () => { throw new Error('QuotaExceededError') } })
    await expect(browserStorage().set('x', 'y')).rejects.toThrow('QuotaExceededError')
  })

  it('keeps values in IndexedDB where there is one', async () => {
    const values = new Map<string, string>()
    const done = (result?: unknown) => {
      const request = { result, onsuccess: null as (() => void) | null, onupgradeneeded: null as (() => void) | null }
      void Promise.resolve().then(() => {
        request.onupgradeneeded?.()
        request.onsuccess?.()
      })
      return request
    }
    const store = {
      get: (key: string) => done(values.get(key)),
      put: (value: string, key: string) => done(values.set(key, value)),
      delete: (key: string) => done(values.delete(key)),
    }
    const made: string[] = []
    const db = { createObjectStore: (name: string) => made.push(name), transaction: () => ({ objectStore: () => store }) }
    vi.stubGlobal('indexedDB', { open: () => done(db) })
    await keeps(browserStorage())
    expect(made).toEqual(['kv'])
  })
})
