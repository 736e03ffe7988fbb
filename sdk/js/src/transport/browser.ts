// The browser: WebSocket, fetch, network and page events, storage. Names no type of the DOM library,
// because the package is also compiled where there is none.

import type { Storage, Transport } from '../core/transport.js'

export function browserTransport(): Transport {
  throw new Error('not here yet')
}

export function browserStorage(): Storage {
  throw new Error('not here yet')
}
