// Tasks of the page's main thread while something happens, from chromium's own trace.

export async function traced(session, work) {
  const events = []
  const take = ({ value }) => events.push(...value)
  session.on('Tracing.dataCollected', take)
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'] },
  })
  const result = await work()
  const complete = new Promise((done) => session.once('Tracing.tracingComplete', done))
  await session.send('Tracing.end')
  await complete
  session.off('Tracing.dataCollected', take)

  // The renderer's main thread is the one that lays out; a browser has several renderers, the busiest is ours.
  const busy = new Map()
  for (const { name, pid, tid, dur = 0 } of events) {
    if (name === 'UpdateLayoutTree' || name === 'Layout') busy.set(`${pid}/${tid}`, (busy.get(`${pid}/${tid}`) ?? 0) + dur)
  }
  const [main] = [...busy].sort((a, b) => b[1] - a[1])[0] ?? []
  const own = events.filter(
    ({ name, ph, pid, tid }) =>
      ph === 'X' && (name === 'RunTask' || name === 'ThreadControllerImpl::RunTask') && `${pid}/${tid}` === main,
  )
  return { result, wall: figures(own.map(({ dur }) => dur)), cpu: figures(own.map(({ tdur, dur }) => tdur ?? dur)) }
}

/** Wall time is what a reader waits; processor time is what the page costs where the machine does other things too. */
function figures(micros) {
  const tasks = micros.map((value) => value / 1000).sort((a, b) => a - b)
  const p99 = tasks[Math.min(tasks.length - 1, Math.floor(tasks.length * 0.99))] ?? 0
  return { count: tasks.length, p99, max: tasks.at(-1) ?? 0, over50: tasks.filter((ms) => ms > 50).length }
}
