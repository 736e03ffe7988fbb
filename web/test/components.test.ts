import { mount } from '@vue/test-utils'
import type { Message } from 'magpie-im'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick } from 'vue'

import { t } from '../src/app/i18n'
import { registerBubble, registerComposerTool, registerPart, seams } from '../src/app/seams'
import Composer from '../src/features/chat/composer/Composer.vue'
import { provideChat } from '../src/features/chat/context'
import MessageBubble from '../src/features/chat/list/MessageBubble.vue'
import MessageRow from '../src/features/chat/list/MessageRow.vue'
import ForwardDialog from '../src/features/chat/menu/ForwardDialog.vue'
import { isEditable, isRecallable } from '../src/features/chat/menu/message-actions'
import { OpenChat } from '../src/model/open-chat'
import { useInbox } from '../src/stores/inbox'
import { useSession } from '../src/stores/session'
import { useToasts } from '../src/stores/toasts'
import { asClient, C, conversation, FakeClient, ME, message, NOON, refused, settle } from './fake-client'

let client: FakeClient
let chat: OpenChat
const openMenu = vi.fn()
const write = vi.fn()

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  client = new FakeClient()
  useSession().start(asClient(client), vi.fn())
  useInbox().attach(asClient(client))
  chat = new OpenChat(asClient(client), { c: C }, conversation())
  openMenu.mockClear()
})
afterEach(() => vi.useRealTimers())

/** Mounts a part of a chat where it belongs. */
function within(part: object, props: object) {
  const visitor = (): null => null
  const Host = defineComponent({
    setup() {
      provideChat({ chat, visitor, openMenu, write })
      return () => h(part, props)
    },
  })
  return mount(Host, { attachTo: document.body })
}

const bubble = (one: Message) => within(MessageBubble, { message: one, head: true, tail: true, latest: true, lit: false })
const place = () => ({ target: { c: C }, takeReply: () => chat.takeReply(), toEnd: vi.fn() })

describe('a bubble', () => {
  it('shows text as text only', () => {
    const part = bubble(message(1, { x: '<img src=x onerror=alert(1)> {{ 7*7 }}' }))
    expect(part.get('[data-testid=message-text]').text()).toBe('<img src=x onerror=alert(1)> {{ 7*7 }}')
    expect(part.find('img').exists()).toBe(false)
  })

  it('links to web addresses, in a window of their own, and to nothing else', () => {
    const part = bubble(message(1, { x: 'a https://example.com/x b javascript:alert(1)' }))
    const links = part.findAll('a')
    expect(links.map((link) => link.attributes())).toMatchObject([
      { href: 'https://example.com/x', target: '_blank', rel: 'noopener noreferrer' },
    ])
  })

  it.each(['sending', 'sent', 'delivered', 'read', 'failed'] as const)('says in words that it is %s', (status) => {
    const part = bubble(message(1, { from: ME.id, status }))
    const state = part.get('[data-testid=message-state]')
    expect(state.attributes()).toMatchObject({ 'data-state': status, 'aria-label': t(`message.${status}`) })
  })

  it('of a failed message says why, and offers to send it again or to let it go', async () => {
    const outgoing = { cid: 'x1', retry: vi.fn(), discard: vi.fn() }
    client.outgoing = [outgoing as never]
    const part = bubble(message(0, { from: ME.id, cid: 'x1', status: 'failed', error: refused('blocked') }))
    expect(part.get('[role=alert]').text()).toContain(t('error.blocked'))
    await part.get('[data-testid=message-retry]').trigger('click')
    await part.get('[data-testid=message-discard]').trigger('click')
    expect(outgoing.retry).toHaveBeenCalledOnce()
    expect(outgoing.discard).toHaveBeenCalledOnce()
  })

  it('folds what is very long, between characters', async () => {
    const long = '😀'.repeat(16_000)
    const part = bubble(message(1, { x: long }))
    const text = part.get('[data-testid=message-text]')
    expect(text.text().length).toBeLessThan(2_000)
    expect(text.text()).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/)
    await part.get('[data-testid=unfold]').trigger('click')
    expect(text.text()).toBe(long)
  })

  it('shows an unknown kind by its text, a broken place too, and a kind of another feature by its component', () => {
    expect(bubble(message(1, { body: { k: 'x.new', x: '[新]' } })).text()).toContain('[新]')
    expect(bubble(message(2, { body: { k: 'location', x: '[位置]', lat: 'x' } })).text()).toContain('[位置]')
    expect(bubble(message(3, { body: { k: 'constructor', x: 'proto' } })).text()).toContain('proto')
    registerBubble('poll', defineComponent({ props: ['message'], render: () => h('b', 'poll!') }))
    expect(bubble(message(4, { body: { k: 'poll', x: '[投票]' } })).text()).toContain('poll!')
    seams.bubbles.clear()
  })

  it('takes back one\'s own reaction and adds to others\'', async () => {
    const reactions = [
      { e: '👍', users: [ME.id], own: true },
      { e: '🎉', users: ['翠花'], own: false },
    ]
    const part = bubble(message(5, { reactions }))
    const [thumb, party] = part.findAll('[data-testid=reaction]')
    await thumb?.trigger('click')
    await party?.trigger('click')
    expect(client.react.mock.calls).toEqual([
      [C, 5, '👍', false],
      [C, 5, '🎉', true],
    ])
  })

  it('has no menu before it is stored', async () => {
    await bubble(message(0, { from: ME.id, status: 'sending' })).get('.bubble').trigger('contextmenu')
    expect(openMenu).not.toHaveBeenCalled()
    await bubble(message(1)).get('.bubble').trigger('contextmenu')
    expect(openMenu).toHaveBeenCalledOnce()
  })
})

