// Listens for what must never happen on the page: errors in the console, exceptions, violations of
// its content policy, failed requests, requests to other hosts, dialogs.
import { expect, type Page, type Request } from '@playwright/test'

/** What chromium itself says of a socket or a request when nobody listens at the address, or there is no network. */
const OUTAGE = /WebSocket connection to '[^']*' failed|net::ERR_(CONNECTION_REFUSED|INTERNET_DISCONNECTED)/

export class Faults {
  private readonly seen: string[] = []
  private readonly loading = new Set<Request>()
  private outageExpected = false
  private readonly statusesExpected = new Set<number>()

  private constructor() {}

  static async watch(page: Page, origin: () => string): Promise<Faults> {
    const faults = new Faults()
    const note = (text: string): number => faults.seen.push(text)
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) note(`console ${message.type()}: ${message.text()}`)
    })
    page.on('pageerror', (error) => note(`exception: ${error.message}`))
    page.on('requestfailed', (request) => {
      faults.loading.delete(request)
      note(`request failed: ${request.url()} ${request.failure()?.errorText}`)
    })
    page.on('requestfinished', (request) => faults.loading.delete(request))
    page.on('response', (response) => {
      if (response.status() >= 400) note(`answer ${response.status()}: ${response.url()}`)
    })
    page.on('request', (request) => {
      faults.loading.add(request)
      // What the page made itself, such as the preview of a picture, comes from no host.
      const url = request.url().replace(/^blob:/, '')
      if (!url.startsWith(origin())) note(`request to elsewhere: ${request.url()}`)
    })
    page.on('websocket', (socket) => {
      if (!socket.url().startsWith(origin().replace('http', 'ws'))) note(`socket to elsewhere: ${socket.url()}`)
    })
    page.on('dialog', (dialog) => {
      note(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`) // eslint-disable-line no-console
      })
    })
    return faults
  }

  /** The server will be away: a browser tells the console so, which no page can prevent. */
  expectOutage(): void {
    this.outageExpected = true
  }

  /** What a test does wrong on purpose is refused with this status; the browser's console says so too. */
  expectStatus(status: number): void {
    this.statusesExpected.add(status)
  }

  private isExpected(text: string): boolean {
    if (this.outageExpected && OUTAGE.test(text)) return true
    return [...this.statusesExpected].some((status) => text.startsWith(`answer ${status}:`) || text.includes(`status of ${status} `))
  }

  /** Waits until the page loads nothing: what it loads while the test cuts it off would fail. */
  async quiet(): Promise<void> {
    await expect.poll(() => [...this.loading].map((request) => request.url()), 'what the page still loads').toEqual([])
  }

  get list(): string[] {
    return this.seen.filter((text) => !this.isExpected(text))
  }
}
