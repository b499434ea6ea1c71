import { randomBytes } from 'node:crypto'
import type { Sealer } from '../../documents/secrets/sealer.ts'
import { valueSealer } from './value-sealer.ts'

/** Seals with a key that nobody has but this process. */
export const testSealer = (): Sealer => valueSealer({ rotation: [{ kid: 'a-test-key', version: '1', key: randomBytes(32) }] })
