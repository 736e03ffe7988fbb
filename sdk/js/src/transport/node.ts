// Node: a WebSocket class that is given (`ws`; Node 20 has none), and files as storage.

import type { Storage, Transport } from '../core/transport.js'
import { standardTransport, type WebSocketClass } from './browser.js'

export type { WebSocketClass, WebSocketLike } from './browser.js'

export function nodeTransport(WebSocket: WebSocketClass): Transport {
  return standardTransport(() => WebSocket)
}

/** The part of `node:fs/promises` that is used. */
export interface Files {
  mkdir(path: string, options: { recursive: true }): Promise<unknown>
  readFile(path: string, encoding: 'utf8'): Promise<string>
  writeFile(path: string, text: string): Promise<unknown>
  rename(from: string, to: string): Promise<unknown>
  rm(path: string, options: { force: true }): Promise<unknown>
}

/** One file per key in a directory: `fileStorage(await import('node:fs/promises'), 'state')`. */
export function fileStorage(files: Files, directory: string): Storage {
  const path = (key: string): string => `${directory}/${encodeURIComponent(key)}`
  return {
    async get(key) {
      try {
        return await files.readFile(path(key), 'utf8')
      } catch (error) {
        if ((error as { code?: string }).code === 'ENOENT') return null
        throw error
      }
    },
    async set(key, value) {
      await files.mkdir(directory, { recursive: true })
      // A crash in the middle leaves the old value.
      await files.writeFile(`${path(key)}.new`, value)
      await files.rename(`${path(key)}.new`, path(key))
    },
    async remove(key) {
      await files.rm(path(key), { force: true })
    },
  }
}
