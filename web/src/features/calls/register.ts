// Plugs calls into the chat: buttons in its header, the record in its messages, and the layer that
// rings. The views of a call are a chunk of their own.

import { t } from '../../app/i18n'
import { registerBubble, registerPart } from '../../app/seams'
import { endKey, recordOf } from '../../model/call-words'
import { clockText } from '../../model/media-kinds'
import CallBubble from './CallBubble.vue'
import CallButtons from './CallButtons.vue'
import CallHost from './CallHost.vue'

registerBubble('call', CallBubble, (message) => {
  const record = recordOf(message)
  if (!record) return message.body.x
  const words = t(endKey(record, message.own), { time: clockText(record.ms) })
  return t('kind.call', { text: words })
})
registerPart('chatHeader', CallButtons)
registerPart('overlays', CallHost)
