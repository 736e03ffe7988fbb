// The entry for mini-programs: a client over `wx`, `uni`, `Taro` or another object of their shape.

import { createClient as createCore } from './client.js'
import { miniprogramStorage, miniprogramTransport, type MiniProgram } from './transport/miniprogram.js'
import type { Client, ClientOptions } from './types.js'

export * from './core.js'
export { miniprogramStorage, miniprogramTransport, type MiniProgram } from './transport/miniprogram.js'

/** `storage: null` keeps nothing. */
export type MiniProgramOptions = Omit<ClientOptions, 'transport' | 'storage'> & {
  wx: MiniProgram
  storage?: ClientOptions['storage'] | null
}

export function createClient({ wx, storage, ...options }: MiniProgramOptions): Client {
  return createCore({
    ...options,
    transport: miniprogramTransport(wx),
    ...(storage === null ? {} : { storage: storage ?? miniprogramStorage(wx) }),
  })
}
