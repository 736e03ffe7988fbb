// The HTTP API as media needs it: addresses, tokens, and answers as errors of the one class.

import { MagpieError, type Retry } from '../core/errors.js'
import type { AbortSignalLike, HttpRequest, HttpResponse } from '../core/transport.js'
import type { Platform } from '../types.js'

export class Http {
  constructor(
    private readonly platform: Platform,
    private readonly base: string,
  ) {}

  absolute(path: string): string {
    if (/^https?:/.test(path)) return path
    return this.base.replace(/\/*$/, '/') + path.replace(/^\/+/, '')
  }

  /** A JSON request with the user's token; a ticket's address needs none. */
  async api<T>(method: string, path: string, body: object | undefined, signal?: AbortSignalLike, signed = true): Promise<T> {
    const json = body && { body: JSON.stringify(body) }
    let response: HttpResponse | undefined
    for (const renew of [false, true]) {
      const token = signed ? { authorization: `Bearer ${await this.platform.token(renew)}` } : {}
      const headers = { ...token, ...(body && { 'content-type': 'application/json' }) }
      response = await this.send({ method, url: this.absolute(path), headers, ...json, ...(signal && { signal }) })
      if (!signed || response.status !== 401) break
    }
    return this.parse<T>(response as HttpResponse)
  }

  /** Asks or moves the offset of an upload; a wrong one is answered by the right one. */
  async offset(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: unknown,
    signal?: AbortSignalLike,
  ): Promise<number> {
    const given = { ...(body !== undefined && { body }), ...(signal && { signal }) }
    const response = await this.send({ method, url: this.absolute(path), headers, ...given })
    const told = Number(response.headers['upload-offset'])
    if ((response.status < 300 || response.status === 409) && Number.isFinite(told)) return told
    this.parse(response)
    throw new MagpieError('http', 'the server did not tell the offset of the upload')
  }

  async file(path: string, file: string, more: Pick<HttpRequest, 'onProgress' | 'signal'>): Promise<void> {
    const { transport } = this.platform
    const request = { method: 'POST', url: this.absolute(path), path: file, name: 'file', ...more }
    const response = await reached(transport.uploadFile?.(request))
    if (response.status >= 300) this.parse(response)
  }

  private send(request: HttpRequest): Promise<HttpResponse> {
    return reached(this.platform.transport.request?.(request))
  }

  private parse<T>({ status, text }: HttpResponse): T {
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      body = null
    }
    if (status < 300) return body as T
    const { error } = (body ?? {}) as { error?: { code: string; message: string; retry?: Retry; after_ms?: number } }
    if (error?.code) throw new MagpieError(error.code, error.message, error.retry, error.after_ms)
    // A proxy's answer: it does not know the API, but its faults pass.
    throw new MagpieError('http', `HTTP ${status}`, status >= 500 || status === 429 ? 'later' : 'never')
  }
}

async function reached(response: Promise<HttpResponse> | undefined): Promise<HttpResponse> {
  if (!response) throw new MagpieError('unsupported', 'this transport has no HTTP')
  try {
    return await response
  } catch (error) {
    throw new MagpieError('disconnected', `the server was not reached: ${String(error)}`, 'later')
  }
}
