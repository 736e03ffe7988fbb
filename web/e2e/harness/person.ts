// A person with a browser of his own: what he does on the page, and what he may never see there.
import { type Browser, type BrowserContext, expect, type Locator, type Page } from '@playwright/test'

import en from '../../src/locales/en.json' with { type: 'json' }
import zh from '../../src/locales/zh-CN.json' with { type: 'json' }
import { Faults } from './faults'
import { servePage } from './page-files'
import { Passing, type Place } from './passing'
import type { Server } from './server'

export type Language = 'zh' | 'en'

export interface Look {
  width: number
  height: number
  language: Language
  dark?: boolean
}

export const DESKTOP: Look = { width: 1280, height: 800, language: 'zh' }
export const PHONE: Look = { width: 360, height: 740, language: 'zh' }

/** Every size in every language. */
export const LOOKS: readonly Look[] = [DESKTOP, PHONE].flatMap((look) => [
  { ...look, language: 'zh' as const },
  { ...look, language: 'en' as const },
])

export const lookName = (look: Look): string => `${look.width} px, ${look.language}`

/** `MAGPIE_E2E_SLOWDOWN=6` runs every page as on a machine six times slower: what is too tight shows. */
async function slowDown(page: Page): Promise<void> {
  const rate = Number(process.env['MAGPIE_E2E_SLOWDOWN'] ?? 1)
  if (rate <= 1) return
  await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate })
}

