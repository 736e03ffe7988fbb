// The entry `magpie-im/media`: uploads in pieces that go on where they were, and addresses to show files.
// HTTP comes from the client's transport.

import { backoffMs } from '../core/backoff.js'
import { MagpieError } from '../core/errors.js'
import type { Client } from '../types.js'
import { Http } from './http.js'
import { Links } from './links.js'
import type { Media, MediaDescriptor, MediaLink, Uploaded, UploadOptions } from './types.js'
import type { FileSource } from '../core/transport.js'

export type * from './types.js'

export interface MediaOptions {
  /** Base address of the HTTP API; default: the client's server. */
  url?: string
  /** For tests: replaces `Math.random` in the back-off. */
  random?: () => number
}

interface Ticket {
  id: string
  upload: string
  complete: string
  chunk_bytes: number
}

/** Failures in a row, without one byte getting through, after which an upload gives up. */
const TRIES_MAX = 10
const OCTETS = { 'content-type': 'application/octet-stream' }

export function createMedia(client: Client, options: MediaOptions = {}): Media {
  return new MediaClient(client, options)
}

class MediaClient implements Media {
  private readonly http: Http
  private readonly cache: Links
  private readonly random: () => number

  constructor(
    private readonly client: Client,
    { url, random = Math.random }: MediaOptions,
  ) {
    this.http = new Http(client.platform, url ?? client.platform.httpUrl)
    this.cache = new Links(this.http, () => client.now)
    this.random = random
  }

  get bytesMax(): number {
    return this.client.limits.media_bytes ?? 0
  }

  async upload(file: unknown, options: UploadOptions = {}): Promise<Uploaded> {
    const source = this.client.platform.transport.file?.(file)
    if (!source) throw new MagpieError('unsupported', 'this platform cannot read such a file')
    if (this.client.state === 'online') this.check(source)
    const { ms, wave, poster, use = 'message', signal, onProgress } = options
    const asked = {
      ...{ name: options.name ?? source.name ?? 'file', size: source.size, use },
      ...{ ms, wave, poster },
    }
    const ticket = await this.stubborn(options, () => this.http.api<Ticket>('POST', 'v1/media', asked, signal))
    if (source.path === undefined) await this.pieces(source, ticket, options)
    else await this.whole(source.path, source, ticket, options)
    const done = await this.stubborn(options, () =>
      this.http.api<{ media: MediaDescriptor; avatar?: string }>('POST', ticket.complete, undefined, signal, false),
    )
    onProgress?.(source.size, source.size)
    return { ...done.media, ...(done.avatar !== undefined && { avatar: done.avatar }) }
  }

  links(ids: readonly string[]): Promise<Map<string, MediaLink>> {
    return this.cache.get(ids)
  }

  async link(id: string): Promise<MediaLink | null> {
    return (await this.cache.get([id])).get(id) ?? null
  }

  downloadUrl({ url }: MediaLink): string {
    return `${url}${url.includes('?') ? '&' : '?'}dl=1`
  }

  private check({ size }: FileSource): void {
    if (this.bytesMax === 0) throw new MagpieError('unsupported', 'this server takes no files')
    if (size > this.bytesMax) throw new MagpieError('too_large', `a file may have ${this.bytesMax} bytes`)
  }

  private async pieces(source: FileSource, ticket: Ticket, options: UploadOptions): Promise<void> {
    const { signal, onProgress } = options
    let offset = 0
    let unsure = false
    while (offset < source.size) {
      onProgress?.(offset, source.size)
      const from = offset
      offset = await this.stubborn(options, async () => {
        // After a broken line only the server knows how far it got.
        if (unsure) {
          const told = await this.http.offset('HEAD', ticket.upload, {}, undefined, signal)
          unsure = false
          if (told !== from) return told
        }
        const body = source.slice(from, Math.min(source.size, from + (ticket.chunk_bytes || 1_048_576)))
        unsure = true
        const told = await this.http.offset('PUT', ticket.upload, { ...OCTETS, 'upload-offset': String(from) }, body, signal)
        unsure = false
        return told
      })
    }
  }

  private async whole(path: string, source: FileSource, ticket: Ticket, options: UploadOptions): Promise<void> {
    const { signal, onProgress } = options
    await this.stubborn(options, () =>
      this.http.file(ticket.upload, path, {
        ...(signal && { signal }),
        ...(onProgress && { onProgress: (sent: number) => onProgress(Math.min(sent, source.size), source.size) }),
      }),
    )
  }

  /** Tries again what may succeed later, with growing waits; a step that got through starts afresh. */
  private async stubborn<T>({ signal }: UploadOptions, step: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      if (signal?.aborted) throw aborted()
      try {
        return await step()
      } catch (error) {
        if (signal?.aborted) throw aborted()
        if (!(error instanceof MagpieError) || !error.retryable || attempt + 1 >= TRIES_MAX) throw error
        await pause(error.afterMs || backoffMs(attempt, this.random), signal)
      }
    }
  }
}

function aborted(): MagpieError {
  return new MagpieError('aborted', 'the upload was taken back')
}

function pause(ms: number, signal: UploadOptions['signal']): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
