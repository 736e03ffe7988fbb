// Takes back a block, from wherever it is shown, and says how that went.

import type { User } from 'magpie-im'

import { failureText, t } from '../../app/i18n'
import { nameOf } from '../../model/names'
import { useBlocks } from '../../stores/blocks'
import { useToasts } from '../../stores/toasts'

export async function unblock(user: User): Promise<void> {
  const toasts = useToasts()
  try {
    await useBlocks().set(user.id, false)
    toasts.show('done', '', t('conv.unblocked', { name: nameOf(user) }))
  } catch (failure) {
    toasts.show('error', '', failureText(failure))
  }
}
