// The open chat, handed down to the parts of its pane, with what its rows ask for.

import type { Message } from 'magpie-im'
import { inject, type InjectionKey, provide } from 'vue'

import type { OpenChat } from '../../model/open-chat'

export interface ChatContext {
  readonly chat: OpenChat
  /** In a desk conversation an agent sees which colleague wrote: the visitor's id; else null. */
  readonly visitor: () => string | null
  openMenu: (message: Message, at: { x: number; y: number }) => void
  /** Puts a text into the composer. */
  write: (text: string) => void
}

const KEY: InjectionKey<ChatContext> = Symbol('chat')

export function provideChat(context: ChatContext): void {
  provide(KEY, context)
}

export function useChatContext(): ChatContext {
  const context = inject(KEY)
  if (!context) throw new Error('part of a chat outside of a chat')
  return context
}
