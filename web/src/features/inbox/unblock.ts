// Takes back a block, from wherever it is shown, and says how that went.

import type { User } from 'magpie-im'

import { t } from '../../app/i18n'
import { nameOf } from '../../model/names'
import { useBlocks } from '../../stores/blocks'
import { useToasts } from '../../stores/toasts'

export function unblock(user: User): Promise<void> {
  return useToasts().attempt(useBlocks().set(user.id, false), t('conv.unblocked', { name: nameOf(user) }))
}
