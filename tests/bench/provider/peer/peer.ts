import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ServerProcess } from '../../server-process.ts'
import type { Provider } from '../provider-scenarios.ts'

/** What the peer's apps hold when it begins to listen. */
export interface PeerHoldings extends Pick<Provider, 'client' | 'service' | 'redirectUri' | 'pairs'> {
  readonly codes: readonly string[]
}

export interface Peer {
  readonly server: ServerProcess
  readonly provider: Provider
}

const peerServerFile = new URL('./peer-server.ts', import.meta.url)

export interface PeerSize {
  /** Pairs of tokens that its app holds. */
  readonly pairs: number
  /** Codes that can be exchanged. */
  readonly codes: number
}

/** oidc-provider in a process of its own. */
export async function startPeer(
  start: (server: Promise<ServerProcess>) => Promise<ServerProcess>,
  folder: string,
  { pairs, codes }: PeerSize,
): Promise<Peer> {
  const server = await start(ServerProcess.start({ file: peerServerFile, args: [folder, String(pairs), String(codes)] }))
  const holdings = JSON.parse(await readFile(join(folder, 'peer.json'), 'utf8')) as PeerHoldings
  const provider = {
    ...holdings,
    tokenPath: '/token',
    introspectionPath: '/token/introspection',
    code: (index: number) => holdings.codes[index] ?? '',
  }
  return { server, provider }
}
