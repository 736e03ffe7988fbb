import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { HttpRequest, HttpResponse } from '../src/core/transport.js'
import { createMedia } from '../src/media/index.js'
import type { Media } from '../src/media/types.js'
import { miniprogramTransport } from '../src/transport/miniprogram.js'
import { goOnline, settle, T0, world, type World } from './fake.js'

beforeEach(() => void vi.useFakeTimers({ now: T0 }))
afterEach(() => void vi.useRealTimers())

interface WxRequest {
  url: string
  method: string
  data: unknown
  header: Record<string, string>
  success: (answer: object) => void
}

const DESCRIPTOR = { id: 'f1', name: 'cat.jpg', type: 'image/jpeg', size: 2_500, w: 640, h: 480, thumb: true }

/** The media part of a server, with the faults that a test asks for. */
class FakeHttp {
  readonly asked: HttpRequest[] = []
  received = 0
  /** Each takes one request out of the ordinary; undefined lets it through. */
  faults: ((request: HttpRequest) => HttpResponse | 'lost' | 'lost answer' | undefined)[] = []

  json(status: number, body: object): HttpResponse {
    return { status, headers: {}, text: JSON.stringify(body) }
  }

  async answer(request: HttpRequest): Promise<HttpResponse> {
    this.asked.push(request)
    const fault = this.faults.shift()?.(request)
    if (fault === 'lost') throw new Error('network down')
    if (fault === 'lost answer') {
      this.serve(request)
      throw new Error('network down')
    }
    return fault ?? this.serve(request)
  }

  private serve({ method, url, headers = {}, body }: HttpRequest): HttpResponse {
    const ticket = { id: 'f1', upload: '/v1/media/f1/content?sig=s', complete: '/v1/media/f1/complete?sig=s', chunk_bytes: 1_000 }
    if (url.endsWith('/v1/media')) return this.json(201, ticket)
    if (url.includes('/links')) {
      const { ids } = JSON.parse(body as string) as { ids: string[] }
      const links = ids.filter((id) => id !== 'secret').map((id) => ({ id, url: `/v1/media/${id}/file?sig=s`, expires: T0 + 600_000 }))
      return this.json(200, { links })
    }
    if (url.includes('/complete')) return this.json(200, { media: DESCRIPTOR })
    const told = (status: number): HttpResponse => ({ status, headers: { 'upload-offset': String(this.received) }, text: '' })
    if (method === 'HEAD') return told(200)
    if (Number(headers['upload-offset']) !== this.received) return told(409)
    this.received += (body as Uint8Array).length
    return told(204)
  }

  get steps(): string[] {
    return this.asked.map(({ method, headers = {} }) => (headers['upload-offset'] ? `${method} ${headers['upload-offset']}` : method))
  }
}

async function setUp(getToken?: (ask: { renew: boolean }) => string): Promise<{ given: World; http: FakeHttp; media: Media }> {
  const http = new FakeHttp()
  const given = world(getToken ? { getToken } : {})
  Object.assign(given.transport, {
    request: (request: HttpRequest) => http.answer(request),
    file: (bytes: Uint8Array) => ({ size: bytes.length, name: 'cat.jpg', slice: (from: number, to: number) => bytes.slice(from, to) }),
  })
  await goOnline(given)
  return { given, http, media: createMedia(given.client, { random: () => 0.5 }) }
}

const file = new Uint8Array(2_500)

