// The entry `magpie-im/media`: uploads and links. Needs a transport with `request`.

import type { Client } from '../types.js'
import type { Media } from './types.js'

export type * from './types.js'

export interface MediaOptions {
  /** Base address of the HTTP API; default: the client's server. */
  url?: string
}

export function createMedia(client: Client, options: MediaOptions = {}): Media {
  throw new Error(`not here yet: ${client.state} ${options.url ?? ''}`)
}
