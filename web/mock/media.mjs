// Uploads and files of the mock server, in memory: enough to send one, to show it, and to be refused.

import { randomUUID } from 'node:crypto'

const BYTES_MAX = 50 * 1024 * 1024
const CHUNK = 256 * 1024
const LINK_MS = 10 * 60_000
export const limits = { media_bytes: BYTES_MAX }

/** id -> { id, name, size, use, ms, wave, poster, bytes, media } */
const files = new Map()

const SIGNS = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38]],
  ['video/webm', [0x1a, 0x45, 0xdf, 0xa3]],
  ['application/pdf', [0x25, 0x50, 0x44, 0x46]],
]

function typeOf({ bytes, name }) {
  const found = SIGNS.find(([, sign]) => sign.every((byte, index) => bytes[index] === byte))?.[0]
  if (found === 'video/webm' && name.startsWith('voice-')) return 'audio/webm'
  return found ?? 'application/octet-stream'
}

function refused(file, type) {
  const start = file.bytes.subarray(0, 256).toString('latin1').trimStart().toLowerCase()
  if (/^(<!doctype html|<html|<svg|<\?xml)/.test(start)) return true
  if (type === 'image/png' && file.bytes.readUInt32BE(16) * file.bytes.readUInt32BE(20) > 50_000_000) return true
  if (type === 'image/png' && !file.bytes.includes('IEND')) return true
  return /\.(jpe?g|png|gif)$/i.test(file.name) && !type.startsWith('image/')
}

function complete(file) {
  if (file.bytes.length < file.size) return [409, error('upload_offset', 'not all bytes are here')]
  const type = typeOf(file)
  if (refused(file, type)) return [422, error('media_refused', 'its content is not what its name says')]
  const { id, name, size, ms, wave, poster, use } = file
  const sized = type === 'image/png' ? { w: file.bytes.readUInt32BE(16), h: file.bytes.readUInt32BE(20) } : {}
  const still = poster ? { poster: { id: poster, w: 640, h: 480 } } : {}
  file.type = type
  file.media = { id, name, type, size, ...sized, ...(ms && { ms }), ...(wave && { wave }), ...still }
  return [200, { media: file.media, ...(use === 'avatar' && { avatar: `/v1/avatars/${id}` }) }]
}

const error = (code, message) => ({ error: { code, message } })

async function bytesOf(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts)
}

function send(request, response, file, save) {
  const range = /^bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '')
  const from = range ? Number(range[1]) : 0
  const to = range?.[2] ? Number(range[2]) + 1 : file.bytes.length
  response.writeHead(range ? 206 : 200, {
    'content-type': file.type,
    'accept-ranges': 'bytes',
    'content-length': to - from,
    'x-content-type-options': 'nosniff',
    ...(range && { 'content-range': `bytes ${from}-${to - 1}/${file.bytes.length}` }),
    'content-disposition': save ? `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}` : 'inline',
  })
  response.end(file.bytes.subarray(from, to))
}

/** Answers a request for media; false: it is none. */
export async function media(request, response, url) {
  const json = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const { pathname, searchParams } = url
  if (request.method === 'POST' && pathname === '/v1/media') {
    const asked = JSON.parse(String(await bytesOf(request)))
    if (asked.size > BYTES_MAX) return json(413, error('too_large', 'too large'))
    const id = randomUUID()
    files.set(id, { id, ...asked, bytes: Buffer.alloc(0) })
    const at = (step) => `/v1/media/${id}/${step}?exp=1&sig=mock`
    return json(201, { id, upload: at('content'), complete: at('complete'), chunk_bytes: CHUNK, expires: Date.now() + LINK_MS })
  }
  if (request.method === 'POST' && pathname === '/v1/media/links') {
    const { ids } = JSON.parse(String(await bytesOf(request)))
    const expires = Date.now() + LINK_MS
    return json(200, { links: ids.filter((id) => files.has(id)).map((id) => ({ id, url: `/v1/media/${id}/file?exp=${expires}&sig=mock`, expires })) })
  }
  const [, id, step] = /^\/v1\/(?:media|avatars)\/([^/]+)(?:\/(\w+))?$/.exec(pathname) ?? []
  const file = files.get(id)
  if (!file) return id === undefined ? false : json(404, error('unknown_media', 'no such file'))
  if (step === 'complete') return json(...complete(file))
  if (step !== 'content') return send(request, response, file, searchParams.has('dl'))
  if (request.method === 'PUT' && Number(request.headers['upload-offset']) === file.bytes.length) {
    file.bytes = Buffer.concat([file.bytes, await bytesOf(request)])
  }
  return response.writeHead(request.method === 'PUT' ? 204 : 200, { 'upload-offset': file.bytes.length, 'upload-length': file.size }).end()
}
