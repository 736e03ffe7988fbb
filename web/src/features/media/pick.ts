// Takes files into the tray: from the system's dialog, by paste or by drop.

import { t } from '../../app/i18n'
import type { ComposerPlace } from '../../app/seams'
import { useToasts } from '../../stores/toasts'
import { useMedia } from './media'
import { PICK_MAX, useUploads } from './uploads'

export function takeFiles(files: readonly File[], place: ComposerPlace): void {
  if (!useMedia().isOn) {
    useToasts().show('error', '', t('media.off'))
    return
  }
  const left = useUploads().add(files, place)
  if (left > 0) useToasts().show('error', '', t('media.too_many', { n: PICK_MAX }))
}

export function pickFiles(accept: string, place: ComposerPlace): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.accept = accept
  input.hidden = true
  input.dataset['testid'] = 'file-input'
  const done = (): void => input.remove()
  input.addEventListener('change', () => {
    takeFiles([...(input.files ?? [])], place)
    done()
  })
  input.addEventListener('cancel', done)
  // Some browsers open the dialog only for an element that is part of the page.
  document.body.append(input)
  input.click()
}
