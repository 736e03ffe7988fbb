// Conversations of the mock server, in memory, with something to look at.

export const USERS = [
  { id: '小明', name: '小明', avatar: '', role: 'user' },
  { id: '翠花', name: '翠花', avatar: '', role: 'user' },
  { id: 'oXk5-seller', name: '二手书店', avatar: '', role: 'user' },
  { id: 'oXk5-buyer', name: '林同学', avatar: '', role: 'user' },
  { id: 'A', name: 'Ada Lovelace', avatar: '', role: 'user' },
  { id: 'B', name: 'Ben Okafor', avatar: '', role: 'user' },
  { id: '17', name: '17', avatar: '', role: 'user' },
  { id: 'agent', name: 'Ruth', avatar: '', role: 'agent' },
]

const byId = new Map(USERS.map((user) => [user.id, user]))
export const userOf = (id) => byId.get(id)

/** c -> { c, kind, users, messages, state: user -> private state } */
const conversations = new Map()
let version = 1

export const cursor = () => `m${version}`

function stateOf(conversation, user) {
  let state = conversation.state.get(user)
  if (!state) {
    state = { read: 0, delivered: 0, cleared: 0, pin: false, mute: false, hidden: 0, ver: version }
    conversation.state.set(user, state)
  }
  return state
}

const AGENTS = USERS.filter((user) => user.role === 'agent').map((user) => user.id)

export function find(c) {
  return conversations.get(c)
}

export function direct(a, b) {
  const key = [a, b].sort().join('\n')
  return make(key, 'direct', [a, b])
}

export function desk(visitor) {
  return make(`desk\n${visitor}`, 'desk', [visitor, ...AGENTS])
}

function make(key, kind, users) {
  const c = Buffer.from(key).toString('hex').padEnd(16, '0')
  let conversation = conversations.get(c)
  if (!conversation) {
    conversation = { c, kind, users, messages: [], state: new Map(), ver: version }
    conversations.set(c, conversation)
  }
  return conversation
}

/** Appends, or answers with what the same key stored before. */
export function append(conversation, from, body, cid, ts = Date.now()) {
  const known = cid && conversation.messages.find((m) => m.from === from && m.cid === cid)
  if (known) return { message: known, dup: true }
  const seq = conversation.messages.length + 1
  const message = { c: conversation.c, seq, id: `${conversation.c}-${seq}`, from, ts, b: body, cid }
  conversation.messages.push(message)
  conversation.ver = ++version
  return { message, dup: false }
}

export function mark(c, user, delivered, read) {
  const conversation = find(c)
  const state = stateOf(conversation, user)
  const head = conversation.messages.length
  state.read = Math.min(head, Math.max(state.read, read))
  state.delivered = Math.min(head, Math.max(state.delivered, delivered, state.read))
  conversation.ver = ++version
  return { conversation, state }
}

/** A message as an item for one viewer. */
export function strip(message, viewer) {
  const { cid, gone, hiddenFor, reactions, ...rest } = message
  if (gone) return { from: message.seq, to: message.seq, gone, by: message.from }
  const seen = viewer !== undefined && hiddenFor?.has(viewer)
  if (seen || message.seq <= (conversations.get(message.c)?.state.get(viewer)?.cleared ?? 0))
    return { from: message.seq, to: message.seq, gone: 'deleted' }
  if (reactions?.length) rest.reactions = reactions.map(([e, users]) => [e, [...users]])
  return message.from === viewer && cid ? { ...rest, cid } : rest
}

/** A shared change: gives it the next rev of its conversation. */
export function touch(conversation, message) {
  message.rev = conversation.rev = (conversation.rev ?? 0) + 1
  conversation.ver = ++version
  return message.rev
}

export function changesAfter(conversation, rev) {
  return conversation.messages.filter((m) => (m.rev ?? 0) > rev).sort((a, b) => a.rev - b.rev)
}

export function react(message, user, emoji, on) {
  const reactions = (message.reactions ??= [])
  const entry = reactions.find(([e]) => e === emoji)
  if (on && !entry) reactions.push([emoji, [user]])
  else if (on && !entry[1].includes(user)) entry[1].push(user)
  else if (!on && entry) entry[1] = entry[1].filter((one) => one !== user)
  else return false
  message.reactions = reactions.filter(([, users]) => users.length > 0)
  return true
}

export function setState(conversation, user, change) {
  const state = stateOf(conversation, user)
  Object.assign(state, change)
  conversation.ver = ++version
  return state
}

