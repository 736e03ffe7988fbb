// The conversation list, what is searched in it, which chat is open, who is online and who types.

import { defineStore } from 'pinia'
import { type Client, type Conversation, MagpieError, type PresenceState } from 'magpie-im'
import { computed, ref, shallowReactive, shallowRef } from 'vue'

import { coalesced } from '../model/coalesce'
import { isDeskOf, nameOf } from '../model/names'

/** Receiver of messages to customer service, and the key of that chat before it exists. */
export const DESK = 'desk:'

export const useInbox = defineStore('inbox', () => {
  const all = shallowRef<readonly Conversation[]>([])
  const query = ref('')
  /** A conversation id or `DESK`; null where no chat is open. */
  const open = ref<string | null>(null)
  /** The list holds every conversation that the server has. */
  const complete = ref(false)
  const presence = shallowReactive(new Map<string, PresenceState>())
  const client = shallowRef<Client | null>(null)
  let meId = ''

  const byId = computed(() => new Map(all.value.map((one) => [one.c, one])))
  /** Everybody in the list, by id. */
  const people = computed(() => new Map(all.value.flatMap(({ peer }) => (peer ? [[peer.id, peer] as const] : []))))
  const unreadTotal = computed(() => all.value.reduce((sum, one) => sum + (one.mute ? 0 : one.unread), 0))
  const ownDesk = computed(() => all.value.find((one) => isDeskOf(one, meId)))

  const found = computed(() => {
    const wanted = query.value.trim().toLocaleLowerCase()
    if (wanted === '') return all.value
    return all.value.filter((one) => {
      const last = one.last?.type === 'message' ? one.last.body.x : ''
      const words = [nameOf(one.peer), one.peer?.id ?? '', one.draft?.x ?? '', last]
      return words.some((text) => text.toLocaleLowerCase().includes(wanted))
    })
  })

  function get(key: string): Conversation | undefined {
    return key === DESK ? ownDesk.value : byId.value.get(key)
  }

  function attach(made: Client): () => void {
    client.value = made
    const showList = coalesced((list: readonly Conversation[]) => {
      all.value = list
      meId = made.user?.id ?? meId
      // The first message to the desk made its conversation.
      if (open.value === DESK && ownDesk.value) open.value = ownDesk.value.c
      watchPresence()
    })
    meId = made.user?.id ?? ''
    all.value = made.conversations
    const removers = [
      made.on('conversations', showList),
      made.on('user', (user) => (meId = user.id)),
      made.on('presence', (state) => presence.set(state.user, state)),
      made.on('state', ({ state }) => {
        // Nothing is known of others while disconnected.
        if (state !== 'online') presence.clear()
      }),
      made.on('sync', () => (complete.value = false)),
    ]
    watchPresence()
    return () => {
      for (const remove of removers) remove()
      showList.cancel()
      all.value = []
      presence.clear()
      open.value = null
      query.value = ''
      client.value = null
    }
  }

  function watchPresence(): void {
    client.value?.watchPresence(all.value.flatMap((one) => (one.peer ? [one.peer.id] : [])))
  }

  function select(key: string): void {
    open.value = key === DESK ? (ownDesk.value?.c ?? DESK) : key
  }

  function close(): void {
    open.value = null
  }

  /** Opens the conversation with a user; throws the server's refusal, in words about the id. */
  async function openWith(user: string): Promise<void> {
    if (user === meId) throw new MagpieError('own_id', 'that is the id of who is signed in')
    const known = all.value.find((one) => one.kind === 'direct' && one.peer?.id === user)
    if (known) return select(known.c)
    const made = await client.value?.openConversation(user).catch((failure: MagpieError) => {
      // Nothing but the id was asked for: one that can be nobody's.
      throw failure.code === 'bad_request' ? new MagpieError('unknown_user', failure.message) : failure
    })
    if (!made) return
    if (!byId.value.has(made.c)) all.value = [made, ...all.value]
    select(made.c)
  }

  let asking = false
  /** The next page of the list, when its end is in sight. */
  async function more(): Promise<void> {
    if (asking || complete.value || !client.value) return
    asking = true
    try {
      complete.value = !(await client.value.moreConversations())
    } catch {
      // Asked again when somebody scrolls there again.
    } finally {
      asking = false
    }
  }

  return { all, people, query, found, open, presence, unreadTotal, ownDesk, get, attach, select, close, openWith, more }
})
