// Names of things for people: who a conversation is with, what a list entry says, what a message says
// in one line.

import type { Conversation, Message, TimelineItem } from 'magpie-im'

import { isDeskOf, isSystem, nameOf } from '../model/names'
import { useInbox } from '../stores/inbox'
import { useSession } from '../stores/session'
import { t } from './i18n'
import { seams } from './seams'

/** For a visitor the desk has no face but "customer service"; an agent sees the visitor. */
export function titleOf(one: Conversation | undefined, meId: string): string {
  if (!one || isDeskOf(one, meId)) return t('inbox.support')
  if (isSystem(one)) return t('inbox.system')
  return one.peer ? nameOf(one.peer) : one.c
}

/** The name of anybody this page has met; else his id. */
export function userName(id: string): string {
  const { user } = useSession()
  if (user?.id === id) return nameOf(user)
  const known = useInbox().people.get(id)
  return known ? nameOf(known) : id
}

const PREVIEW_MAX = 160

/** A message in one line. Cut before the spaces are folded: a preview must not cost what a page costs. */
export function lineOf(message: Message): string {
  const text = seams.lines.get(message.body.k)?.(message) ?? message.body.x
  return text.slice(0, PREVIEW_MAX * 2).replace(/\s+/g, ' ').trim().slice(0, PREVIEW_MAX)
}

export function goneText(item: TimelineItem & { type: 'gone' }, meId: string): string {
  if (item.gone !== 'recalled') return t('chat.deleted')
  if (item.by === meId) return t('chat.recalled_own')
  return item.by ? t('chat.recalled_by', { name: userName(item.by) }) : t('chat.recalled')
}

export function previewOf(one: Conversation, meId: string): string {
  const { last } = one
  if (!last) return t('inbox.no_messages')
  if (last.type === 'gone') return last.gone === 'recalled' ? goneText(last, meId) : t('inbox.no_messages')
  return (last.own ? t('inbox.you') : '') + lineOf(last)
}
