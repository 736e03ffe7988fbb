// Remembers what stands on the page for some seconds only: the mark of somebody typing, notices. A
// slow machine may look at the page when such a thing is gone again; that it was there is the promise.
import type { Page } from '@playwright/test'

const PLACES = ['typing', 'chat-subtitle', 'toast-push', 'toast-broadcast', 'toast-error'] as const
export type Place = (typeof PLACES)[number]

interface Remembering {
  passed?: Record<string, string[]>
}

export class Passing {
  private constructor(private readonly page: Page) {}

  static async watch(page: Page): Promise<Passing> {
    await page.addInitScript((places) => {
      const passed: Record<string, string[]> = {}
      ;(globalThis as Remembering).passed = passed
      const look = (): void => {
        for (const place of places) {
          for (const element of document.querySelectorAll(`[data-testid="${place}"]`)) {
            const texts = (passed[place] ??= [])
            const text = element.textContent ?? ''
            if (!texts.includes(text)) texts.push(text)
          }
        }
      }
      new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true })
    }, PLACES)
    return new Passing(page)
  }

  /** Every text that was shown at a place since the page was loaded. */
  async at(place: Place): Promise<string[]> {
    return this.page.evaluate((name) => (globalThis as Remembering).passed?.[name] ?? [], place)
  }
}
