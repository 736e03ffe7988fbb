import { type ClientOptions, createClient } from 'magpie-im'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { demoSignIn, fetchDemoUsers, fetchInfo, HttpError } from '../src/api/http'
import { deviceName, makeClient } from '../src/app/client'
import { tokenOf, useAccount, userOf } from '../src/stores/account'
import { ME } from './fake-client'

vi.mock('../src/api/http', async (original) => ({
  ...(await original<object>()),
  fetchInfo: vi.fn(async () => ({ name: 'magpie', version: '1', demo: true, dev: false })),
  fetchDemoUsers: vi.fn(async () => [ME]),
  demoSignIn: vi.fn(async (user: string) => ({ token: `token of ${user}`, user: ME })),
}))

vi.mock('magpie-im', async (original) => ({ ...(await original<object>()), createClient: vi.fn() }))

/** What the SDK was given for its last client. */
const given = (): ClientOptions => vi.mocked(createClient).mock.lastCall?.[0] as ClientOptions

beforeEach(() => {
  sessionStorage.clear()
  setActivePinia(createPinia())
})

describe('signing in', () => {
  it('reads a token out of the address, and the user out of a token', () => {
    expect(tokenOf('#token=a.b-c_d')).toBe('a.b-c_d')
    expect(tokenOf('#other')).toBeNull()
    const claims = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify({ sub: '小明' }))))
    expect(userOf(`x.${claims.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}.y`)).toBe('小明')
    expect(userOf('no token')).toBeNull()
  })

  it('signs in as a demo user and gets a new token for him when it expires', async () => {
    const account = useAccount()
    await account.load()
    expect(account.demoUsers).toEqual([ME])
    expect(await account.signInAs('小明')).toBe(true)
    expect(account.token).toBe('token of 小明')
    expect(await account.renew()).toBe('token of 小明')
  })

  it('cannot renew a token that somebody pasted', async () => {
    const account = useAccount()
    account.useToken('pasted')
    expect(await account.renew()).toBeNull()
  })

  it('signs nobody out because the server is away while a token ends', async () => {
    const account = useAccount()
    await account.signInAs('小明')
    vi.mocked(demoSignIn).mockRejectedValueOnce(new TypeError('failed to fetch'))
    await expect(account.renew()).rejects.toThrow('failed to fetch')
    vi.mocked(demoSignIn).mockRejectedValueOnce(new HttpError(404, 'unknown_user', 'gone'))
    expect(await account.renew()).toBeNull()
    expect(account.token).toBe('token of 小明')
  })

  it('signs nobody in again who left, or made room for another, while a new token was on its way', async () => {
    const account = useAccount()
    await account.signInAs('小明')
    const left = account.renew()
    account.signOut()
    expect(await left).toBeNull()
    expect(account.token).toBeNull()
    await account.signInAs('小明')
    const replaced = account.renew()
    account.useToken('of another')
    expect(await replaced).toBeNull()
    expect(account.token).toBe('of another')
  })

  it('never gives the token of the next user to the client of the one before', async () => {
    const account = useAccount()
    await account.signInAs('小明')
    makeClient()
    const { getToken } = given()
    account.useToken('of another')
    expect(await getToken({ renew: false })).toBe('token of 小明')
    makeClient()
    expect(await given().getToken({ renew: false })).toBe('of another')
  })

  it('again in the same page keeps the place of the first window, which writes what is not sent yet', async () => {
    const holders = new Set<string>()
    const request = (name: string, { ifAvailable }: LockOptions, work: (lock: object | null) => unknown): unknown => {
      if (holders.has(name)) return ifAvailable ? work(null) : new Promise(() => undefined)
      holders.add(name)
      return work({})
    }
    vi.stubGlobal('navigator', { locks: { request }, userAgent: '' })
    const account = useAccount()
    account.useToken(`x.${btoa(JSON.stringify({ sub: 'me' }))}.y`)
    for (const text of ['first', 'second']) {
      makeClient()
      await given().storage?.set('magpie.me/queue', text)
      expect(localStorage.getItem('magpie.me/queue')).toBe(text)
    }
    vi.unstubAllGlobals()
    localStorage.clear()
  })

  it('leaves nothing behind on sign-out', async () => {
    const account = useAccount()
    await account.signInAs('me')
    account.signOut('expired')
    expect(sessionStorage.length).toBe(0)
    expect(account).toMatchObject({ token: null, notice: 'expired' })
  })

  it('offers the token field without demo accounts, and says when the server is away', async () => {
    const account = useAccount()
    vi.mocked(fetchDemoUsers).mockClear()
    vi.mocked(fetchInfo).mockResolvedValueOnce({ name: 'magpie', version: '1', demo: false, dev: false })
    await account.load()
    expect(account).toMatchObject({ demoUsers: [], unreachable: false })
    expect(fetchDemoUsers).not.toHaveBeenCalled()
    vi.mocked(fetchInfo).mockRejectedValueOnce(new Error('away'))
    await account.load()
    expect(account.unreachable).toBe(true)
  })
})

describe('a device', () => {
  it('has a name by which it is known among others', () => {
    const agents: [string, string][] = [
      ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36', 'Chrome on Linux'],
      ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1', 'Safari on iOS'],
      ['curl/8', 'Browser'],
    ]
    for (const [agent, name] of agents) expect(deviceName(agent)).toBe(name)
  })
})
