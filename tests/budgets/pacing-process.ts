import { callAtPace, type PacedCalls } from './paced-calls.ts'

// Calls at the pace that it is told, and tells what it met.
process.on('message', (told) => {
  const { calls, seconds } = told as { readonly calls: PacedCalls; readonly seconds: number }
  void callAtPace(calls, seconds).then((met) => process.send?.(met))
})
process.once('disconnect', () => process.exit())
