// Plugs calls into the chat: buttons in its header, the record in its messages, and the layer that
// rings. The views of a call are a chunk of their own.

import { defineAsyncComponent } from 'vue'

import { registerBubble, registerPart } from '../../app/seams'
import CallBubble from './CallBubble.vue'
import CallButtons from './CallButtons.vue'

registerBubble('call', CallBubble)
registerPart('chatHeader', CallButtons)
registerPart('overlays', defineAsyncComponent(() => import('./CallLayer.vue')))
