// Arrow keys in the list of messages: the focus goes from bubble to bubble; the menu key opens a menu.

import { nextTick, type Ref } from 'vue'

import type { Row } from '../../../model/rows'

export function useRowFocus(
  scroller: Ref<HTMLElement | null>,
  rows: Readonly<Ref<readonly Row[]>>,
  scrollTo: (index: number) => void,
): { onKey: (event: KeyboardEvent) => Promise<void> } {
  async function focus(index: number): Promise<void> {
    scrollTo(index)
    await nextTick()
    scroller.value?.querySelector<HTMLElement>(`[data-index="${index}"] article`)?.focus({ preventScroll: true })
  }

  async function onKey(event: KeyboardEvent): Promise<void> {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const from = (event.target as HTMLElement).closest<HTMLElement>('[data-index]')
    const last = rows.value.length - 1
    const now = from ? Number(from.dataset['index']) : last + 1
    event.preventDefault()
    await focus(Math.max(0, Math.min(last, now + step)))
  }

  return { onKey }
}
