// Names of things for people: who a conversation is with, what a list entry says.

import type { Session } from '../model/session'
import type { Entry } from '../protocol/types'
import { t } from './i18n'

/** Who speaks when a backend sends in nobody's name. */
const SYSTEM = 'system'

/** For a visitor the desk has no face but "customer service"; an agent sees the visitor. */
export function titleOf(entry: Entry | undefined, meId: string): string {
  if (!entry || (entry.kind === 'desk' && (!entry.peer || entry.peer.id === meId))) return t('inbox.support')
  if (isSystemFace(entry)) return t('inbox.system')
  return entry.peer ? entry.peer.name || entry.peer.id : entry.c
}

/** The backend, not a person. */
export function isSystemFace(entry: Entry | undefined): boolean {
  return entry?.peer?.id === SYSTEM && ['', SYSTEM].includes(entry.peer.name)
}

export function isDeskFace(entry: Entry | undefined, meId: string): boolean {
  return !entry || (entry.kind === 'desk' && (!entry.peer || entry.peer.id === meId))
}

export function previewOf(entry: Entry, session: Session): string {
  if (!entry.last) return t('inbox.draft')
  const mine = entry.last.from === session.view.me?.id
  return (mine ? t('inbox.you') : '') + entry.last.b.x.replace(/\s+/g, ' ')
}
