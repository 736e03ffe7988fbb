// Makes the SDK's client for this page: where it connects, what it keeps, and under which name this
// device stands in the list of devices.

import { type Client, createClient, type Storage as ClientStorage, browserStorage } from 'magpie-im'

import { serverUrl } from '../api/http'
import { useAccount, userOf } from '../stores/account'

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

/** Storage that is denied, as in some private windows, is no reason to show nothing. */
function storage(): ClientStorage | null {
  try {
    return browserStorage()
  } catch {
    return null
  }
}

/** `onTokenEnd`: there is no new token; a person has to sign in. */
export function makeClient(onTokenEnd: () => void): Client {
  const account = useAccount()
  const user = userOf(account.token ?? '')
  return createClient({
    url: serverUrl(),
    storage: storage(),
    deviceName: deviceName(navigator.userAgent),
    ...(user === null ? {} : { user }),
    getToken: async ({ renew }) => {
      if (!renew) return account.token
      const token = await account.renew()
      if (token === null) onTokenEnd()
      return token
    },
  })
}
