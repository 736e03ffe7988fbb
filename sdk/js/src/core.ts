// What every entry exports: the core without a platform.

export { createClient as createCoreClient } from './client.js'
export { MagpieError, type Code, type LocalErrorCode, type Retry } from './core/errors.js'
export type * from './core/transport.js'
export type {
  Body,
  CallInfo,
  ClientFrame,
  ClientFrames,
  Device,
  Draft,
  Entry,
  ErrorCode,
  GoneItem,
  IceServer,
  Item,
  Limits,
  Mark,
  MessageItem,
  PresenceState,
  ReactionEntry,
  ServerFrame,
  ServerFrames,
  SyncEntry,
  User,
} from './protocol.gen.js'
export { CLOSE_CODES, SUBPROTOCOL } from './protocol.gen.js'
export type * from './types.js'
