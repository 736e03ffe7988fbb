import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'

import { useConversationActions } from '../src/features/inbox/conversation-actions'
import BlockedPeople from '../src/features/settings/BlockedPeople.vue'
import { useBlocks } from '../src/stores/blocks'
import { useSession } from '../src/stores/session'
import { asClient, conversation, FakeClient, HUA, refused } from './fake-client'

let client: FakeClient
let onServer: Set<string>

const sync = (): void => client.emit('sync', { gap: false })
const ids = (): string[] => useBlocks().all.map(({ id }) => id)

beforeEach(() => {
  setActivePinia(createPinia())
  client = new FakeClient()
  onServer = new Set([HUA.id])
  client.blocked.mockImplementation(async () => [...onServer].map((id) => ({ ...HUA, id, name: id })))
  client.block.mockImplementation(async (user, on) => void (on ? onServer.add(user) : onServer.delete(user)))
})

describe('whom one has blocked', () => {
  it('is asked for once after the sign-in, not again with each connection', async () => {
    useBlocks().attach(asClient(client))
    expect(client.blocked).not.toHaveBeenCalled()
    sync()
    await vi.waitFor(() => expect(ids()).toEqual([HUA.id]))
    sync()
    sync()
    expect(client.blocked).toHaveBeenCalledTimes(1)
    expect(useBlocks().has(HUA.id)).toBe(true)
    expect(useBlocks().has('A')).toBe(false)
    expect(useBlocks().has(undefined)).toBe(false)
  })

  it('is asked for again with the next connection when no answer came', async () => {
    client.blocked.mockRejectedValueOnce(refused('disconnected'))
    useBlocks().attach(asClient(client))
    sync()
    await nextTick()
    sync()
    await vi.waitFor(() => expect(ids()).toEqual([HUA.id]))
  })

  it('is what the server says after a change, and stays after one that was refused', async () => {
    const blocks = useBlocks()
    blocks.attach(asClient(client))
    await blocks.set('A', true)
    expect(ids()).toEqual([HUA.id, 'A'])
    client.block.mockRejectedValueOnce(refused('unknown_user'))
    await expect(blocks.set('ghost', true)).rejects.toMatchObject({ code: 'unknown_user' })
    expect(ids()).toEqual([HUA.id, 'A'])
    await blocks.set(HUA.id, false)
    expect(ids()).toEqual(['A'])
  })

  it('is never an answer that a later one has overtaken, nor the list of who signed out', async () => {
    const answers: ((users: (typeof HUA)[]) => void)[] = []
    client.blocked.mockImplementation(() => new Promise((resolve) => answers.push(resolve)))
    const detach = useBlocks().attach(asClient(client))
    const [early, late] = [useBlocks().load(), useBlocks().load()]
    answers[1]?.([])
    answers[0]?.([HUA])
    await Promise.all([early, late])
    expect(ids()).toEqual([])
    const last = useBlocks().load()
    detach()
    answers[2]?.([HUA])
    await last
    expect(ids()).toEqual([])
  })
})

describe('a blocked person', () => {
  it('is unblocked by the menu of the conversation, where others are blocked', async () => {
    useSession().start(asClient(client), () => undefined)
    useBlocks().attach(asClient(client))
    await useBlocks().load()
    const { of, run } = useConversationActions()
    const offered = (): string[] => of(conversation()).map(({ id }) => id)
    expect(offered()).toContain('unblock')
    expect(offered()).not.toContain('block')
    run('unblock', conversation())
    await vi.waitFor(() => expect(offered()).toContain('block'))
    expect(offered()).not.toContain('unblock')
    expect(client.block).toHaveBeenCalledWith(HUA.id, false)
  })

  it('stands in the settings until the last one is unblocked there', async () => {
    useBlocks().attach(asClient(client))
    const page = mount(BlockedPeople)
    expect(page.find('[data-testid="blocked-people"]').exists()).toBe(false)
    await vi.waitFor(() => expect(page.find(`[data-testid="blocked-${HUA.id}"]`).text()).toContain(HUA.name))
    await page.get(`[data-testid="blocked-${HUA.id}"] button`).trigger('click')
    await vi.waitFor(() => expect(page.find('[data-testid="blocked-people"]').exists()).toBe(false))
    expect(onServer.size).toBe(0)
    page.unmount()
  })
})
