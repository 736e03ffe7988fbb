// Makes a client of a transport and a storage.

import type { Client, ClientOptions } from './types.js'

export function createClient(options: ClientOptions): Client {
  throw new Error(`not here yet: ${options.url}`)
}
