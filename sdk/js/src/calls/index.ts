// The entry `magpie-im/calls`: audio and video calls over an injected WebRTC.

import type { Client } from '../types.js'
import type { Calls, Rtc } from './types.js'

export type * from './types.js'

export function createCalls(client: Client, rtc: Rtc): Calls {
  throw new Error(`not here yet: ${client.state} ${typeof rtc}`)
}
