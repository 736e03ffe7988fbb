// The entry for browsers: a client with the browser's transport and storage, unless others are given.

import { createClient as createCore } from './client.js'
import { browserStorage, browserTransport } from './transport/browser.js'
import type { Client, ClientOptions } from './types.js'

export * from './core.js'
export { browserStorage, browserTransport } from './transport/browser.js'

/** `storage: null` keeps nothing. */
export type BrowserOptions = Omit<ClientOptions, 'transport' | 'storage'> & {
  transport?: ClientOptions['transport']
  storage?: ClientOptions['storage'] | null
}

export function createClient({ storage, transport, ...options }: BrowserOptions): Client {
  return createCore({
    ...options,
    transport: transport ?? browserTransport(),
    ...(storage === null ? {} : { storage: storage ?? browserStorage() }),
  })
}
