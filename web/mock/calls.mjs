// Calls of the mock server: rings, connects two pages and writes the record. Takes the TURN settings
// that the server takes, else none: two pages on one machine need no ICE servers.

import { createHmac } from 'node:crypto'

import * as store from './store.mjs'

const RING_MS = 45_000
/** id -> { call, c, media, from, to, state, ..., at: user -> connection, said: user -> signals to him } */
const calls = new Map()

const told = ({ call, c, media, from, to, state, why, ts, answered, ended }) => ({
  call, c, media, from, to, state, ts, conns: [null, null], ...(why && { why }), ...(answered && { answered }), ...(ended && { ended }),
})

function iceOf(user) {
  const { MAGPIE_CALLS__TURN_URLS: urls, MAGPIE_CALLS__TURN_SECRET: secret } = process.env
  if (!urls || !secret) return []
  const username = `${Math.floor(Date.now() / 1000) + 3600}:${user}`
  return [{ urls: urls.split(','), username, credential: createHmac('sha1', secret).update(username).digest('base64') }]
}

const OUTCOMES = { cancelled: '已取消', rejected: '已拒绝', missed: '未接听', busy: '对方忙' }
const isBusy = (user) => [...calls.values()].some((one) => one.state !== 'ended' && [one.from, one.to].includes(user))

export function callHandlers(tell) {
  const tellBoth = (one) => tell([one.from, one.to], { t: 'call', ...told(one) })
  const reply = (connection, r, one) => connection.write({ t: 'call', r, ...told(one), ice: iceOf(connection.user) })

  function end(one, why) {
    if (one.state === 'ended') return
    clearTimeout(one.timer)
    Object.assign(one, { state: 'ended', why, ended: Date.now() })
    tellBoth(one)
    const ms = one.answered ? one.ended - one.answered : 0
    const name = one.media === 'video' ? '[视频通话]' : '[语音通话]'
    const x = `${name} ${OUTCOMES[why] ?? `${Math.round(ms / 1000)} s`}`
    const body = { k: 'call', x, call: { id: one.call, media: one.media, why, ms } }
    const { message } = store.append(store.find(one.c), one.from, body, `call:${one.call}`)
    tell([one.from, one.to], { t: 'msg', message })
  }

  /** The call of a frame, if this user is in it. */
  const known = (handle) => (connection, frame) => {
    const one = calls.get(frame.call)
    if (!one || ![one.from, one.to].includes(connection.user)) return connection.refuse(frame.r, 'unknown_call', 'no such call')
    handle(connection, frame, one)
  }

  return {
    'call.invite': (connection, { r, to, call, media }) => {
      if (!store.userOf(to)) return connection.refuse(r, 'unknown_user', 'no such user')
      if (isBusy(connection.user)) return connection.refuse(r, 'busy', 'in a call already', 'later')
      const busy = isBusy(to)
      const { c } = store.direct(connection.user, to)
      const one = { call, c, media, from: connection.user, to, state: 'ringing', ts: Date.now(), at: new Map([[connection.user, connection]]), said: new Map() }
      calls.set(call, one)
      reply(connection, r, one)
      if (busy) return end(one, 'busy')
      one.timer = setTimeout(() => end(one, 'missed'), RING_MS)
      tellBoth(one)
    },
    'call.accept': known((connection, { r }, one) => {
      if (one.state !== 'ringing') return connection.refuse(r, 'call_taken', 'answered elsewhere')
      clearTimeout(one.timer)
      Object.assign(one, { state: 'active', answered: Date.now() })
      one.at.set(connection.user, connection)
      reply(connection, r, one)
      tellBoth(one)
    }),
    'call.end': known((connection, { r, why }, one) => {
      const ringing = one.state === 'ringing' ? (connection.user === one.from ? 'cancelled' : 'rejected') : 'hangup'
      end(one, why === 'failed' ? 'failed' : ringing)
      connection.write({ t: 'ok', r })
    }),
    'call.attach': known((connection, { r, have }, one) => {
      one.at.set(connection.user, connection)
      reply(connection, r, one)
      for (const signal of (one.said.get(connection.user) ?? []).slice(have)) connection.write(signal)
    }),
    'call.signal': known((connection, { r, data }, one) => {
      const other = connection.user === one.from ? one.to : one.from
      const said = one.said.get(other) ?? []
      one.said.set(other, said)
      said.push({ t: 'call.signal', call: one.call, n: said.length + 1, data })
      one.at.get(other)?.write(said.at(-1))
      connection.write({ t: 'ok', r })
    }),
    'call.ice': (connection, { r }) => connection.write({ t: 'call.ice', r, ice: iceOf(connection.user), expires: Date.now() + 3_600_000 }),
  }
}
