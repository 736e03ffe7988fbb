// The chat that is open: made when the list opens one, closed when it opens another.

import { defineStore } from 'pinia'
import { markRaw, shallowRef, watch } from 'vue'

import { OpenChat } from '../model/open-chat'
import { DESK, useInbox } from './inbox'
import { useSession } from './session'

export const useChat = defineStore('chat', () => {
  const session = useSession()
  const inbox = useInbox()
  const current = shallowRef<OpenChat | null>(null)

  watch(
    [() => session.client, () => inbox.open],
    ([client, key], [clientBefore, keyBefore]) => {
      const before = current.value
      // The first message to the desk made its conversation: the same chat goes on.
      if (before && client === clientBefore && keyBefore === DESK && before.c === key) return
      before?.close()
      current.value = null
      if (!client || key === null) return
      const target = key === DESK ? { to: DESK } : { c: key }
      current.value = markRaw(new OpenChat(client, target, inbox.get(key)))
    },
    { immediate: true, flush: 'sync' },
  )

  return { current }
})
