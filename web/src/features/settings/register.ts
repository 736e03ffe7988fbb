// Puts the settings into the header of the list, and starts what holds on every page: the theme and
// the notices of new messages.

import { watch } from 'vue'

import { registerPart } from '../../app/seams'
import { useSession } from '../../stores/session'
import { watchMessages } from './notices'
import { followTheme } from './preferences'
import SettingsButton from './SettingsButton.vue'
import SettingsLayer from './SettingsLayer.vue'

followTheme()
registerPart('listHeader', SettingsButton)
registerPart('overlays', SettingsLayer)

/** Once the stores are there. */
export function startSettings(): void {
  const session = useSession()
  watch(
    () => session.client,
    (client, _before, onCleanup) => {
      if (client) onCleanup(watchMessages(client))
    },
    { immediate: true },
  )
}
