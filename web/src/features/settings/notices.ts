// A message that nobody sees makes a sound and, where it was allowed, a notice of the system. Never
// for own messages, muted conversations, or the chat that is in front of somebody's eyes.

import type { Client, Message } from 'magpie-im'

import { t } from '../../app/i18n'
import { lineOf, userName } from '../../app/labels'
import { useInbox } from '../../stores/inbox'
import { preferences } from './preferences'
import { playMessage } from './sounds'

/** Missed messages come in one go after a reconnect: they make one sound. */
const SOUND_EVERY_MS = 1_500
/** Messages that were written before this page was here are not news. */
const NEWS_MS = 30_000

export type Permission = 'granted' | 'denied' | 'default' | 'unsupported'

export function permission(): Permission {
  return 'Notification' in window ? Notification.permission : 'unsupported'
}

/** Only ever called by a click. */
export async function askPermission(): Promise<Permission> {
  if (permission() === 'unsupported') return 'unsupported'
  return await Notification.requestPermission()
}

export interface Sight {
  openChat: string | null
  hidden: boolean
  focused: boolean
}

/** What a message is worth: nothing, a sound, or a notice too. */
export function weightOf(message: Message, muted: boolean, sight: Sight, nowMs: number): '' | 'sound' | 'notice' {
  if (message.own || muted || nowMs - message.ts > NEWS_MS) return ''
  const inSight = !sight.hidden && sight.focused
  if (inSight) return sight.openChat === message.c ? '' : 'sound'
  return 'notice'
}

export function showNotice(title: string, body: string, tag: string, onClick: () => void): Notification | null {
  if (!preferences.notices || permission() !== 'granted') return null
  try {
    const notice = new Notification(title, { body, tag, icon: new URL('favicon.svg', document.baseURI).href })
    notice.addEventListener('click', () => {
      focus()
      notice.close()
      onClick()
    })
    return notice
  } catch {
    // Chrome on Android only lets service workers show them.
    return null
  }
}

export function watchMessages(client: Client): () => void {
  const inbox = useInbox()
  let soundAtMs = 0
  return client.on('message', (message) => {
    const muted = client.conversation(message.c)?.mute ?? false
    const sight = { openChat: inbox.open, hidden: document.hidden, focused: document.hasFocus() }
    const weight = weightOf(message, muted, sight, client.now)
    if (weight === '') return
    if (preferences.sound && Date.now() - soundAtMs > SOUND_EVERY_MS) {
      soundAtMs = Date.now()
      void playMessage()
    }
    if (weight === 'notice') {
      const words = lineOf(message) || t('notice.message')
      showNotice(userName(message.from), words, message.c, () => inbox.select(message.c))
    }
  })
}