describe('an upload', () => {
  it('goes up in pieces, tells its progress, and ends in a descriptor', async () => {
    const { http, media } = await setUp()
    const progress: number[] = []
    const done = await media.upload(file, { ms: 3_200, onProgress: (sent) => void progress.push(sent) })
    expect(done).toEqual(DESCRIPTOR)
    expect(http.steps).toEqual(['POST', 'PUT 0', 'PUT 1000', 'PUT 2000', 'POST'])
    expect(http.asked[0]).toMatchObject({ url: 'http://im.test/v1/media', headers: { authorization: 'Bearer token-1' } })
    expect(JSON.parse(http.asked[0]?.body as string)).toEqual({ name: 'cat.jpg', size: 2_500, use: 'message', ms: 3_200 })
    // The tickets are signed: the token stays out of their requests.
    expect(http.asked.slice(1).every(({ headers }) => !headers?.authorization)).toBe(true)
    expect(progress).toEqual([0, 1_000, 2_000, 2_500])
  })

  it('goes on where the server is after a broken line, without a byte twice', async () => {
    const { http, media } = await setUp()
    http.faults = [() => undefined, () => undefined, () => 'lost answer', () => 'lost']
    const uploading = media.upload(file)
    await vi.advanceTimersByTimeAsync(10_000)
    await uploading
    expect(http.steps).toEqual(['POST', 'PUT 0', 'PUT 1000', 'HEAD', 'HEAD', 'PUT 2000', 'POST'])
    expect(http.received).toBe(2_500)
  })

  it('takes the offset of a server that has another one', async () => {
    const { http, media } = await setUp()
    http.received = 2_000
    await media.upload(file)
    expect(http.steps).toEqual(['POST', 'PUT 0', 'PUT 2000', 'POST'])
  })

  it('gives up at a refusal, with its code', async () => {
    const { http, media } = await setUp()
    const refused = http.json(422, { error: { code: 'media_refused', message: 'not an image', retry: 'never' } })
    http.faults = [() => undefined, () => undefined, () => undefined, () => undefined, () => refused]
    await expect(media.upload(file)).rejects.toMatchObject({ name: 'MagpieError', code: 'media_refused', retryable: false })
  })

  it('gives up after ten failures without progress', async () => {
    const { http, media } = await setUp()
    http.faults = Array.from({ length: 99 }, () => () => ({ status: 502, headers: {}, text: '<html>' }))
    const failed = expect(media.upload(file)).rejects.toMatchObject({ code: 'http', retryable: true })
    await vi.advanceTimersByTimeAsync(200_000)
    await failed
    expect(http.asked).toHaveLength(10)
  })

  it('ends when it is taken back, also in a wait', async () => {
    const { http, media } = await setUp()
    http.faults = [() => undefined, () => 'lost']
    const abort = new AbortController()
    const aborted = expect(media.upload(file, { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' })
    await settle()
    abort.abort()
    await aborted
    await vi.advanceTimersByTimeAsync(60_000)
    expect(http.asked).toHaveLength(2)
  })

  it('is not begun when it is too large, or when the server takes none', async () => {
    const { given, http, media } = await setUp()
    expect(media.bytesMax).toBe(1_000_000)
    await expect(media.upload(new Uint8Array(1_000_001))).rejects.toMatchObject({ code: 'too_large' })
    given.transport.socket.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    given.transport.socket.open()
    given.transport.socket.tell({ t: 'ready', r: 1, user: { id: '小明' }, heartbeat_ms: 30_000, now: T0 })
    await expect(media.upload(file)).rejects.toMatchObject({ code: 'unsupported' })
    expect(http.asked).toEqual([])
  })

  it('gets a new token once when the old one has expired', async () => {
    const { http, media } = await setUp(({ renew }) => (renew ? 'token-2' : 'token-1'))
    const expired = http.json(401, { error: { code: 'token_expired', message: '', retry: 'never' } })
    http.faults = [() => expired]
    await media.upload(file)
    expect(http.asked.slice(0, 2).map(({ headers }) => headers?.authorization)).toEqual(['Bearer token-1', 'Bearer token-2'])
    http.faults = [() => expired, () => expired]
    await expect(media.upload(file)).rejects.toMatchObject({ code: 'token_expired' })
  })

  it('of a path goes up as one file by the mini-program', async () => {
    const uploads: { url: string; filePath: string }[] = []
    const given = world()
    const http = new FakeHttp()
    const wx = {
      connectSocket: () => undefined,
      getFileSystemManager: () => ({ statSync: () => ({ size: 2_500 }) }),
      request: ({ url, method, data, header, success }: WxRequest) => {
        void http.answer({ url, method, body: data, headers: header }).then(({ status, text, headers }) => {
          success({ statusCode: status, data: text, header: headers })
        })
      },
      uploadFile: (options: { url: string; filePath: string; success: (answer: object) => void }) => {
        uploads.push(options)
        return {
          onProgressUpdate: (fn: (progress: { totalBytesSent: number }) => void) => {
            fn({ totalBytesSent: 2_600 })
            options.success({ statusCode: 204, data: '' })
          },
        }
      },
    }
    const { request, uploadFile, file: fileOf } = miniprogramTransport(wx as never)
    Object.assign(given.transport, { request, uploadFile, file: fileOf })
    await goOnline(given)
    const progress: number[] = []
    const done = await createMedia(given.client).upload('wxfile://tmp/cat.jpg', { onProgress: (sent) => void progress.push(sent) })
    expect(done).toEqual(DESCRIPTOR)
    expect(uploads).toMatchObject([{ url: 'http://im.test/v1/media/f1/content?sig=s', filePath: 'wxfile://tmp/cat.jpg', name: 'file' }])
    expect(progress).toEqual([2_500, 2_500])
    expect(JSON.parse(http.asked[0]?.body as string)).toMatchObject({ name: 'cat.jpg', size: 2_500 })
  })
})

describe('links', () => {
  it('are asked for together, kept, and asked for anew shortly before they end', async () => {
    const { given, http, media } = await setUp()
    const [a, both] = await Promise.all([media.link('a'), media.links(['a', 'b', 'secret'])])
    expect(a?.url).toBe('http://im.test/v1/media/a/file?sig=s')
    expect([...both.keys()]).toEqual(['a', 'b'])
    expect(http.asked).toHaveLength(1)
    await media.links(['a', 'b'])
    expect(http.asked).toHaveLength(1)
    given.transport.auto.set('ping', () => ({ t: 'pong', n: 0, now: T0 + 545_000 }))
    given.client.nudge()
    await settle()
    await media.link('a')
    expect(http.asked).toHaveLength(2)
    expect(media.downloadUrl(a as never)).toBe('http://im.test/v1/media/a/file?sig=s&dl=1')
  })

  it('of more than a hundred files go out in several requests', async () => {
    const { http, media } = await setUp()
    const ids = Array.from({ length: 250 }, (_, at) => `id-${at}`)
    expect((await media.links(ids)).size).toBe(250)
    expect(http.asked).toHaveLength(3)
  })
})
