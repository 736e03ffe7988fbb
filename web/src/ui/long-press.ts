// `v-long-press`: a finger that stays on an element asks for its menu, as the right mouse button does.
// A finger that moves scrolls; the click that follows a long press is swallowed.

import type { Directive } from 'vue'

const HOLD_MS = 450
const MOVE_PX = 10

interface Held extends HTMLElement {
  stopHolding?: () => void
}

export const vLongPress: Directive<Held, (at: { x: number; y: number }) => void> = {
  mounted(element, binding) {
    let timer: ReturnType<typeof setTimeout> | undefined
    let from = { x: 0, y: 0 }
    let fired = false
    const end = (): void => clearTimeout(timer)
    const handlers: [string, (event: Event) => void][] = [
      [
        'touchstart',
        (event) => {
          const touch = (event as TouchEvent).touches[0]
          end()
          fired = false
          if (!touch || (event as TouchEvent).touches.length > 1) return
          from = { x: touch.clientX, y: touch.clientY }
          timer = setTimeout(() => {
            fired = true
            binding.value(from)
          }, HOLD_MS)
        },
      ],
      [
        'touchmove',
        (event) => {
          const touch = (event as TouchEvent).touches[0]
          if (touch && Math.hypot(touch.clientX - from.x, touch.clientY - from.y) > MOVE_PX) end()
        },
      ],
      [
        'touchend',
        (event) => {
          end()
          if (fired && event.cancelable) event.preventDefault()
        },
      ],
      ['touchcancel', end],
    ]
    for (const [name, handler] of handlers) element.addEventListener(name, handler, { passive: name !== 'touchend' })
    element.stopHolding = () => {
      end()
      for (const [name, handler] of handlers) element.removeEventListener(name, handler)
    }
  },
  unmounted(element) {
    element.stopHolding?.()
  },
}