export function unreadOf(conversation, user) {
  const { read } = stateOf(conversation, user)
  const { cleared } = stateOf(conversation, user)
  return conversation.messages.filter((m) => m.seq > Math.max(read, cleared) && m.from !== user && !m.gone && !m.hiddenFor?.has(user)).length
}

export function entry(conversation, user) {
  const state = stateOf(conversation, user)
  const peerId = conversation.users.find((one) => one !== user)
  const others = conversation.users.filter((one) => one !== user).map((one) => stateOf(conversation, one))
  const last = conversation.messages.at(-1)
  const visitorOfDesk = conversation.kind === 'desk' && conversation.users[0] === user
  return {
    c: conversation.c,
    kind: conversation.kind,
    peer: visitorOfDesk ? null : userOf(conversation.kind === 'desk' ? conversation.users[0] : peerId),
    head: conversation.messages.length,
    rev: conversation.rev ?? 0,
    ts: last?.ts ?? Date.now(),
    unread: unreadOf(conversation, user),
    ...state,
    visible: conversation.messages.length > state.hidden || state.hidden === -1,
    peer_read: Math.max(...others.map((other) => other.read)),
    peer_delivered: Math.max(...others.map((other) => other.delivered)),
    last: last ? strip(last, user) : null,
  }
}

/** Conversations of a user that changed since a cursor, the latest first. */
export function changed(user, since) {
  const after = since ? Number(since.slice(1)) : 0
  return [...conversations.values()]
    .filter((one) => one.users.includes(user) && one.ver > after)
    .sort((a, b) => b.ver - a.ver)
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export function seed() {
  const now = Date.now()
  const say = (conversation, from, x, at) => append(conversation, from, { k: 'text', x }, undefined, now - at)
  const pair = direct('小明', '翠花')
  for (let i = 1; i <= 130; i++) say(pair, i % 3 ? '小明' : '翠花', `第 ${i} 条旧消息`, 9 * DAY - i * MINUTE)
  say(pair, '翠花', '周末去爬山吗？天气预报说周六晴。', DAY + 50 * MINUTE)
  say(pair, '小明', '好呀！几点出发？', DAY + 48 * MINUTE)
  say(pair, '小明', '我可以开车，后备箱还放得下帐篷。', DAY + 47 * MINUTE)
  say(pair, '翠花', '七点半，老地方见 👌', DAY + 45 * MINUTE)
  say(pair, '小明', '早餐我带：豆浆、包子，还有上次那家的葱油饼。你有什么忌口的吗？要不要顺便给大家买点水果和水？', 42 * MINUTE)
  say(pair, '翠花', '没有忌口', 40 * MINUTE)
  say(pair, '翠花', '🥰', 40 * MINUTE)
  mark(pair.c, '翠花', 136, 136)
  mark(pair.c, '小明', 137, 137)
  const shop = direct('小明', 'oXk5-seller')
  say(shop, '小明', '请问《数据密集型应用系统设计》还在吗？', 26 * 60 * MINUTE)
  say(shop, 'oXk5-seller', '在的，九成新，包邮。', 25 * 60 * MINUTE)
  say(shop, 'oXk5-seller', '今天下单明天就能发。', 25 * 60 * MINUTE)
  mark(shop.c, '小明', 3, 1)
  mark(shop.c, 'oXk5-seller', 3, 3)
  const ben = direct('小明', 'B')
  say(ben, 'B', 'The new build is on staging. Could you have a look at https://staging.example/a/rather/long/path?with=query before noon?', 3 * DAY)
  say(ben, '小明', 'Sure, on it.', 3 * DAY - 5 * MINUTE)
  mark(ben.c, '小明', 2, 2)
  mark(ben.c, 'B', 2, 1)
  const help = desk('小明')
  say(help, '小明', '洗车付款后页面没有反应', 5 * DAY)
  say(help, 'agent', '您好，请把订单号发给我，我帮您看一下。', 5 * DAY - 4 * MINUTE)
  mark(help.c, '小明', 2, 2)
  const other = desk('oXk5-buyer')
  say(other, 'oXk5-buyer', '退款多久能到账？', 12 * MINUTE)
  const english = direct('A', 'B')
  say(english, 'A', 'Morning! Did the deploy go through?', 90 * MINUTE)
  say(english, 'B', 'Yes — 4 minutes, no errors. Dashboards look calm.', 88 * MINUTE)
  say(english, 'B', 'I left the old nodes running until tonight, just in case.', 87 * MINUTE)
  say(english, 'A', 'Perfect. Let us turn them off after the evening peak then.', 30 * MINUTE)
  say(english, 'A', 'Thanks 🙏', 29 * MINUTE)
  mark(english.c, 'A', 5, 3)
  mark(english.c, 'B', 5, 4)
}
