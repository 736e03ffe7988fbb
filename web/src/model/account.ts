// Who is signed in on this page: the token from the address or the tab's storage, demo accounts,
// and a new token when a demo user's has expired.

import { shallowReactive } from 'vue'

import type { ServerInfo } from '../protocol/http'
import type { User } from '../protocol/types'

export interface AccountPorts {
  fetchInfo: () => Promise<ServerInfo>
  /** Asked only where the server says that it has some. */
  fetchDemoUsers: () => Promise<User[]>
  demoSignIn: (user: string) => Promise<{ token: string }>
  /** Storage of this tab only, so that two windows can be two users. */
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
}

export interface AccountView {
  info: ServerInfo | null
  /** Null until asked; `[]` when there are none. */
  demoUsers: readonly User[] | null
  /** The server could not be asked. */
  unreachable: boolean
  busy: boolean
  token: string | null
  /** Why the page is at the sign-in again: a text key, or empty. */
  notice: '' | 'refused' | 'expired' | 'failed'
}

const TOKEN = 'magpie.token'
const DEMO_USER = 'magpie.demo_user'

export class Account {
  readonly view: AccountView

  constructor(
    private readonly ports: AccountPorts,
    tokenFromAddress: string | null,
  ) {
    const { storage } = ports
    if (tokenFromAddress) {
      storage.setItem(TOKEN, tokenFromAddress)
      storage.removeItem(DEMO_USER)
    }
    this.view = shallowReactive({
      info: null,
      demoUsers: null,
      unreachable: false,
      busy: false,
      token: storage.getItem(TOKEN),
      notice: '',
    })
  }

  async load(): Promise<void> {
    try {
      const info = await this.ports.fetchInfo()
      this.view.demoUsers = info.demo ? await this.ports.fetchDemoUsers() : []
      this.view.info = info
      this.view.unreachable = false
    } catch {
      this.view.unreachable = true
    }
  }

  async signInAs(user: string): Promise<boolean> {
    this.view.busy = true
    try {
      const { token } = await this.ports.demoSignIn(user)
      this.useToken(token)
      this.ports.storage.setItem(DEMO_USER, user)
      return true
    } catch {
      this.view.notice = 'failed'
      return false
    } finally {
      this.view.busy = false
    }
  }

  useToken(token: string): void {
    this.ports.storage.setItem(TOKEN, token)
    this.ports.storage.removeItem(DEMO_USER)
    this.view.token = token
    this.view.notice = ''
  }

  signOut(notice: AccountView['notice'] = ''): void {
    this.ports.storage.removeItem(TOKEN)
    this.ports.storage.removeItem(DEMO_USER)
    this.view.token = null
    this.view.notice = notice
    if (this.view.info === null) void this.load()
  }

  /** A new token for the demo user of this tab, or null: then a person has to sign in. */
  async renew(): Promise<string | null> {
    const user = this.ports.storage.getItem(DEMO_USER)
    if (user === null || !(await this.signInAs(user))) return null
    return this.view.token
  }
}

/** The token in `#token=...`, as backends hand it out in links. */
export function tokenOf(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token')
}
