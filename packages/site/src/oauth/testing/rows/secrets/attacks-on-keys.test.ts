import { testRows } from '../attack-row.fixture.ts'
import { forgedRows } from './forged-rows.fixture.ts'
import { keyRows } from './key-rows.fixture.ts'
import { storageRows } from './storage-rows.fixture.ts'
import { toldRows } from './told-rows.fixture.ts'

testRows('an attack by what is signed by others', forgedRows)
testRows('an attack on keys and what they sign', keyRows)
testRows('an attack on what apps are told', toldRows)
testRows('an attack on what is stored, and on who is killed meanwhile', storageRows)
