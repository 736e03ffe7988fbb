// The entry for Node: a client over a WebSocket class that is given.

import { createClient as createCore } from './client.js'
import { nodeTransport, type WebSocketClass } from './transport/node.js'
import type { Client, ClientOptions } from './types.js'

export * from './core.js'
export { fileStorage, nodeTransport, type Files, type WebSocketClass, type WebSocketLike } from './transport/node.js'

export type NodeOptions = Omit<ClientOptions, 'transport'> & {
  /** `import WebSocket from 'ws'` */
  WebSocket: WebSocketClass
}

export function createClient({ WebSocket, ...options }: NodeOptions): Client {
  return createCore({ ...options, transport: nodeTransport(WebSocket) })
}
