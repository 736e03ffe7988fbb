// Where other features plug in without this page knowing them: message kinds, tools of the composer,
// buttons of the headers, layers above everything. A feature registers itself when its module loads.

import type { Message, Target } from 'magpie-im'
import { type Component, markRaw, shallowReactive } from 'vue'

import type { IconName } from '../ui/Icon.vue'

/** A button in the composer's tool panel. */
export interface ComposerTool {
  id: string
  icon: IconName
  /** Already in the reader's language; called on each render. */
  label: () => string
  /** False hides it, for example where the server has no media. */
  isShown?: () => boolean
  run: (place: ComposerPlace) => void
}

/** What a tool may do to the chat that it was called in. */
export interface ComposerPlace {
  /** What `client.send` takes. */
  readonly target: Target & object
  /** Seq of the message that is being replied to; 0 for none. Taking it ends the reply. */
  takeReply: () => number
  /** Brings the newest messages into view, as after an own send. */
  toEnd: () => void
}

interface Seams {
  /** Body kind to the component that draws its inside: props `message`. */
  bubbles: Map<string, Component>
  /** Body kind to its one line in lists and quotes, in the reader's language. */
  lines: Map<string, (message: Message) => string>
  composerTools: ComposerTool[]
  /** Above the text field: upload previews, a recording bar. Props `place`. */
  composerStrips: Component[]
  /** In place of the send button while the field is empty: hold to talk. Props `place`. */
  composerIdle: Component[]
  /** Right end of the chat's header: calls. Props `conversation`. */
  chatHeader: Component[]
  /** Right end of the list's header: settings. */
  listHeader: Component[]
  /** Above everything: viewers, calls, dialogs. */
  overlays: Component[]
  /** Files that were dropped on, or pasted into, a chat. True: taken. */
  onFiles: ((files: File[], place: ComposerPlace) => boolean)[]
}

export const seams: Seams = shallowReactive({
  bubbles: shallowReactive(new Map<string, Component>()),
  lines: new Map(),
  composerTools: shallowReactive([]),
  composerStrips: shallowReactive([]),
  composerIdle: shallowReactive([]),
  chatHeader: shallowReactive([]),
  listHeader: shallowReactive([]),
  overlays: shallowReactive([]),
  onFiles: [],
})

export function registerBubble(kind: string, component: Component, line?: (message: Message) => string): void {
  seams.bubbles.set(kind, markRaw(component))
  if (line) seams.lines.set(kind, line)
}

export function registerPart(
  place: 'composerStrips' | 'composerIdle' | 'chatHeader' | 'listHeader' | 'overlays',
  component: Component,
): void {
  seams[place].push(markRaw(component))
}

export function registerComposerTool(tool: ComposerTool): void {
  seams.composerTools.push(tool)
}

export function takeFiles(files: File[], place: ComposerPlace): boolean {
  return files.length > 0 && seams.onFiles.some((take) => take(files, place))
}
