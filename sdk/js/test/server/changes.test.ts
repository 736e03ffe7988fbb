// Shared changes, drafts, devices and profiles against the real binary: what two devices see is the same,
// whoever of them was away meanwhile.
import { describe, expect, it } from 'vitest'
import type { Client, Message, TimelineItem } from '../../src/node.js'
import { serverOfThisFile, until } from './server.js'

const { signedIn } = serverOfThisFile()

const items = (client: Client, c: string): readonly TimelineItem[] => client.timeline(c).view.items

function at(client: Client, c: string, seq: number): TimelineItem | undefined {
  return items(client, c).find((item) => (item.type === 'gone' ? item.from <= seq && seq <= item.to : item.seq === seq))
}

const text = (client: Client, c: string, seq: number): string => {
  const item = at(client, c, seq)
  return item?.type === 'message' ? item.body.x : (item?.gone ?? 'nothing')
}

describe('changes', () => {
  it('reach everybody who is there: edit, reaction, forward, recall', async () => {
    const a = await signedIn('小明')
    const b = await signedIn('B')
    expect(a.features).toContain('changes')
    const { c, seq } = await a.send({ to: 'B' }, 'first').promise
    await until(b, 'message', () => text(b, c, seq) === 'first')
    await a.edit(c, seq, 'second')
    await until(b, 'change', () => text(b, c, seq) === 'second')
    await b.react(c, seq, '👍')
    await until(a, 'change', () => (at(a, c, seq) as Message).reactions.length > 0)
    expect((at(a, c, seq) as Message).reactions).toEqual([{ e: '👍', users: ['B'], own: false }])
    const copy = await b.forward({ c, seq }, { to: 'A' })
    expect(await b.message(copy.c, copy.seq)).toMatchObject({ body: { x: 'second', fw: { from: '小明' } } })
    await a.recall(c, seq)
    await until(b, 'change', () => text(b, c, seq) === 'recalled')
    await until(a, 'change', () => text(a, c, seq) === 'recalled')
    await expect(b.recall(copy.c, 9_999)).rejects.toMatchObject({ code: 'unknown_message' })
  })

  it('that were missed come with the resume, however many they are', async () => {
    const a = await signedIn('A')
    const outs = Array.from({ length: 120 }, (_, line) => a.send({ to: '翠花' }, `line ${line}`))
    const first = await (outs[0] as (typeof outs)[number]).promise
    const { c } = await (outs.at(-1) as (typeof outs)[number]).promise
    const b = await signedIn('翠花', { device: 'away' })
    await b.timeline(c).open()
    while (!b.timeline(c).view.atStart) await b.timeline(c).loadOlder()
    expect(text(b, c, first.seq)).toBe('line 0')
    const unreadBefore = b.conversation(c)?.unread ?? 0
    b.close()
    for (let step = 0; step < 110; step++) await a.edit(c, first.seq + step, `edited ${step}`)
    await a.recall(c, first.seq + 115)
    await b.connect()
    const wanted = Array.from({ length: 110 }, (_, step) => `edited ${step}`)
    const shown = (): string[] => wanted.map((_, step) => text(b, c, first.seq + step))
    await expect.poll(shown).toEqual(wanted)
    expect(text(b, c, first.seq + 115)).toBe('recalled')
    expect(text(b, c, first.seq + 116)).toBe('line 116')
    expect(b.conversation(c)?.unread).toBe(unreadBefore - 1)
    expect((await b.unread(c)).count).toBe(unreadBefore - 1)
  })

  it('leave the unread count the same as the server counts it', async () => {
    const a = await signedIn('oDemoSeller')
    const b = await signedIn('oDemoBuyer')
    const places = []
    for (const line of ['one', 'two', 'three']) places.push(await a.send({ to: 'oDemoBuyer' }, line).promise)
    const { c, seq } = places[1] as Message
    await until(b, 'conversations', () => b.conversation(c) !== null && text(b, c, seq + 1) === 'three')
    await a.recall(c, seq)
    await until(b, 'change', () => text(b, c, seq) === 'recalled')
    expect(b.conversation(c)?.unread).toBe((await b.unread(c)).count)
    await b.hide(c, seq - 1)
    expect(b.conversation(c)?.unread).toBe((await b.unread(c)).count)
  })
})

describe('a user with two devices', () => {
  it('finds the draft of one on the other, until it is sent', async () => {
    const phone = await signedIn('小明', { device: 'phone' })
    const tablet = await signedIn('小明', { device: 'tablet' })
    const { c } = await phone.openConversation('agent')
    await until(tablet, 'conversations', () => tablet.conversation(c) !== null)
    phone.setDraft(c, 'half a sen')
    await until(tablet, 'conversations', () => tablet.conversation(c)?.draft?.x === 'half a sen')
    const later = await signedIn('小明', { device: 'later' })
    expect(later.conversation(c)?.draft).toEqual({ x: 'half a sen' })
    phone.setDraft(c, '')
    await until(tablet, 'conversations', () => tablet.conversation(c)?.draft === null)
  })

  it('sees both in the list, and signs one out for good', async () => {
    const phone = await signedIn('17', { device: 'phone-17', deviceName: 'Phone' })
    const tablet = await signedIn('17', { device: 'tablet-17', deviceName: 'Tablet' })
    const found = async (): Promise<unknown[]> =>
      (await tablet.devices()).map(({ name, current, online }) => [name, current, online]).sort()
    // The server writes a new device down a moment after its connection is ready.
    await expect.poll(found).toEqual([
      ['Phone', false, true],
      ['Tablet', true, true],
    ])
    await tablet.signOutDevice('phone-17')
    await until(phone, 'kicked', () => phone.state === 'closed')
    expect(phone.status.code).toBe(4506)
    expect(tablet.state).toBe('online')
  })

  it('changes his name', async () => {
    const client = await signedIn('agent')
    expect(await client.setProfile({ name: 'Agent One' })).toMatchObject({ id: 'agent', name: 'Agent One' })
    expect(client.user?.name).toBe('Agent One')
  })
})
