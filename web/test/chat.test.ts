import { createPinia, setActivePinia } from 'pinia'
import { type Gone, MagpieError } from 'magpie-im'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { t } from '../src/app/i18n'
import { OpenChat } from '../src/model/open-chat'
import { recalledText } from '../src/model/recalled'
import { useChat } from '../src/stores/chat'
import { DESK, useInbox } from '../src/stores/inbox'
import { useSession } from '../src/stores/session'
import { asClient, C, conversation, FakeClient, HUA, ME, message, settle } from './fake-client'

let client: FakeClient
let chat: OpenChat

function open(unread = 0): OpenChat {
  return new OpenChat(asClient(client), { c: C }, conversation({ unread, read: 4 }))
}

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  client = new FakeClient()
  chat = open()
})
afterEach(() => vi.useRealTimers())

const recalled = (seq: number): Gone => ({ type: 'gone', key: `${C}:${seq}`, c: C, from: seq, to: seq, gone: 'recalled', by: ME.id })

describe('an open chat', () => {
  it('shows many changes of one frame once', async () => {
    const timeline = client.timelineOf()
    const seen = vi.fn()
    for (let seq = 1; seq <= 20; seq++) timeline.show(Array.from({ length: seq }, (_, n) => message(n + 1)))
    expect(chat.view.rows.length).toBe(0)
    await settle()
    seen(chat.view.rows.length)
    expect(seen).toHaveBeenCalledWith(20)
  })

  it('follows new messages at the end, but not a page that the reader scrolls to', async () => {
    const timeline = client.timelineOf()
    timeline.show([message(1)])
    await settle()
    timeline.show([message(1), message(2)])
    await settle()
    expect(chat.view.follow).toBe(true)
    timeline.show([message(1), message(2)], { atEnd: false })
    await settle()
    timeline.show([message(1), message(2), message(3)], { atEnd: true })
    await settle()
    expect(chat.view.follow, 'the last page of an excursion is no news').toBe(false)
  })

  it('sends a reply once, then the reply is over', () => {
    chat.view.reply = message(3)
    chat.send('好')
    chat.send('再见')
    expect(client.send.mock.calls).toEqual([
      [{ c: C }, '好', { re: 3 }],
      [{ c: C }, '再见', {}],
    ])
  })

  it('drops a reply or an edit whose message is recalled meanwhile', async () => {
    chat.view.reply = message(3)
    chat.view.editing = message(3, { from: ME.id })
    client.timelineOf().show([recalled(3)])
    await settle()
    expect(chat.view.reply).toBeNull()
    expect(chat.view.editing).toBeNull()
  })

  it('asks nothing of the server where an edit changed nothing', async () => {
    chat.view.editing = message(2, { from: ME.id, x: 'same' })
    await chat.edit('same')
    expect(client.edit).not.toHaveBeenCalled()
    chat.view.editing = message(2, { from: ME.id, x: 'same' })
    await chat.edit('other')
    expect(client.edit).toHaveBeenCalledWith(C, 2, 'other')
  })

  it('keeps a recalled text for some minutes, from before anybody can be told of it', async () => {
    client.recall.mockImplementationOnce(async (c, seq) => {
      expect(recalledText(c, seq)).toBe('typo')
    })
    await chat.recall(message(9, { from: ME.id, x: 'typo' }))
    expect(client.recall).toHaveBeenCalledWith(C, 9)
    expect(recalledText(C, 9)).toBe('typo')
    vi.advanceTimersByTime(6 * 60_000)
    expect(recalledText(C, 9)).toBeNull()
  })

  it('resolves a quote as it is now: edited, recalled, or nothing', async () => {
    client.message.mockResolvedValueOnce(message(1, { x: 'first' }))
    expect(chat.quote(1)).toBeUndefined()
    await settle()
    expect(chat.quote(1)).toMatchObject({ body: { x: 'first' } })
    client.timelineOf().show([message(1, { x: 'edited' })])
    await settle()
    expect(chat.quote(1)).toMatchObject({ body: { x: 'edited' } })
    client.message.mockResolvedValueOnce(recalled(1))
    client.emit('change', { c: C, seq: 1, kind: 'recall', by: ME.id })
    await settle()
    expect(chat.quote(1)).toMatchObject({ type: 'gone' })
  })

  it('asks again for a quote that could not be had, once the connection is back', async () => {
    client.message.mockRejectedValueOnce(new Error('offline'))
    chat.quote(7)
    await settle()
    expect(chat.quote(7)).toBeUndefined()
    expect(client.message).toHaveBeenCalledTimes(1)
    client.message.mockResolvedValueOnce(message(7))
    client.emit('sync', { gap: false })
    await settle()
    expect(chat.quote(7)).toMatchObject({ seq: 7 })
    client.emit('sync', { gap: false })
    expect(client.message, 'what is known is not asked for').toHaveBeenCalledTimes(2)
  })

  it('jumps within what is here, and loads what is not', async () => {
    const timeline = client.timelineOf()
    timeline.show([message(50), message(51)])
    await settle()
    await chat.jumpTo(51)
    expect(timeline.loadAround).not.toHaveBeenCalled()
    timeline.loadAround.mockImplementation(async () => timeline.show([message(9), message(10)], { atEnd: false }))
    await chat.jumpTo(10)
    expect(chat.view).toMatchObject({ jump: { seq: 10 }, highlight: 10 })
    expect(chat.view.rows.length, 'the rows are there when the list is told to scroll').toBe(2)
  })

  it('marks read only what reaches the newest message', async () => {
    client.timelineOf().show([message(1)], { atEnd: false })
    await settle()
    chat.seen()
    expect(client.markRead).not.toHaveBeenCalled()
    client.timelineOf().show([message(1)], { atEnd: true })
    await settle()
    chat.seen()
    expect(client.markRead).toHaveBeenCalledWith(C)
  })

  it('keeps what is written as a draft when it is left, and forgets it once it is sent', () => {
    chat.keepDraft('half a')
    chat.keepDraft('half a thought')
    expect(client.setDraft).not.toHaveBeenCalled()
    chat.close()
    expect(client.setDraft.mock.calls).toEqual([[C, 'half a thought', undefined]])
    const next = open()
    next.keepDraft('whole')
    next.send('whole')
    expect(client.setDraft).toHaveBeenLastCalledWith(C, '')
    next.close()
    expect(client.setDraft).toHaveBeenCalledTimes(2)
  })

  it('keeps the draft of the next message while another one is edited', async () => {
    client.conversations = [conversation({ draft: { x: 'for later' } })]
    chat.view.editing = message(2, { from: ME.id, x: 'tpyo' })
    await chat.edit('typo')
    expect(client.edit).toHaveBeenCalledWith(C, 2, 'typo')
    expect(client.setDraft).not.toHaveBeenCalled()
  })

  it('that has no conversation yet keeps what was begun until it is sent, for this session only', () => {
    const desk = (of = client): OpenChat => new OpenChat(asClient(of), { to: DESK }, undefined)
    const first = desk()
    first.keepDraft('my order')
    first.close()
    const again = desk()
    expect(again.takeDraft()).toBe('my order')
    expect(desk(new FakeClient()).takeDraft(), 'of another session').toBe('')
    again.send('my order is late')
    expect(desk().takeDraft()).toBe('')
    expect(client.setDraft, 'the server knows no such conversation').not.toHaveBeenCalled()
  })

  it('takes up a draft with what it replies to', async () => {
    client.conversations = [conversation({ draft: { x: 'later', re: 5 } })]
    client.message.mockResolvedValueOnce(message(5))
    expect(chat.takeDraft()).toBe('later')
    await settle()
    expect(chat.view.reply).toMatchObject({ seq: 5 })
  })
})

