import type { HttpServer } from '../../http/server.ts'

/** Where Frappe has its methods: the address that apps have fixed, and that of each version of its API. */
const [FIRST, ...OTHERS] = ['/api/method/', '/api/v1/method/', '/api/v2/method/'] as const

/** A method's address in every version of the API, the first before the others; any other address stands alone. */
export const everyVersionOf = (path: string): readonly string[] =>
  path.startsWith(FIRST) ? [path, ...OTHERS.map((base) => base + path.slice(FIRST.length))] : [path]

/** The name by which the argument `cmd` reaches what stands at a method's address. */
export const commandOf = (path: string): string => path.slice(FIRST.length)

/** Registers at every version's address what is registered at one: the same handler with the same rules, so that what it counts is counted once. */
export const inEveryVersion = <C>(server: HttpServer<C>): HttpServer<C> => ({
  route: (methods, path, handler, options) => {
    for (const address of everyVersionOf(path)) server.route(methods, address, handler, options)
  },
  listen: (port, host) => server.listen(port, host),
  close: () => server.close(),
})
