import type { Handles } from '../core/connector/handles.ts'
import { answerRequest } from './answer.ts'

/** For Hono: `app.use(honoConnector(connector))`, before what reads bodies. */
export function honoConnector(
  connector: Handles,
): (context: { readonly req: { readonly raw: Request } }, next: () => Promise<void>) => Promise<Response | void> {
  return async ({ req }, next) => (await answerRequest(connector, req.raw)) ?? next()
}
