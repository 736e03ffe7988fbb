// Tasks of the page's main thread while something happens, from chromium's own trace.

export async function traced(session, work) {
  const events = []
  const take = ({ value }) => events.push(...value)
  session.on('Tracing.dataCollected', take)
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', '__metadata'] },
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
  const tasks = events
    .filter(({ name, ph, pid, tid }) => ph === 'X' && name === 'RunTask' && `${pid}/${tid}` === main)
    .map(({ dur }) => dur / 1000)
    .sort((a, b) => a - b)
  const at = (share) => tasks[Math.min(tasks.length - 1, Math.floor(tasks.length * share))] ?? 0
  return { result, tasks: tasks.length, p99: at(0.99), max: tasks.at(-1) ?? 0, over50: tasks.filter((ms) => ms > 50).length }
}
