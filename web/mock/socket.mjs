// The mock server's side of one native connection: enough of protocol v1 for two windows.

import * as store from './store.mjs'

/** user -> set of connections */
const online = new Map()
const HEARTBEAT_MS = 5_000
const DURABLE = new Set(['msg', 'conv.state', 'msg.hidden'])

export function usersOnline() {
  return [...online.keys()]
}

export function closeAll(code, reason) {
  for (const set of online.values()) for (const connection of set) connection.socket.close(code, reason)
}

export function tell(users, frame, except) {
  for (const user of users) for (const other of online.get(user) ?? []) if (other !== except) other.event(frame)
}

export function tellAll(frame) {
  tell(usersOnline(), frame)
}

class Connection {
  user = ''
  durable = 0
  watched = new Set()

  constructor(socket) {
    this.socket = socket
    socket.on('message', (data) => this.onFrame(JSON.parse(String(data))))
    socket.on('close', () => this.leave())
  }

  write(frame) {
    this.socket.send(JSON.stringify(frame))
  }

  event(frame) {
    if (DURABLE.has(frame.t)) this.durable++
    this.write(frame.t === 'msg' ? { t: 'msg', ...store.strip(frame.message, this.user) } : frame)
  }

  refuse(r, code, message, retry = 'never') {
    this.write({ t: 'error', r, code, retry, message })
  }

  onFrame(frame) {
    const handler = HANDLERS[frame.t]
    if (frame.t !== 'hello' && this.user === '') return this.refuse(frame.r, 'hello_required', 'say hello first')
    if (!handler) return this.refuse(frame.r, 'unknown_type', `unknown type ${frame.t}`)
    handler(this, frame)
  }

  enter(user) {
    this.user = user
    const set = online.get(user) ?? new Set()
    online.set(user, set.add(this))
    presenceOf(user)
  }

  leave() {
    const set = online.get(this.user)
    set?.delete(this)
    if (set?.size === 0) online.delete(this.user)
    if (this.user) presenceOf(this.user)
  }
}

const lastSeen = new Map()

function stateOf(user) {
  return { user, online: online.has(user), last_seen: lastSeen.get(user) ?? Date.now() - 3_600_000 }
}

function presenceOf(user) {
  lastSeen.set(user, Date.now())
  for (const set of online.values())
    for (const other of set) if (other.watched.has(user)) other.write({ t: 'presence', ...stateOf(user) })
}

function targetOf(connection, frame) {
  if (frame.c) return store.find(frame.c)
  if (frame.to === 'desk:') return store.desk(connection.user)
  return store.userOf(frame.to) ? store.direct(connection.user, frame.to) : undefined
}

function receipts(connection, frame) {
  for (const [kind, list] of [['delivered', frame.delivered ?? []], ['read', frame.read ?? []]]) {
    for (const [c, seq] of list) {
      const { conversation, state } = store.mark(c, connection.user, kind === 'read' ? 0 : seq, kind === 'read' ? seq : 0)
      const others = conversation.users.filter((user) => user !== connection.user)
      tell(others, { t: 'receipt', c, user: connection.user, delivered: state.delivered, read: state.read })
      if (kind === 'read') {
        const unread = store.unreadOf(conversation, connection.user)
        tell([connection.user], { t: 'conv.state', c, read: state.read, unread }, connection)
      }
    }
  }
}

function hello(connection, frame) {
  const user = store.userOf(Buffer.from(frame.token ?? '', 'base64url').toString())
  if (!user) {
    connection.refuse(frame.r, 'unauthorized', 'unknown token')
    connection.socket.close(4500, 'unauthorized')
    return
  }
  connection.enter(user.id)
  const limits = { body_bytes: 65_536 }
  connection.write({
    t: 'ready', r: frame.r, v: 1, server: 'magpie 0.1.0', user, epoch: 'mock', heartbeat_ms: HEARTBEAT_MS, limits, now: Date.now(),
  })
  const convs = store.changed(user.id, frame.cursor).map((conversation) => {
    const items = conversation.messages.slice(-50).map((message) => store.strip(message, user.id))
    const first = items[0]?.seq ?? 1
    return { ...store.entry(conversation, user.id), items, ...(first > 1 ? { hole: [1, first - 1] } : {}) }
  })
  const gap = frame.cursor === undefined
  connection.write({ t: 'sync', gap, more: false, cur: store.cursor(), convs })
}

function send(connection, { r, cid, b, ...frame }) {
  const conversation = targetOf(connection, frame)
  if (!conversation) return connection.refuse(r, frame.to ? 'unknown_user' : 'unknown_conversation', 'no such receiver')
  if (b.x === '/refuse') return connection.refuse(r, 'stranger_limit', 'wait for an answer', 'later')
  const { message, dup } = store.append(conversation, connection.user, b, cid)
  const { c, id, seq, ts } = message
  connection.write({ t: 'ack', r, c, id, seq, ts, ...(dup ? { dup } : {}) })
  if (!dup) tell(conversation.users, { t: 'msg', message }, connection)
}

function history(connection, { r, c, before, after, limit = 50 }) {
  const all = store.find(c).messages
  const page = after === undefined ? all.filter((m) => m.seq < (before ?? Infinity)).slice(-limit) : all.slice(after, after + limit)
  const more = after === undefined ? (page[0]?.seq ?? 1) > 1 : after + limit < all.length
  const items = page.map((message) => store.strip(message, connection.user))
  // A little delay, so that what loading looks like can be seen.
  setTimeout(() => connection.write({ t: 'history', r, c, head: all.length, more, items }), 60)
}

const HANDLERS = {
  hello,
  send,
  history,
  ping: (connection, { r }) =>
    connection.write({ t: 'pong', r, cur: store.cursor(), n: connection.durable, now: Date.now() }),
  receipt: (connection, frame) => {
    receipts(connection, frame)
    connection.write({ t: 'ok', r: frame.r })
  },
  typing: (connection, frame) => {
    const conversation = targetOf(connection, frame)
    if (conversation) tell(conversation.users, { t: 'typing', c: conversation.c, user: connection.user }, connection)
  },
  'presence.watch': (connection, { r, users }) => {
    connection.watched = new Set(users)
    connection.write({ t: 'ok', r, users: users.map(stateOf) })
  },
  inbox: (connection, { r }) => {
    const convs = store.changed(connection.user).map((one) => store.entry(one, connection.user))
    connection.write({ t: 'inbox', r, convs, next: null })
  },
  'conv.open': (connection, { r, to }) => {
    if (!store.userOf(to)) return connection.refuse(r, 'unknown_user', `no user ${to}`)
    connection.write({ t: 'conv', r, ...store.entry(store.direct(connection.user, to), connection.user) })
  },
}

export function accept(socket) {
  return new Connection(socket)
}