describe('a recalled place', () => {
  const row = (by: string) => ({
    key: 'k',
    item: { type: 'gone', key: 'k', c: C, from: 77, to: 77, gone: 'recalled', by },
    day: 0,
    unread: false,
    head: true,
    tail: true,
    latest: false,
  })

  it('says who took it back, and lets the sender edit his text again', async () => {
    expect(within(MessageRow, { row: row('翠花'), lit: false }).text()).toBe(t('chat.recalled_by', { name: '翠花' }))
    await chat.recall(message(77, { from: ME.id, x: 'oops' }))
    const own = within(MessageRow, { row: row(ME.id), lit: false })
    expect(own.text()).toContain(t('chat.recalled_own'))
    await own.get('[data-testid=edit-again]').trigger('click')
    expect(write).toHaveBeenCalledWith('oops')
  })
})

describe('the composer', () => {
  const field = (part: ReturnType<typeof within>) => part.get<HTMLTextAreaElement>('[data-testid=composer-input]')

  it('sends with Enter, but not the Enter that ends a composition', async () => {
    const part = within(Composer, { place: place(), draft: '' })
    await field(part).setValue('你好  ')
    await field(part).trigger('keydown', { key: 'Enter', isComposing: true })
    expect(client.send).not.toHaveBeenCalled()
    await field(part).trigger('keydown', { key: 'Enter' })
    expect(client.send).toHaveBeenCalledWith({ c: C }, '你好', {})
    expect(field(part).element.value).toBe('')
  })

  it('edits the last own message with the arrow up, and gives back what stood there on Escape', async () => {
    client.timelineOf().show([message(1, { from: ME.id, x: 'mine' }), message(2)])
    await settle()
    const part = within(Composer, { place: place(), draft: '' })
    await field(part).trigger('keydown', { key: 'ArrowUp' })
    await nextTick()
    expect(field(part).element.value).toBe('mine')
    await part.get('form').trigger('keydown', { key: 'Escape' })
    expect(field(part).element.value).toBe('')
    expect(client.edit).not.toHaveBeenCalled()
  })

  it('takes over what another device wrote, but never over what is written here', async () => {
    client.conversations = [conversation({ draft: { x: 'one' } })]
    const part = within(Composer, { place: place(), draft: 'one' })
    expect(field(part).element.value).toBe('one')
    await field(part).setValue('mine now')
    await part.setProps({})
    expect(field(part).element.value).toBe('mine now')
  })

  it('tells the other side that one types, once there is a conversation', async () => {
    chat = new OpenChat(asClient(client), { to: 'desk:' }, undefined)
    const part = within(Composer, { place: { ...place(), target: { to: 'desk:' } }, draft: '' })
    await field(part).setValue('help')
    expect(client.typing).not.toHaveBeenCalled()
    client.timelineOf('').c = 'desk1'
    await field(part).setValue('help me')
    expect(client.typing).toHaveBeenCalledWith({ to: 'desk:' })
  })

  it('refuses a text that is larger than the server takes', async () => {
    const part = within(Composer, { place: place(), draft: '' })
    await field(part).setValue('字'.repeat(22_000))
    expect(part.get('[role=alert]').text()).toBe(t('composer.too_long'))
    await field(part).trigger('keydown', { key: 'Enter' })
    expect(client.send).not.toHaveBeenCalled()
  })

  it('sends no place that was found after its panel was closed, and says nothing of it', async () => {
    const asked: [(found: object) => void, (failure: object) => void][] = []
    const geolocation = { getCurrentPosition: (found: never, failed: never) => asked.push([found, failed]) }
    vi.stubGlobal('navigator', { geolocation })
    const part = within(Composer, { place: place(), draft: '' })
    const tools = (): Promise<void> => part.get('[data-testid=composer-tools]').trigger('click')
    for (let time = 0; time < 3; time++) {
      await tools()
      await part.get('[data-testid=tool-location]').trigger('click')
      if (time < 2) await tools()
    }
    const coords = { latitude: 31, longitude: 121 }
    asked[0]?.[0]({ coords })
    asked[1]?.[1]({ code: 1 })
    expect(client.send).not.toHaveBeenCalled()
    expect(useToasts().list).toEqual([])
    asked[2]?.[0]({ coords })
    expect(client.send).toHaveBeenCalledOnce()
    vi.unstubAllGlobals()
  })

  it('has room for tools and parts of other features', async () => {
    const run = vi.fn()
    registerComposerTool({ id: 'photo', icon: 'image', label: () => 'Photo', run })
    registerPart('composerStrips', defineComponent({ props: ['place'], render: () => h('i', 'strip') }))
    const part = within(Composer, { place: place(), draft: '' })
    expect(part.text()).toContain('strip')
    await part.get('[data-testid=composer-tools]').trigger('click')
    await part.get('[data-testid=tool-photo]').trigger('click')
    expect(run).toHaveBeenCalledWith(expect.objectContaining({ target: { c: C } }))
    seams.composerTools.length = 0
    seams.composerStrips.length = 0
  })
})

