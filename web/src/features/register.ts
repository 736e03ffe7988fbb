// Brings the features that plug into the page's seams; the order is the order of their buttons.

import './media/register'
import './calls/register'
import { useCalls } from './calls/calls'
import { useMedia } from './media/media'
import { startSettings } from './settings/register'

/** After the stores are there and before the page is drawn. */
export function startFeatures(): void {
  startSettings()
  // These follow the session from its first moment.
  useMedia()
  useCalls()
}
