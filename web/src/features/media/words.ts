// Words for what goes wrong with files, microphone and camera.

import { errorText, t, type TextKey } from '../../app/i18n'
import type { Trouble } from '../../model/device-trouble'
import { sizeText } from '../../model/media-kinds'

/** Why a file was not sent, for the person who sent it. */
export function uploadTrouble(code: string, bytesMax: number): string {
  if (code === 'too_large') return bytesMax > 0 ? t('media.too_large', { max: sizeText(bytesMax) }) : t('media.too_large_plain')
  if (code === 'media_refused') return t('media.refused')
  if (code === 'quota_exceeded') return t('media.quota')
  if (code === 'disconnected' || code === 'timeout' || code === 'http') return t('media.interrupted')
  return errorText(code)
}

export function microphoneTrouble(trouble: Trouble): string {
  return trouble === '' ? '' : t(`voice.${trouble}` as TextKey)
}
