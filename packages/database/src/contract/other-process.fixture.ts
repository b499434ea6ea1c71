import { once } from 'node:events'
import { openDatabase } from '../open-database.ts'
import { countUp } from './counter.fixture.ts'

// Says when it is ready, begins when it is told to, and ends when it is done.
const [url = '', times = '0'] = process.argv.slice(2)
const database = await openDatabase(url)
const told = once(process, 'message')
process.send?.('ready')
await told
await countUp(database, Number(times))
await database.close()
process.disconnect()
