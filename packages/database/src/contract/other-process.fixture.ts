import { openDatabase } from '../open-database.ts'
import { countUp } from './counter.fixture.ts'

// node other-process.fixture.ts <url> <times>
const [url = '', times = '0'] = process.argv.slice(2)
const database = await openDatabase(url)
await countUp(database, Number(times))
await database.close()