export class Person {
  readonly words: typeof en
  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    private readonly faultsSeen: Faults,
    private readonly passing: Passing,
    private readonly look: Look,
    private readonly server: Server,
  ) {
    this.words = look.language === 'zh' ? zh : en
  }

  /** A new browser profile, which shares nothing with another person's. */
  static async arrive(browser: Browser, server: Server, look: Look): Promise<Person> {
    const isPhone = look.width < 640
    const context = await browser.newContext({
      viewport: { width: look.width, height: look.height },
      locale: look.language === 'zh' ? 'zh-CN' : 'en-US',
      colorScheme: look.dark ? 'dark' : 'light',
      hasTouch: isPhone,
      isMobile: isPhone,
    })
    await servePage(context, server.origin)
    const page = await context.newPage()
    await slowDown(page)
    const faults = await Faults.watch(page, () => server.origin)
    const passing = await Passing.watch(page)
    return new Person(page, context, faults, passing, look, server)
  }

  /** What went wrong on the page so far. */
  get faults(): readonly string[] {
    return this.faultsSeen.list
  }

  get isPhone(): boolean {
    return this.look.width < 640
  }

  async visit(): Promise<void> {
    await this.page.goto(`${this.server.origin}/`)
  }

  /** A reload cuts off what the page still loads, and that would count as a fault: it comes after. */
  async reload(): Promise<void> {
    await this.faultsSeen.quiet()
    await this.page.reload()
  }

  /** The server will be away: from here on the browser may say so. */
  async expectOutage(): Promise<void> {
    await this.faultsSeen.quiet()
    this.faultsSeen.expectOutage()
  }

  async signIn(user: string): Promise<void> {
    await this.visit()
    await this.page.getByTestId(`signin-user-${user}`).click()
    await this.expectConnected()
  }

  async expectConnected(): Promise<void> {
    await expect(this.page.getByTestId('connection-state')).toHaveAttribute('data-state', 'online')
  }

  async expectDisconnected(): Promise<void> {
    await expect(this.page.getByTestId('connection-state')).toHaveAttribute('data-state', /waiting|connecting/)
  }

  /** Something will be refused with this status: from here on the browser may say so. */
  expectStatus(status: number): void {
    this.faultsSeen.expectStatus(status)
  }

  /** The entry in the list; on a phone it is out of sight while a chat is open. */
  entry(peer: string): Locator {
    return this.page.getByTestId(`conversation-${peer}`)
  }

  badge(peer: string): Locator {
    return this.entry(peer).getByTestId('unread-badge')
  }

  async open(peer: string): Promise<void> {
    await this.toList()
    await this.entry(peer).click()
    // The composer of another chat may have been there before.
    await expect(this.entry(peer)).toHaveAttribute('aria-current', 'true')
    await expect(this.page.getByTestId('composer-input')).toBeVisible()
  }

  /** Starts a chat with someone who is not in the list. */
  async openNew(user: string): Promise<void> {
    await this.toList()
    await this.page.getByTestId('new-chat').click()
    await this.page.getByTestId('new-chat-user').fill(user)
    await this.page.getByTestId('new-chat-start').click()
    await expect(this.page.getByTestId('composer-input')).toBeVisible()
  }

  async toList(): Promise<void> {
    const back = this.page.getByTestId('back')
    if (await back.isVisible()) await back.click()
    await expect(this.page.getByTestId('new-chat')).toBeVisible()
  }

  get composer(): Locator {
    return this.page.getByTestId('composer-input')
  }

  get subtitle(): Locator {
    return this.page.getByTestId('chat-subtitle')
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text)
    if (this.isPhone) await this.page.getByTestId('composer-send').click()
    else await this.composer.press('Enter')
  }

  /** The bubbles with exactly this text. */
  bubble(text: string): Locator {
    const exact = new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
    return this.page.getByTestId('message').filter({ has: this.page.getByTestId('message-text').filter({ hasText: exact }) })
  }

  /** A finger that stays on a bubble, or the right mouse button: its menu. */
  async hold(text: string): Promise<void> {
    const bubble = this.bubble(text).last().locator('.bubble')
    await bubble.scrollIntoViewIfNeeded()
    if (this.isPhone) {
      const box = await bubble.boundingBox()
      if (!box) throw new Error(`no bubble with ${text}`)
      const point = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
      const session = await this.context.newCDPSession(this.page)
      await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point] })
      await expect(this.page.getByTestId('menu')).toBeVisible()
      await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
      await session.detach()
    } else {
      await bubble.click({ button: 'right' })
    }
    await expect(this.page.getByTestId('menu')).toBeVisible()
  }

  /** Something of the menu of a message. It must be stored first. */
  async pick(text: string, action: 'reply' | 'copy' | 'forward' | 'edit' | 'recall' | 'hide'): Promise<void> {
    await expect(this.bubble(text).last()).not.toHaveAttribute('data-seq', '0')
    await this.hold(text)
    await this.page.getByTestId(`menu-${action}`).click()
    await expect(this.page.getByTestId('menu')).toHaveCount(0)
  }

  async expectState(text: string, state: 'sending' | 'sent' | 'delivered' | 'read'): Promise<void> {
    await expect(this.bubble(text).getByTestId('message-state')).toHaveAttribute('data-state', state)
  }

  /** The server has it, whatever the other side has done with it. */
  async expectStored(text: string): Promise<void> {
    await expect(this.bubble(text).getByTestId('message-state')).toHaveAttribute('data-state', /^(sent|delivered|read)$/)
  }

  /** The newest bubbles, in their order. */
  async expectLast(...texts: string[]): Promise<void> {
    await expect
      .poll(async () => (await this.page.getByTestId('message-text').allTextContents()).slice(-texts.length))
      .toEqual(texts)
  }

  /** Reads the messages from where the list stands down to its end: only what is in sight is in the page. */
  async readDown(): Promise<string[]> {
    const list = this.page.getByTestId('messages')
    const read: string[] = []
    for (;;) {
      // Some frames: the list draws what came into sight, then takes its height.
      const texts = await list.evaluate(async (element) => {
        for (let frames = 0; frames < 3; frames++) await new Promise((done) => requestAnimationFrame(done))
        return [...element.querySelectorAll('[data-testid="message-text"]')].map((text) => text.textContent ?? '')
      })
      const known = texts.indexOf(read.at(-1) ?? '')
      expect(read.length === 0 || known >= 0, 'each screen goes on where the one before ended').toBe(true)
      read.push(...texts.slice(known + 1))
      const moved = await list.evaluate((element) => {
        const before = element.scrollTop
        element.scrollTop += element.clientHeight * 0.7
        return element.scrollTop > before
      })
      if (!moved) return read
    }
  }

  /** The newest messages are these, each once and in their order, however far up they begin. */
  async expectNewest(...texts: string[]): Promise<void> {
    const list = this.page.getByTestId('messages')
    const first = this.bubble(texts[0] ?? '').first()
    await expect(async () => {
      if ((await first.count()) === 0) await list.evaluate((element) => (element.scrollTop -= element.clientHeight * 0.7))
      await expect(first).toBeAttached({ timeout: 200 })
    }).toPass()
    expect((await this.readDown()).slice(-texts.length)).toEqual(texts)
  }

  /** What stays only some seconds was shown at this place, if gone by now or not. */
  async expectPassed(place: Place, text = ''): Promise<void> {
    await expect.poll(() => this.passing.at(place), `what was shown at ${place}`).toContainEqual(expect.stringContaining(text))
  }

  /** Nothing was shown at this place, not even for a moment. */
  async expectNeverPassed(place: Place): Promise<void> {
    expect(await this.passing.at(place), `what was shown at ${place}`).toEqual([])
  }

  /** Nothing may stand over the side, neither of the page nor of anything that scrolls in it. */
  async expectNothingOverTheSide(): Promise<void> {
    const wide = (): Promise<string[]> => this.page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .filter((element) => {
          const style = getComputedStyle(element)
          const scrolls = element === document.documentElement || /auto|scroll/.test(style.overflowX)
          const box = element.getBoundingClientRect()
          const isSeen = box.width > 1 && box.height > 1
          // What is cut off with three dots is as wide as it likes.
          const isCut = style.display === 'inline' && getComputedStyle(element.parentElement ?? element).textOverflow === 'ellipsis'
          const isOut = isSeen && !isCut && (box.right > innerWidth + 0.5 || box.left < -0.5)
          return isOut || (scrolls && element.scrollWidth > element.clientWidth)
        })
        .map((element) => `${element.tagName}.${element.className}`),
    )
    await expect.poll(wide, 'elements that are wider than what holds them').toEqual([])
  }

  async leave(): Promise<void> {
    await this.context.close()
  }
}

/** Two people who look at their chat with each other: 翠花 on a phone, in English. */
export async function together(arrive: (user: string, look?: Look) => Promise<Person>, look: Look = DESKTOP): Promise<[Person, Person]> {
  const ming = await arrive('小明', look)
  const hua = await arrive('翠花', { ...PHONE, language: 'en' })
  await ming.open('翠花')
  await hua.open('小明')
  return [ming, hua]
}
