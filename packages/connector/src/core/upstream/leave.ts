/** Leaves off waiting when the signal says so; what is under way goes on for the others. */
export function leave<T>(landing: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return landing
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    landing.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
    if (signal.aborted) stop()
  })
}
