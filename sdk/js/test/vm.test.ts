// The core and the mini-program's bundle in an empty world: only timers and console, and then `wx`.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SocketHandlers } from '../src/core/transport.js'
import { C, entry, message, ready, sync, T0, texts, type Frame } from './fake.js'

const src = fileURLToPath(new URL('../src', import.meta.url))
const bundles = new Map<string, string>()

async function bundle(file: string): Promise<string> {
  const known = bundles.get(file)
  if (known !== undefined) return known
  const { outputFiles } = await build({
    ...{ entryPoints: [`${src}/${file}`], bundle: true, format: 'cjs', target: 'es2018', write: false },
  })
  const text = outputFiles[0]?.text ?? ''
  bundles.set(file, text)
  return text
}

/** Runs a bundle where there is nothing but timers, console and what is given. */
async function load<T>(file: string, given: object = {}): Promise<{ exports: T; context: object }> {
  const module = { exports: {} as T }
  const context = vm.createContext({ module, exports: module.exports, setTimeout, clearTimeout, console, ...given })
  vm.runInContext(await bundle(file), context)
  return { exports: module.exports, context }
}

beforeEach(() => void vi.useFakeTimers({ now: T0, toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
afterEach(() => void vi.useRealTimers())

type Core = typeof import('../src/core.js')
type Mini = typeof import('../src/miniprogram.js')

class FakeTask {
  readonly sent: Frame[] = []
  closed: { code?: number }[] = []
  private readonly heard: Record<string, (value: never) => void> = {}

  constructor(readonly options: { url: string; protocols: string[]; fail: (error: object) => void }) {}

  onOpen(fn: () => void): void {
    this.heard.open = fn
  }
  onMessage(fn: (value: never) => void): void {
    this.heard.message = fn
  }
  onClose(fn: (value: never) => void): void {
    this.heard.close = fn
  }
  onError(fn: (value: never) => void): void {
    this.heard.error = fn
  }
  send({ data }: { data: string }): void {
    this.sent.push(JSON.parse(data) as Frame)
  }
  close(options: { code?: number }): void {
    this.closed.push(options)
  }

  fire(event: string, value: unknown = {}): void {
    const fn = this.heard[event]
    if (!fn) throw new Error(`nobody listens for ${event}`)
    fn(value as never)
  }

  tell(frame: object): void {
    this.fire('message', { data: JSON.stringify(frame) })
  }

  greet(): void {
    this.fire('open')
    this.tell(ready())
    this.tell(sync([entry()]))
  }
}

function fakeWx() {
  const tasks: FakeTask[] = []
  const values = new Map<string, string>()
  const shown = new Set<() => void>()
  const network = new Set<(status: { isConnected: boolean }) => void>()
  const wx = {
    connectSocket: (options: never): unknown => {
      const task = new FakeTask(options)
      tasks.push(task)
      return task
    },
    onAppShow: (fn: () => void) => void shown.add(fn),
    offAppShow: (fn: () => void) => void shown.delete(fn),
    onNetworkStatusChange: (fn: () => void) => void network.add(fn),
    offNetworkStatusChange: (fn: () => void) => void network.delete(fn),
    getStorage: ({ key, success, fail }: { key: string; success: (r: object) => void; fail: (e: object) => void }) =>
      values.has(key) ? success({ data: values.get(key) }) : fail({ errMsg: 'getStorage:fail data not found' }),
    setStorage: ({ key, data, success }: { key: string; data: string; success: (r: object) => void }) => {
      values.set(key, data)
      success({})
    },
    removeStorage: ({ key, success }: { key: string; success: (r: object) => void }) => {
      values.delete(key)
      success({})
    },
  }
  return { wx, tasks, values, shown, network }
}

const settle = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0))

async function miniprogram() {
  const fake = fakeWx()
  const { exports } = await load<Mini>('miniprogram.ts', { wx: fake.wx })
  const client = exports.createClient({ url: 'https://im.test', getToken: () => 'token-1', wx: fake.wx as never, random: () => 0.5 })
  const connected = client.connect()
  await settle()
  return { ...fake, client, connected, exports }
}

describe('the core', () => {
  it('works where there are only timers and a console', async () => {
    const { exports, context } = await load<Core>('core.ts')
    expect(vm.runInContext('typeof URL + typeof TextEncoder + typeof fetch + typeof crypto + typeof process', context)).toBe(
      'undefined'.repeat(5),
    )
    const sent: Frame[] = []
    let handlers: Pick<SocketHandlers, 'onOpen' | 'onText'> = { onOpen: () => undefined, onText: () => undefined }
    const client = exports.createCoreClient({
      url: 'https://im.test/chat/',
      getToken: () => 'token-1',
      transport: {
        openSocket: (url, _, given) => {
          expect(url).toBe('wss://im.test/chat/v1/ws')
          handlers = given
          return { send: (text: string) => void sent.push(JSON.parse(text) as Frame), close: () => undefined }
        },
      },
    })
    const connected = client.connect()
    await settle()
    handlers.onOpen()
    handlers.onText(JSON.stringify(ready()))
    handlers.onText(JSON.stringify(sync([entry()])))
    await connected
    const out = client.send(C, '你好 👋')
    expect(out.cid).toMatch(/^[0-9a-f]{32}$/)
    handlers.onText(JSON.stringify({ t: 'ack', r: sent.at(-1)?.r, c: C, id: 'm', seq: 11, ts: T0 }))
    await out.promise
    expect(texts(client.timeline(C).view.items)).toEqual(['text 10', '你好 👋'])
  })
})

describe('the mini-program', () => {
  it('opens one socket, listens in the same step, and talks', async () => {
    const { tasks, client, connected } = await miniprogram()
    expect(tasks).toHaveLength(1)
    expect(tasks[0]?.options).toMatchObject({ url: 'wss://im.test/v1/ws', protocols: ['magpie.v1'] })
    tasks[0]?.greet()
    await connected
    tasks[0]?.tell({ t: 'msg', ...message(11) })
    expect(texts(client.timeline(C).view.items)).toEqual(['text 10', 'text 11'])
  })

  it('comes back at once when the app is shown again after the platform closed its socket', async () => {
    const { tasks, client, connected, shown } = await miniprogram()
    tasks[0]?.greet()
    await connected
    tasks[0]?.fire('close', { code: 1006, reason: 'interrupted' })
    expect(client.state).toBe('waiting')
    for (const fn of shown) fn()
    await settle()
    expect(tasks).toHaveLength(2)
    tasks[1]?.fire('open')
    expect(tasks[1]?.sent[0]).toMatchObject({ t: 'hello', cursor: 'cur-1' })
  })

  it('comes back when there is a network again, not when it goes', async () => {
    const { tasks, connected, network } = await miniprogram()
    tasks[0]?.greet()
    await connected
    tasks[0]?.fire('close')
    for (const fn of network) fn({ isConnected: false })
    await settle()
    expect(tasks).toHaveLength(1)
    for (const fn of network) fn({ isConnected: true })
    await settle()
    expect(tasks).toHaveLength(2)
  })

  it('takes an error and the close behind it as one end', async () => {
    const fake = fakeWx()
    const { exports } = await load<Mini>('miniprogram.ts')
    const ends: unknown[] = []
    exports.miniprogramTransport(fake.wx as never).openSocket('wss://im.test', 'magpie.v1', {
      ...{ onOpen: () => undefined, onText: () => undefined, onClose: (...end) => void ends.push(end) },
    })
    fake.tasks[0]?.fire('error', { errMsg: 'broken' })
    fake.tasks[0]?.fire('close', { code: 1006 })
    expect(ends).toEqual([[1006, 'broken']])
  })

  it('waits when the platform takes no further socket', async () => {
    const { tasks, client } = await miniprogram()
    tasks[0]?.options.fail({ errMsg: 'connectSocket:fail exceed max' })
    expect(client.status).toMatchObject({ state: 'waiting', reason: 'connectSocket:fail exceed max' })
  })

  it('keeps device, queue and cache in the storage of the platform', async () => {
    const { tasks, client, connected, values } = await miniprogram()
    tasks[0]?.greet()
    await connected
    client.send(C, 'hi')
    await vi.advanceTimersByTimeAsync(3_000)
    expect([...values.keys()].sort()).toEqual(['magpie.device', 'magpie.user', 'magpie.小明/cache', 'magpie.小明/queue'])
  })

  it('lets go of everything when it is closed', async () => {
    const { tasks, client, connected, shown, network } = await miniprogram()
    tasks[0]?.greet()
    await connected
    client.close()
    expect([shown.size, network.size]).toEqual([0, 0])
    expect(tasks[0]?.closed).toEqual([{ code: 1000 }])
  })

  it('works with a platform that hands its socket out by a promise', async () => {
    const fake = fakeWx()
    const { exports } = await load<Mini>('miniprogram.ts')
    const connectSocket = (options: never): unknown => Promise.resolve(fake.wx.connectSocket(options))
    const Taro = { connectSocket } as never
    const client = exports.createClient({ url: 'https://im.test', getToken: () => 't', wx: Taro, storage: null })
    const connected = client.connect()
    await settle()
    fake.tasks[0]?.greet()
    await connected
    expect(client.status.synced).toBe(true)
  })
})

describe('the names of platforms', () => {
  it('stand in the transports and nowhere else', async () => {
    const fs = createRequire(import.meta.url)('node:fs') as typeof import('node:fs')
    const files = (fs.readdirSync(src, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts'))
    const named = files.filter((name) => {
      const code = fs.readFileSync(`${src}/${name}`, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      return /\b(window|document|navigator|localStorage|indexedDB|globalThis|process|Buffer)\b|\bwx\.|node:/.test(code)
    })
    expect(named.sort()).toEqual(['transport/browser.ts', 'transport/miniprogram.ts'])
  })
})
