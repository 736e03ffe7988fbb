// Registers the service worker that keeps the page itself (never a message) for a reload without the
// server. It comes after the first load, so that it costs it nothing.

export function keepPageForOffline(): void {
  // Only where the browser allows one (https, localhost) and never while developing.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  addEventListener('load', () => {
    navigator.serviceWorker.register(new URL('sw.js', document.baseURI), { scope: './' }).catch(() => {
      // Private windows refuse it: then a reload needs the server, as it always did.
    })
  })
}
