import { engines } from '../../../../tests/support/databases.ts'
import { backendContract } from '../backend/backend.contract.ts'
import { startWorld } from './documents.fixture.ts'

for (const engine of engines) backendContract(`Documents on ${engine}`, () => startWorld(engine))