describe('the stores', () => {
  it('open the desk, and go on with the same chat when its conversation is made', async () => {
    const session = useSession()
    const inbox = useInbox()
    inbox.attach(asClient(client))
    session.start(asClient(client), vi.fn())
    const store = useChat()
    inbox.select(DESK)
    const begun = store.current
    expect(begun?.target).toEqual({ to: DESK })
    client.timelineOf('').c = 'desk1'
    client.emit('conversations', [conversation({ c: 'desk1', kind: 'desk', peer: null })])
    await settle()
    expect(inbox.open).toBe('desk1')
    expect(store.current).toBe(begun)
    inbox.close()
    expect(store.current).toBeNull()
  })

  it('find conversations by name, id, draft and last message', () => {
    client.conversations = [
      conversation({ c: 'a', peer: { ...HUA, name: 'Ada' }, last: message(1, { x: 'See you' }) }),
      conversation({ c: 'b', peer: { ...HUA, id: 'b17', name: 'Bob' }, draft: { x: '未完' } }),
    ]
    const inbox = useInbox()
    inbox.attach(asClient(client))
    const found = (query: string): string[] => {
      inbox.query = query
      return inbox.found.map((one) => one.c)
    }
    expect([found('ADA'), found('17'), found('未'), found(' see '), found('nothing'), found('')]).toEqual([
      ['a'],
      ['b'],
      ['b'],
      ['a'],
      [],
      ['a', 'b'],
    ])
  })

  it('count unread without muted conversations, and know nobody while offline', async () => {
    client.conversations = [conversation({ c: 'a', unread: 2 }), conversation({ c: 'b', unread: 9, mute: true })]
    const inbox = useInbox()
    inbox.attach(asClient(client))
    expect(inbox.unreadTotal).toBe(2)
    client.emit('presence', { user: HUA.id, online: true, last_seen: 0 })
    expect(inbox.presence.get(HUA.id)?.online).toBe(true)
    client.emit('state', { ...client.status, state: 'waiting', synced: false })
    expect(inbox.presence.size).toBe(0)
  })

  it('follow whom the list shows', () => {
    const [ada, bob] = ['ada', 'bob'].map((id) => conversation({ c: id, peer: { ...HUA, id } }))
    client.conversations = [bob, ada] as never
    useInbox().attach(asClient(client))
    expect(client.watchPresence).toHaveBeenLastCalledWith(['bob', 'ada'])
    expect(useInbox().people.get('bob')).toMatchObject({ id: 'bob' })
  })

  it('say of an id that can be nobody\'s, and of the own one, what is wrong with it', async () => {
    const inbox = useInbox()
    inbox.attach(asClient(client))
    client.openConversation.mockRejectedValue(new MagpieError('bad_request', 'the id is reserved'))
    await expect(inbox.openWith('-1')).rejects.toMatchObject({ code: 'unknown_user' })
    client.openConversation.mockRejectedValue(new MagpieError('disconnected', 'not connected', 'later'))
    await expect(inbox.openWith('B')).rejects.toMatchObject({ code: 'disconnected' })
    client.openConversation.mockClear()
    await expect(inbox.openWith(ME.id)).rejects.toMatchObject({ code: 'own_id' })
    expect(client.openConversation).not.toHaveBeenCalled()
    expect(t('error.own_id')).not.toBe('error.own_id')
  })

  it('end the session only for what needs a new sign-in', () => {
    const session = useSession()
    const ended = vi.fn()
    session.start(asClient(client), ended)
    for (const code of [4501, 4502, 4503, 4505]) client.emit('kicked', { code, reason: '' })
    expect(ended).not.toHaveBeenCalled()
    client.emit('kicked', { code: 4506, reason: '' })
    client.emit('kicked', { code: 4500, reason: '' })
    expect(ended.mock.calls).toEqual([['signed_out'], ['refused']])
  })
})
