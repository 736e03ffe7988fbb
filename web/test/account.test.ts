import { describe, expect, it } from 'vitest'

import { Account, tokenOf, type AccountPorts } from '../src/model/account'
import en from '../src/locales/en.json'
import zh from '../src/locales/zh-CN.json'
import { ME } from './fake-socket'

function setUp(fields: Partial<AccountPorts> = {}, tokenFromAddress: string | null = null) {
  const stored = new Map<string, string>()
  const account = new Account(
    {
      fetchInfo: async () => ({ name: 'magpie', version: '1', demo: true, dev: false }),
      fetchDemoUsers: async () => [ME],
      demoSignIn: async (user) => ({ token: `token of ${user}` }),
      storage: {
        getItem: (key) => stored.get(key) ?? null,
        setItem: (key, value) => void stored.set(key, value),
        removeItem: (key) => void stored.delete(key),
      },
      ...fields,
    },
    tokenFromAddress,
  )
  return { account, stored }
}

describe('signing in', () => {
  it('reads a token out of the address', () => {
    expect(tokenOf('#token=a.b-c_d')).toBe('a.b-c_d')
    expect(tokenOf('#other')).toBeNull()
    expect(setUp({}, 'abc').account.view.token).toBe('abc')
  })

  it('signs in as a demo user and gets a new token for him when it expires', async () => {
    const { account } = setUp()
    await account.load()
    expect(account.view.demoUsers).toEqual([ME])
    expect(await account.signInAs('小明')).toBe(true)
    expect(account.view.token).toBe('token of 小明')
    expect(await account.renew()).toBe('token of 小明')
  })

  it('cannot renew a token that somebody pasted', async () => {
    const { account } = setUp()
    account.useToken('pasted')
    expect(await account.renew()).toBeNull()
  })

  it('leaves nothing behind on sign-out', async () => {
    const { account, stored } = setUp()
    await account.signInAs('me')
    account.signOut('expired')
    expect(stored.size).toBe(0)
    expect(account.view).toMatchObject({ token: null, notice: 'expired' })
  })

  it('offers the token field without demo accounts, and says when the server is away', async () => {
    const plain = setUp({
      fetchInfo: async () => ({ name: 'magpie', version: '1', demo: false, dev: false }),
      fetchDemoUsers: () => Promise.reject(new Error('asked for what is not there')),
    })
    await plain.account.load()
    expect(plain.account.view).toMatchObject({ demoUsers: [], unreachable: false })
    const away = setUp({ fetchInfo: () => Promise.reject(new Error('away')) })
    await away.account.load()
    expect(away.account.view.unreachable).toBe(true)
  })
})

describe('the texts', () => {
  it('are complete in both languages, with the same values to fill in', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort())
    const holes = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()
    for (const key of Object.keys(en) as (keyof typeof en)[]) expect(holes(zh[key]), key).toEqual(holes(en[key]))
  })
})
