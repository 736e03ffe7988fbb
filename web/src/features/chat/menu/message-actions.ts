// What can be done to a message, and by whom, and for how long.

import type { Message } from 'magpie-im'

import { failureText, t } from '../../../app/i18n'
import { useSession } from '../../../stores/session'
import { useToasts } from '../../../stores/toasts'
import type { Action } from '../../../ui/ActionMenu.vue'
import { useChatContext } from '../context'

export const QUICK_REACTIONS = ['👍', '❤️', '😂', '😮', '😢', '🙏'] as const

export interface MessageActions {
  of: (message: Message) => Action[]
  canReact: () => boolean
  react: (message: Message, emoji: string, on: boolean) => void
  recall: (message: Message) => void
  hide: (message: Message) => void
  copy: (message: Message) => void
}

/** May an own message still be changed? Without a limit from the server it decides itself. */
export function isEditable(message: Message, nowMs: number, editMs: number | undefined): boolean {
  const { own, seq, body, ts } = message
  return own && seq > 0 && body.k === 'text' && nowMs - ts < (editMs ?? Infinity)
}

export function isRecallable(message: Message, nowMs: number, recallMs: number | undefined): boolean {
  return message.own && message.seq > 0 && message.body.k !== 'call' && nowMs - message.ts < (recallMs ?? Infinity)
}

export function useMessageActions(): MessageActions {
  const session = useSession()
  const toasts = useToasts()
  const { chat } = useChatContext()

  const hasChanges = (): boolean => session.has('changes')
  const attempt = (work: Promise<unknown>): void => {
    work.catch((failure: unknown) => toasts.show('error', '', failureText(failure)))
  }

  function of(message: Message): Action[] {
    const now = session.client?.now ?? Date.now()
    const actions: Action[] = [{ id: 'reply', label: t('menu.reply'), icon: 'reply' }]
    if (message.body.x !== '') actions.push({ id: 'copy', label: t('menu.copy'), icon: 'copy' })
    if (hasChanges()) {
      if (message.body.k !== 'call') actions.push({ id: 'forward', label: t('menu.forward'), icon: 'forward' })
      if (isEditable(message, now, session.limits?.edit_ms)) actions.push({ id: 'edit', label: t('menu.edit'), icon: 'edit' })
      if (isRecallable(message, now, session.limits?.recall_ms))
        actions.push({ id: 'recall', label: t('menu.recall'), icon: 'undo' })
    }
    actions.push({ id: 'hide', label: t('menu.hide'), icon: 'trash', danger: true })
    return actions
  }

  async function write(text: string): Promise<void> {
    // Missing on plain-http pages: then the old way, which needs a marked field.
    if (navigator.clipboard) return navigator.clipboard.writeText(text)
    const field = document.createElement('textarea')
    field.value = text
    field.className = 'sr-only'
    document.body.append(field)
    field.select()
    const done = document.execCommand('copy')
    field.remove()
    if (!done) throw new Error('copy')
  }

  return {
    of,
    canReact: hasChanges,
    react: (message, emoji, on) => attempt(session.required().react(message.c, message.seq, emoji, on)),
    recall: (message) => attempt(chat.recall(message)),
    hide: (message) => attempt(session.required().hide(message.c, message.seq)),
    copy: (message) => {
      write(message.body.x).then(
        () => toasts.show('done', '', t('menu.copied')),
        () => toasts.show('error', '', t('menu.copy_failed')),
      )
    },
  }
}
