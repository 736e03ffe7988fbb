// The test function of this suite: each test has a server of its own and may let people in, whose
// pages are judged at the end.
import { test as base } from '@playwright/test'

import { DESKTOP, type Look, Person } from './person'
import { Server } from './server'

export { expect } from '@playwright/test'
export * from './person'

interface Fixtures {
  /** Flags of `magpie serve`. */
  flags: string[]
  /** Settings of the server as environment variables: `MAGPIE_CALLS__RING_S`. */
  settings: Record<string, string>
  server: Server
  /** Opens a new browser profile; with a user's id he is signed in. */
  arrive: (user: string | null, look?: Look) => Promise<Person>
}

export const test = base.extend<Fixtures>({
  flags: [['--dev', '--demo'], { option: true }],
  settings: [{}, { option: true }],

  server: async ({ flags, settings }, use, info) => {
    const server = await Server.start(flags, info.parallelIndex, settings)
    await use(server)
    await server.stop()
    if (info.status !== info.expectedStatus) await info.attach('server log', { body: server.log })
    const bad = server.log.split('\n').filter((line) => /\bERROR\b|panicked/.test(line))
    base.expect(bad, 'errors in the log of the server').toEqual([])
  },

  arrive: async ({ browser, server }, use) => {
    const people: Person[] = []
    await use(async (user, look = DESKTOP) => {
      const person = await Person.arrive(browser, server, look)
      people.push(person)
      if (user !== null) await person.signIn(user)
      return person
    })
    const faults = people.flatMap((person) => person.faults)
    for (const person of people) await person.leave()
    base.expect(faults, 'what went wrong on the pages').toEqual([])
  },
})
