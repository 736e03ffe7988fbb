// The mock server's side of one native connection: enough of protocol v1 for two windows.

import { callHandlers } from './calls.mjs'
import { limits as mediaLimits } from './media.mjs'
import * as store from './store.mjs'

/** user -> set of connections */
const online = new Map()
const HEARTBEAT_MS = 5_000
const DURABLE = new Set(['msg', 'conv.state', 'msg.hidden', 'msg.change'])
const RECALL_MS = 120_000
const EDIT_MS = 86_400_000

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
  Object.assign(connection, { device: frame.device, name: frame.name })
  connection.enter(user.id)
  const features = (frame.features ?? []).filter((one) => ['changes', 'calls'].includes(one)).concat('media')
  const limits = { body_bytes: 65_536, in_flight: 64, messages_per_s: 1000, list: 200, recall_ms: RECALL_MS, edit_ms: EDIT_MS, draft_bytes: 4096, ...mediaLimits }
  connection.write({
    t: 'ready', r: frame.r, v: 1, server: 'magpie 0.1.0', user, epoch: 'mock', conn: '1', heartbeat_ms: HEARTBEAT_MS, limits, features, expires: Date.now() + 86_400_000, now: Date.now(),
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

/** The place that a request is about, or null when it was refused. */
function placeOf(connection, { r, c, seq }) {
  const conversation = store.find(c)
  const message = conversation?.messages[seq - 1]
  if (message) return { conversation, message }
  connection.refuse(r, conversation ? 'unknown_message' : 'unknown_conversation', 'no such message')
  return null
}

function changed(connection, conversation, message, kind, by) {
  const rev = store.touch(conversation, message)
  const { seq, c } = message
  tell(conversation.users, { t: 'msg.change', c, rev, seq, kind, by, ts: Date.now(), item: store.strip(message) })
}

/** Recall, edit and reaction: refuse, or change and answer. */
function change(kind, refusal, apply) {
  return (connection, frame) => {
    const place = placeOf(connection, frame)
    if (!place) return
    const code = refusal(place.message, connection.user, frame)
    if (code) return connection.refuse(frame.r, code, code)
    if (apply(place.message, connection.user, frame) !== false)
      changed(connection, place.conversation, place.message, kind, connection.user)
    connection.write({ t: 'ok', r: frame.r })
  }
}

const recall = change(
  'recall',
  (m, user) => (m.from !== user ? 'forbidden' : !m.gone && Date.now() - m.ts > RECALL_MS ? 'too_late' : ''),
  (m) => (m.gone ? false : Object.assign(m, { gone: 'recalled', b: { k: 'text', x: '' } })),
)
const edit = change(
  'edit',
  (m, user) => (m.from !== user ? 'forbidden' : m.gone ? 'recalled' : Date.now() - m.ts > EDIT_MS ? 'too_late' : ''),
  (m, _, { b }) => (m.b.x === b.x ? false : Object.assign(m, { b: { ...m.b, x: b.x }, edited: Date.now() })),
)
const react = change(
  'react',
  (m) => (m.gone ? 'recalled' : ''),
  (m, user, { e, on }) => store.react(m, user, e, on),
)

function forward(connection, frame) {
  const place = placeOf(connection, frame)
  if (!place) return
  const goal = targetOf(connection, frame.into ? { c: frame.into } : { to: frame.to })
  if (!goal) return connection.refuse(frame.r, 'unknown_user', 'no such receiver')
  const { re: _re, raw: _raw, ...b } = place.message.b
  const fw = b.fw ?? { from: place.message.from, ts: place.message.ts }
  const { message } = store.append(goal, connection.user, { ...b, fw }, frame.cid)
  const { c, id, seq, ts } = message
  connection.write({ t: 'ack', r: frame.r, c, id, seq, ts })
  tell(goal.users, { t: 'msg', message }, connection)
}

/** Requests that change the caller's own side of a conversation. */
function own(apply) {
  return (connection, frame) => {
    const conversation = store.find(frame.c)
    if (!conversation) return connection.refuse(frame.r, 'unknown_conversation', 'no such conversation')
    const state = store.setState(conversation, connection.user, apply(conversation, frame))
    const { read, cleared, hidden, pin, mute } = state
    const unread = store.unreadOf(conversation, connection.user)
    tell([connection.user], { t: 'conv.state', c: frame.c, read, cleared, hidden, pin, mute, unread })
    connection.write({ t: 'conv', r: frame.r, ...store.entry(conversation, connection.user) })
  }
}

const ok = (connection, { r }) => connection.write({ t: 'ok', r })

const HANDLERS = {
  hello,
  'msg.recall': recall,
  'msg.edit': edit,
  'msg.react': react,
  'msg.forward': forward,
  'conv.pin': own((_, { on }) => ({ pin: on })),
  'conv.mute': own((_, { on }) => ({ mute: on })),
  'conv.hide': own(({ messages }) => ({ hidden: messages.length })),
  'conv.delete': own(({ messages }) => ({ hidden: messages.length, cleared: messages.length })),
  'conv.draft': (connection, { r, c, x, re }) => {
    tell([connection.user], { t: 'conv.draft', c, x, ...(re ? { re } : {}), ts: Date.now() }, connection)
    ok(connection, { r })
  },
  'msg.hide': (connection, frame) => {
    const place = placeOf(connection, frame)
    if (!place) return
    ;(place.message.hiddenFor ??= new Set()).add(connection.user)
    tell([connection.user], { t: 'msg.hidden', c: frame.c, seq: frame.seq })
    ok(connection, frame)
  },
  block: ok,
  ...callHandlers(tell),
  devices: (connection, { r }) => {
    const now = Date.now()
    const devices = [...(online.get(connection.user) ?? [])].map((one, index) => ({
      device: one.device ?? `mock-${index}`, name: one.name ?? '', first_seen: now - 86_400_000, last_seen: now, online: true, current: one === connection,
    }))
    devices.push({ device: 'phone-old', name: 'WeChat on Android', first_seen: now - 9e8, last_seen: now - 2e8, online: false, current: false })
    connection.write({ t: 'devices', r, devices })
  },
  'device.signout': (connection, { r, device }) => {
    ok(connection, { r })
    for (const other of online.get(connection.user) ?? []) if (other.device === device) other.socket.close(4506, 'signed_out')
  },
  'profile.set': (connection, { r, name, avatar }) => {
    const user = Object.assign(store.userOf(connection.user), name === undefined ? {} : { name }, avatar === undefined ? {} : { avatar })
    connection.write({ t: 'user', r, user })
  },
  changes: (connection, { r, c, after }) => {
    const conversation = store.find(c)
    const items = store.changesAfter(conversation, after).map((message) => store.strip(message, connection.user))
    connection.write({ t: 'changes', r, c, rev: conversation.rev ?? 0, more: false, items })
  },
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
