import { createRemoteJWKSet, type JSONWebKeySet } from 'jose'
import type { SigningKey } from '../../../keys/key-ring.ts'
import { ask } from '../../app.fixture.ts'
import type { Provider } from '../../provider.fixture.ts'

export const JWKS = '/.well-known/jwks.json'
export const currentKey = ({ ring }: Provider): SigningKey => ring.signing.find(({ state, alg }) => state === 'current' && alg === 'ES256')!
export const published = async (provider: Provider): Promise<JSONWebKeySet> => (await ask(provider, JWKS)).json as unknown as JSONWebKeySet
/** As an app asks for them. */
export const remote = ({ base }: Provider): ReturnType<typeof createRemoteJWKSet> => createRemoteJWKSet(new URL(base + JWKS))
