/** Whether `await` would wait for a value: a Promise, or what has a `then` of its own, as the queries of many a library do. */
export function isPending<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return 'then' in value && typeof value.then === 'function'
}

/** Goes on with a value at once where it is there at once: waiting costs about as much as a check does. */
export function whenThere<T, R>(value: T | PromiseLike<T>, next: (value: T) => R): R | Promise<Awaited<R>> {
  return isPending(value) ? (Promise.resolve(value).then(next) as Promise<Awaited<R>>) : next(value)
}
