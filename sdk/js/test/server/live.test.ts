// The SDK against the real binary.
import { execFile } from 'node:child_process'
import * as files from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fileStorage, type Client, type Message } from '../../src/node.js'
import { serverOfThisFile, until } from './server.js'

const { server, clients, signedIn } = serverOfThisFile()
const root = fileURLToPath(new URL('../..', import.meta.url))

function texts(client: Client, c: string): string[] {
  const { items } = client.timeline(c).view
  return items.filter((item): item is Message => item.type === 'message').map(({ body }) => body.x)
}

describe('against the real server', () => {
  it('two users talk while the server is killed and comes back: every message once and in order', async () => {
    const ming = await signedIn('小明')
    const hua = await signedIn('翠花')
    const heard: string[] = []
    hua.on('message', ({ body, own }) => {
      if (!own) heard.push(body.x)
    })
    const wanted = Array.from({ length: 300 }, (_, at) => `message ${at}`)
    const outs = wanted.map((text, at) => {
      // The first third is on its way when the server dies, the rest is written while it is dead.
      return at < 100 ? ming.send({ to: '翠花' }, text) : null
    })
    await outs[20]?.promise
    await server.kill()
    await until(ming, 'state', () => ming.state === 'waiting')
    const rest = wanted.slice(100, 200).map((text) => ming.send({ to: '翠花' }, text))
    await server.start()
    ming.nudge()
    await Promise.all([...outs.slice(0, 100), ...rest].map((out) => out?.promise))
    const last = wanted.slice(200).map((text) => ming.send({ to: '翠花' }, text))
    await Promise.all(last.map(({ promise }) => promise))
    await until(hua, 'message', () => heard.length >= wanted.length)
    expect(heard).toEqual(wanted)
    const c = outs[0]?.c ?? ''
    expect(texts(ming, c).slice(-300)).toEqual(wanted)
    expect(new Set(ming.timeline(c).view.items.map(({ key }) => key)).size).toBe(ming.timeline(c).view.items.length)
    expect(ming.outgoing).toEqual([])
  })

  it('what was written offline is sent after a restart of the app, and the cache opens without a server', async () => {
    const folder = await files.mkdtemp(join(tmpdir(), 'magpie-sdk-state-'))
    const storage = fileStorage(files, folder)
    const first = await signedIn('A', { storage })
    const before = await first.send({ to: 'B' }, 'online').promise
    first.close()
    await until(first, 'state', () => first.state === 'closed')
    // Closed is closed: what is sent now waits for the next start.
    first.send({ to: 'B' }, 'offline')
    const kept = async (): Promise<boolean> => ((await storage.get('magpie.A/queue')) ?? '').includes('offline')
    await expect.poll(kept).toBe(true)
    const second = server.client('A', { storage })
    clients.push(second)
    await until(second, 'conversations', () => second.conversations.length > 0)
    expect(texts(second, before.c)).toContain('online')
    await expect.poll(() => second.outgoing.length).toBe(1)
    const promise = second.outgoing[0]?.promise
    await second.connect()
    expect((await promise)?.seq).toBe(before.seq + 1)
    expect(texts(second, before.c).slice(-2)).toEqual(['online', 'offline'])
    await files.rm(folder, { recursive: true })
  })

  it('reads, counts and tells on all devices of a user', async () => {
    const sender = await signedIn('A')
    const phone = await signedIn('翠花', { device: 'phone' })
    const tablet = await signedIn('翠花', { device: 'tablet' })
    const out = sender.send({ to: '翠花' }, 'hello')
    const { c, seq } = await out.promise
    await until(tablet, 'conversations', () => (tablet.conversation(c)?.unread ?? 0) > 0)
    await until(phone, 'conversations', () => (phone.conversation(c)?.unread ?? 0) > 0)
    phone.markRead(c)
    expect(phone.conversation(c)?.unread).toBe(0)
    await until(tablet, 'conversations', () => tablet.conversation(c)?.unread === 0)
    await until(sender, 'outgoing', () => out.status === 'read')
    expect(sender.conversation(c)?.peerRead).toBe(seq)
    expect(await phone.unread(c)).toMatchObject({ count: 0 })
  })

  it('pages through a conversation from its end to its beginning, and to any place', async () => {
    const client = await signedIn('B')
    const outs = Array.from({ length: 130 }, (_, at) => client.send({ to: 'agent' }, `line ${at}`))
    const { c } = await (outs.at(-1) as (typeof outs)[number]).promise
    const other = await signedIn('B', { device: 'other' })
    const timeline = other.timeline(c)
    await timeline.open()
    while (!timeline.view.atStart) await timeline.loadOlder()
    expect(texts(other, c).slice(-130)).toEqual(outs.map(({ body }) => body.x))
    const third = await signedIn('B', { device: 'third' })
    await third.timeline(c).loadAround(30)
    expect(third.timeline(c).view.atEnd).toBe(false)
    expect(third.timeline(c).view.items.some((item) => item.type === 'message' && item.seq === 30)).toBe(true)
  })

  it('changes its own side: pin, mute, hide, delete, block, presence, typing', async () => {
    const a = await signedIn('小明')
    const b = await signedIn('agent')
    const { c } = await a.openConversation('agent')
    await a.send(c, 'for agent').promise
    await a.pin(c, true)
    await a.mute(c, true)
    expect(a.conversation(c)).toMatchObject({ pin: true, mute: true })
    a.watchPresence(['agent'])
    await until(a, 'presence', () => a.presence('agent')?.online === true)
    await until(b, 'conversations', () => b.conversation(c) !== null)
    a.typing(c)
    await until(b, 'typing', () => b.conversation(c)?.typing.includes('小明') === true)
    await a.hide(c, 1)
    expect(await a.message(c, 1)).toBeNull()
    await b.block('小明')
    await expect(a.send(c, 'blocked?').promise).rejects.toMatchObject({ code: 'blocked' })
    expect((await b.blocked()).map(({ id }) => id)).toEqual(['小明'])
    await b.block('小明', false)
    expect(await b.blocked()).toEqual([])
    await a.deleteConversation(c)
    expect(a.conversations.some((one) => one.c === c)).toBe(false)
    expect(b.conversations.some((one) => one.c === c)).toBe(true)
  })
})

