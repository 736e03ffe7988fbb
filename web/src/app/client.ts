// Makes the SDK's client for this page: where it connects, what it keeps, and under which name this
// device stands in the list of devices.

import { browserStorage, type Client, createClient } from 'magpie-im'

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

export interface PageClient {
  client: Client
  /** The token ended and there is no new one: that, not a refusal, is why the client closed. */
  hasExpired: () => boolean
}

export function makeClient(): PageClient {
  const account = useAccount()
  const user = userOf(account.token ?? '')
  let expired = false
  const client = createClient({
    url: serverUrl(),
    storage: tabStorage(browserStorage(), user ?? ''),
    deviceName: deviceName(navigator.userAgent),
    ...(user === null ? {} : { user }),
    getToken: async ({ renew }) => {
      if (!renew) return account.token
      const token = await account.renew()
      expired = token === null
      return token
    },
  })
  return { client, hasExpired: () => expired }
}