describe('forwarding', () => {
  it('offers people and customer service, not the system that nobody can answer', async () => {
    client.emit('conversations', [
      conversation(),
      conversation({ c: 'sys', peer: { ...ME, id: 'system', name: '' } }),
      conversation({ c: 'desk1', kind: 'desk', peer: null }),
    ])
    await settle()
    mount(ForwardDialog, { props: { message: message(1) }, attachTo: document.body })
    const offered = [...document.querySelectorAll<HTMLElement>('[data-testid^=pick-]')].map((one) => one.dataset['testid'])
    expect(offered).toEqual(['pick-翠花', 'pick-desk1'])
  })
})

describe('who may change a message, and for how long', () => {
  it('is its sender, within the time of the server, and only a text may be edited', () => {
    const mine = message(1, { from: ME.id, ts: NOON })
    expect(isEditable(mine, NOON + 10, 20)).toBe(true)
    expect(isEditable(mine, NOON + 30, 20)).toBe(false)
    expect(isEditable(message(1), NOON, 20)).toBe(false)
    expect(isEditable(message(0, { from: ME.id }), NOON, 20)).toBe(false)
    expect(isEditable(message(1, { from: ME.id, body: { k: 'image', x: '' } }), NOON, undefined)).toBe(false)
    expect(isRecallable(message(1, { from: ME.id, body: { k: 'image', x: '' } }), NOON, 10_000)).toBe(true)
    expect(isRecallable(message(1, { from: ME.id, body: { k: 'call', x: '' } }), NOON, 10_000)).toBe(false)
  })
})