describe('the quick start', () => {
  it.each(['README.md', 'README.zh-CN.md'])('of %s runs as it is printed', async (readme) => {
    const page = await files.readFile(join(root, readme), 'utf8')
    const snippet = /```js quick-start\n(.*?)```/s.exec(page)?.[1] ?? ''
    expect(snippet.trim().split('\n').length).toBeLessThanOrEqual(20)
    // Inside of the package, so that its name resolves to what was built.
    const folder = await files.mkdtemp(join(root, 'test/server/.quick-start-'))
    try {
      await files.writeFile(join(folder, 'quick.mjs'), snippet.replace('http://127.0.0.1:8080', server.url))
      const { stdout } = await promisify(execFile)('node', [join(folder, 'quick.mjs')], { timeout: 20_000 })
      expect(stdout).toContain('在吗?')
      expect(stdout).toContain('在的')
    } finally {
      await files.rm(folder, { recursive: true })
    }
  })
})

describe('the built package', () => {
  it('is loaded by import and by require, all entries, with one class of errors', async () => {
    const names = ['magpie-im', 'magpie-im/node', 'magpie-im/media', 'magpie-im/calls', 'magpie-im/miniprogram']
    const script = `
      const names = ${JSON.stringify(names)}
      const made = names.map((name) => require(name))
      if (made[0].MagpieError !== made[1].MagpieError) throw new Error('two classes')
      Promise.all(names.map((name) => import(name))).then((modules) =>
        console.log(JSON.stringify([made, modules].map((all) => all.map((one) => Object.keys(one).filter((key) => /^create/.test(key)).sort())))))`
    const { stdout } = await promisify(execFile)('node', ['-e', script], { cwd: root })
    const makers = [['createClient', 'createCoreClient'], ['createClient', 'createCoreClient'], ['createMedia'], ['createCalls'], ['createClient', 'createCoreClient']]
    expect(JSON.parse(stdout)).toEqual([makers, makers])
  })
})
