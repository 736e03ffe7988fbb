// Saves a file of a message: a link is asked for at the click, so that it is never an old one.

import type { MediaDescriptor } from 'magpie-im/media'

import { plainName } from '../../model/media-kinds'
import { useMedia } from './media'

/** False: it does not exist any more, or not for this user. */
export async function saveFile(file: Pick<MediaDescriptor, 'id' | 'name'>): Promise<boolean> {
  const url = await useMedia().downloadUrl(file.id)
  if (url === null) return false
  const link = document.createElement('a')
  link.href = url
  link.download = plainName(file.name)
  link.rel = 'noopener'
  document.body.append(link)
  link.click()
  link.remove()
  return true
}
