// People whose pages are watched for what a text became: a script that ran, an element, an address.
import { DESKTOP, expect, type Look, type Person } from './test'

/** So tall that no list leaves anything out of sight, and so undrawn. */
export const TALL: Look = { ...DESKTOP, height: 16_000, language: 'en' }

/** All that the page itself is made of. */
const OWN_TAGS = (
  'html head meta link title script style body div main aside nav header footer section article form label input textarea ' +
  'button span strong em small bdi time p ul ol li h1 h2 h3 i a svg path rect circle dialog noscript img video canvas'
).split(' ')
/** Of these only those that the page's own file names may be there. */
const RARE = 'body script, body style, body link, iframe, object, embed, base, [onerror], [onload], body meta'

interface Watching {
  hostileRan?: number
  ran?: () => void
}

/** Before the page loads: `ran`, which every hostile text calls, is there and counts. */
export async function watchScripts({ page }: Person): Promise<void> {
  await page.addInitScript(() => {
    const watching = globalThis as Watching
    watching.hostileRan = 0
    watching.ran = () => (watching.hostileRan = (watching.hostileRan ?? 0) + 1)
  })
}

export async function arriveWatched(arrive: (user: null, look: Look) => Promise<Person>, user: string, look = TALL): Promise<Person> {
  const person = await arrive(null, look)
  await watchScripts(person)
  await person.signIn(user)
  return person
}

export async function expectHarmless({ page }: Person): Promise<void> {
  const found = await page.evaluate(
    ([own, rare]) => {
      const all = [...document.querySelectorAll('*')]
      // The ending of a file's name on its sheet, and a line of the sign-in.
      const isOwn = (one: Element): boolean => own.includes(one.tagName.toLowerCase()) || one.matches('.sheet > b, .hint > br')
      // Of the server's own files, or a preview that the page made itself.
      const isFile = (src: string): boolean => src.startsWith(`${location.origin}/v1/media/`) || src.startsWith(`blob:${location.origin}/`)
      const modules = [...document.querySelectorAll('head script')].length
      return {
        ran: (globalThis as Watching).hostileRan,
        strange: all.filter((one) => !isOwn(one)).map((one) => one.outerHTML.slice(0, 200)),
        rare: [...document.querySelectorAll(rare)].map((one) => one.outerHTML.slice(0, 200)),
        handlers: all.flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith('on')),
        links: [...document.querySelectorAll('a')].map((one) => one.href).filter((href) => !/^https?:/.test(href)),
        pictures: [...document.querySelectorAll('img')].map((one) => one.src).filter((src) => !isFile(src)),
        tooManyScripts: modules > 1,
      }
    },
    [OWN_TAGS, RARE] as const,
  )
  const nothing = { strange: [], rare: [], handlers: [], links: [], pictures: [], tooManyScripts: false }
  expect(found, 'what hostile texts made of the page').toEqual({ ran: 0, ...nothing })
}
