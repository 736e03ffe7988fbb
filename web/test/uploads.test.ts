import { MagpieError } from 'magpie-im'
import type { UploadOptions } from 'magpie-im/media'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { ComposerPlace } from '../src/app/seams'
import { useUploads } from '../src/features/media/uploads'
import { uploadTrouble } from '../src/features/media/words'
import { useSession } from '../src/stores/session'
import { C, FakeClient, settle } from './fake-client'

interface Asked {
  file: File
  options: UploadOptions
  done: (extra?: object) => void
  fail: (error: unknown) => void
}

const asked: Asked[] = []

vi.mock('magpie-im/media', () => ({
  createMedia: () => ({
    bytesMax: 1_000,
    upload: (file: File, options: UploadOptions) =>
      new Promise((resolve, reject) => {
        const descriptor = { id: `m${asked.length + 1}`, name: options.name, type: file.type, size: file.size }
        asked.push({ file, options, done: (extra) => resolve({ ...descriptor, ...extra }), fail: reject })
      }),
    link: () => Promise.resolve(null),
    downloadUrl: ({ url }: { url: string }) => url,
  }),
}))

function png(name: string): File {
  const bytes = new Uint8Array(33)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 9, 0, 0, 0, 9])
  return new File([bytes], name, { type: 'image/png' })
}

const place: ComposerPlace = { target: { c: C }, takeReply: vi.fn(() => 0), toEnd: vi.fn() }

let client: FakeClient
let uploads: ReturnType<typeof useUploads>

beforeEach(() => {
  vi.useFakeTimers()
  asked.length = 0
  setActivePinia(createPinia())
  client = new FakeClient()
  client.limits = { ...client.limits, media_bytes: 1_000 }
  client.features = ['changes', 'media']
  useSession().start(client as never, () => undefined)
  uploads = useUploads()
})
afterEach(() => vi.useRealTimers())

function offline(): void {
  client.status = { ...client.status, state: 'waiting', synced: false }
  client.emit('state', client.status)
}

function online(): void {
  client.status = { ...client.status, state: 'online', synced: true }
  client.emit('state', client.status)
}

describe('files on their way', () => {
  it('are looked at, wait for "send", and arrive in the order in which they were picked', async () => {
    uploads.add([png('a.png'), new File(['b'], 'b.txt', { type: 'text/plain' })], place)
    await settle()
    expect(uploads.at(place.target).map(({ kind, state }) => [kind, state])).toEqual([['image', 'ready'], ['file', 'ready']])
    expect(asked).toHaveLength(0)
    uploads.send(place)
    expect(asked).toHaveLength(1)
    asked[0]?.options.onProgress?.(20, 33)
    expect(uploads.all[0]?.sent).toBe(20)
    asked[0]?.done()
    await settle()
    expect(client.send).toHaveBeenCalledWith({ c: C }, { k: 'image', x: '[图片]', media: { id: 'm1', name: 'a.png', type: 'image/png', size: 33 } }, {})
    expect(asked).toHaveLength(2)
    asked[1]?.done()
    await settle()
    expect(client.send).toHaveBeenLastCalledWith({ c: C }, expect.objectContaining({ k: 'file', x: '[文件] b.txt' }), {})
    expect(uploads.all).toHaveLength(0)
  })

  it('answer a message once, with the first of them', async () => {
    vi.mocked(place.takeReply).mockReturnValueOnce(7)
    uploads.add([png('a.png'), png('b.png')], place)
    await settle()
    uploads.send(place)
    asked[0]?.done()
    await settle()
    asked[1]?.done()
    await settle()
    expect(client.send.mock.calls.map(([, , options]) => options)).toEqual([{ re: 7 }, {}])
  })

  it('that are not what their type says go up as files for the server to judge', async () => {
    uploads.add([new File(['<script>alert(1)</script>'], 'cat.jpg', { type: 'image/jpeg' })], place)
    await settle()
    expect(uploads.all[0]).toMatchObject({ kind: 'file', preview: '' })
  })

  it('that are too large are never sent, and the limit is said', async () => {
    uploads.add([new File([new Uint8Array(2_000)], 'film.bin')], place)
    await settle()
    uploads.send(place)
    expect(asked).toHaveLength(0)
    expect(uploads.all[0]).toMatchObject({ state: 'failed', error: 'too_large', again: false })
    expect(uploadTrouble('too_large', 1_048_576)).toContain('1.0 MB')
  })

  it('that were refused stay in sight with the reason and cannot be sent again', async () => {
    uploads.add([png('a.png'), png('b.png')], place)
    await settle()
    uploads.send(place)
    asked[0]?.fail(new MagpieError('media_refused', 'no'))
    await settle()
    expect(uploads.all[0]).toMatchObject({ state: 'failed', error: 'media_refused', again: false })
    uploads.start(uploads.all[0] as never)
    expect(uploads.all[0]?.state).toBe('failed')
    // The next one is not held up.
    expect(asked).toHaveLength(2)
  })

  it('wait for the connection and go on by themselves when it is back', async () => {
    uploads.add([png('a.png')], place)
    await settle()
    uploads.send(place)
    offline()
    asked[0]?.fail(new MagpieError('disconnected', 'gone', 'later'))
    await settle()
    expect(uploads.all[0]?.state).toBe('paused')
    online()
    await settle()
    expect(asked).toHaveLength(2)
    asked[1]?.done()
    await settle()
    expect(client.send).toHaveBeenCalledTimes(1)
  })

  it('are taken back at any time, and then nothing is sent', async () => {
    uploads.add([png('a.png')], place)
    await settle()
    uploads.send(place)
    uploads.remove(uploads.all[0] as never)
    expect(asked[0]?.options.signal?.aborted).toBe(true)
    asked[0]?.done()
    await settle()
    expect(client.send).not.toHaveBeenCalled()
    expect(uploads.all).toHaveLength(0)
  })

  it('are not more than a hand can mean', () => {
    const left = uploads.add(Array.from({ length: 25 }, (_, i) => png(`${i}.png`)), place)
    expect(left).toBe(5)
    expect(uploads.all).toHaveLength(20)
  })

  it('carry length and shape of a voice, and what the server adds for avatars stays out of messages', async () => {
    const file = new File(['voice'], 'voice-3s.webm', { type: 'audio/webm' })
    uploads.addVoice({ file, ms: 3_000, wave: [1, 2] }, place)
    expect(asked[0]?.options).toMatchObject({ use: 'message', ms: 3_000, wave: [1, 2] })
    asked[0]?.done({ ms: 3_000, avatar: '/v1/avatars/x' })
    await settle()
    expect(client.send.mock.calls[0]?.[1]).toMatchObject({ k: 'voice', x: '[语音] 0:03' })
    expect(client.send.mock.calls[0]?.[1]?.media).not.toHaveProperty('avatar')
  })

  it('are gone with the session', async () => {
    uploads.add([png('a.png')], place)
    await settle()
    useSession().stop()
    expect(uploads.all).toHaveLength(0)
  })
})
