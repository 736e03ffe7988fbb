// Makes the SDK's client for this page: where it connects, what it keeps, and under which name this
// device stands in the list of devices.

import { browserStorage, type Client, createClient, type Storage } from 'magpie-im'

import { serverUrl } from '../api/http'
import { useAccount, userOf } from '../stores/account'
import { tabStorage } from './tab-storage'

/** `Chrome on Linux`: enough to tell one's devices apart. */
export function deviceName(agent: string): string {
  const browsers = [
    [/MicroMessenger\//, 'WeChat'],
    [/Edg\//, 'Edge'],
    [/Firefox\//, 'Firefox'],
    [/Chrome\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ] as const
  const systems = [
    [/iPhone|iPad/, 'iOS'],
    [/Android/, 'Android'],
    [/OpenHarmony|HarmonyOS/, 'HarmonyOS'],
    [/Windows/, 'Windows'],
    [/Mac OS X/, 'macOS'],
    [/Linux/, 'Linux'],
  ] as const
  const browser = browsers.find(([test]) => test.test(agent))?.[1] ?? 'Browser'
  const system = systems.find(([test]) => test.test(agent))?.[1]
  return system ? `${browser} on ${system}` : browser
}

/** One for each user and page: its lock is held until the page ends, and a second one would never be the first. */
const storages = new Map<string, Storage>()

function storageOf(user: string): Storage {
  const known = storages.get(user) ?? tabStorage(browserStorage(), user)
  storages.set(user, known)
  return known
}

export interface PageClient {
  client: Client
  /** The token ended and there is no new one: that, not a refusal, is why the client closed. */
  hasExpired: () => boolean
}

export function makeClient(): PageClient {
  const account = useAccount()
  // Its own copy: a token that another user's link brings is not for this client.
  let { token } = account
  const user = userOf(token ?? '')
  let expired = false
  const client = createClient({
    url: serverUrl(),
    storage: storageOf(user ?? ''),
    deviceName: deviceName(navigator.userAgent),
    ...(user === null ? {} : { user }),
    getToken: async ({ renew }) => {
      if (!renew) return token
      const renewed = await account.renew()
      expired = renewed === null
      if (renewed !== null) token = renewed
      return renewed
    },
  })
  return { client, hasExpired: () => expired }
}
