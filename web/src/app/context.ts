// The session of the signed-in page, handed down to the features.

import { inject, provide, type InjectionKey } from 'vue'

import type { Session } from '../model/session'

const KEY: InjectionKey<Session> = Symbol('session')

export function provideSession(session: Session): void {
  provide(KEY, session)
}

export function useSession(): Session {
  const session = inject(KEY)
  if (!session) throw new Error('useSession outside of a signed-in page')
  return session
}
