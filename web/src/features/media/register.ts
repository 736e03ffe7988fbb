// Plugs pictures, files, voice and video into the chat. What is needed to draw a message comes with
// the page; what makes one comes when it is used.

import { defineAsyncComponent } from 'vue'

import { t } from '../../app/i18n'
import { type ComposerPlace, registerBubble, registerComposerTool, registerPart, seams } from '../../app/seams'
import { clockText, mediaOf, plainName } from '../../model/media-kinds'
import FileBubble from './FileBubble.vue'
import ImageBubble from './ImageBubble.vue'
import { useMedia } from './media'
import VideoBubble from './VideoBubble.vue'
import VoiceBubble from './VoiceBubble.vue'
import VoiceButton from './VoiceButton.vue'

registerBubble('image', ImageBubble, () => t('kind.image'))
registerBubble('video', VideoBubble, () => t('kind.video'))
registerBubble('voice', VoiceBubble, (message) => t('kind.voice', { time: clockText(mediaOf(message)?.ms ?? 0) }))
registerBubble('file', FileBubble, (message) => t('kind.file', { name: plainName(mediaOf(message)?.name ?? message.body.x) }))

const isShown = (): boolean => useMedia().isOn
const pick = (accept: string) => (place: ComposerPlace) => void import('./pick').then((part) => part.pickFiles(accept, place))

registerComposerTool({ id: 'image', icon: 'image', label: () => t('tool.image'), isShown, run: pick('image/*,video/*') })
registerComposerTool({ id: 'file', icon: 'file', label: () => t('tool.file'), isShown, run: pick('') })

registerPart('composerStrips', defineAsyncComponent(() => import('./UploadTray.vue')))
registerPart('composerIdle', VoiceButton)
registerPart('overlays', defineAsyncComponent(() => import('./MediaLayer.vue')))

seams.onFiles.push((files, place) => {
  void import('./pick').then((part) => part.takeFiles(files, place))
  return true
})
