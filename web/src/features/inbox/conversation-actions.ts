// What can be done to a whole conversation, in the list's menu and in the chat's.

import type { Conversation } from 'magpie-im'
import { type Ref, ref } from 'vue'

import { t } from '../../app/i18n'
import { titleOf } from '../../app/labels'
import { isDeskOf, isSystem } from '../../model/names'
import { useBlocks } from '../../stores/blocks'
import { useInbox } from '../../stores/inbox'
import { useSession } from '../../stores/session'
import { useToasts } from '../../stores/toasts'
import type { Action } from '../../ui/ActionMenu.vue'
import { unblock } from './unblock'

export interface Question {
  title: string
  hint: string
  action: string
  run: () => void
}

export interface ConversationActions {
  of: (one: Conversation) => Action[]
  run: (id: string, one: Conversation) => void
  /** Set while an action waits for a yes. */
  question: Ref<Question | null>
}

export function useConversationActions(): ConversationActions {
  const session = useSession()
  const inbox = useInbox()
  const blocks = useBlocks()
  const toasts = useToasts()
  const question = ref<Question | null>(null)

  function of(one: Conversation): Action[] {
    const isPerson = one.peer !== null && !isDeskOf(one, session.user?.id ?? '') && !isSystem(one)
    const actions: Action[] = [
      { id: 'pin', label: t(one.pin ? 'conv.unpin' : 'conv.pin'), icon: 'pin' },
      { id: 'mute', label: t(one.mute ? 'conv.unmute' : 'conv.mute'), icon: one.mute ? 'bell' : 'mute' },
      { id: 'remove', label: t('conv.hide'), icon: 'eyeoff' },
      { id: 'clear', label: t('conv.clear'), icon: 'trash', danger: true },
    ]
    if (isPerson && blocks.has(one.peer?.id)) actions.push({ id: 'unblock', label: t('conv.unblock'), icon: 'check' })
    else if (isPerson) actions.push({ id: 'block', label: t('conv.block'), icon: 'block', danger: true })
    return actions
  }

  function ask(asked: Omit<Question, 'run'>, run: () => void): void {
    question.value = {
      ...asked,
      run: () => {
        question.value = null
        run()
      },
    }
  }

  function run(id: string, one: Conversation): void {
    const client = session.required()
    const name = titleOf(one, session.user?.id ?? '')
    const { c, peer } = one
    if (id === 'pin') void toasts.attempt(client.pin(c, !one.pin))
    else if (id === 'mute') void toasts.attempt(client.mute(c, !one.mute))
    else if (id === 'remove') {
      if (inbox.open === c) inbox.close()
      void toasts.attempt(client.hideConversation(c))
    } else if (id === 'clear') {
      ask({ title: t('conv.clear_title', { name }), hint: t('conv.clear_hint'), action: t('conv.clear') }, () => {
        if (inbox.open === c) inbox.close()
        void toasts.attempt(client.deleteConversation(c))
      })
    } else if (id === 'block' && peer) {
      ask({ title: t('conv.block_title', { name }), hint: t('conv.block_hint'), action: t('conv.block') }, () =>
        void toasts.attempt(blocks.set(peer.id, true), t('conv.blocked', { name })),
      )
    } else if (id === 'unblock' && peer) void unblock(peer)
  }

  return { of, run, question }
}
