import { testRows } from './attack-row.fixture.ts'
import { deviceRows } from './device-rows.fixture.ts'
import { registrationRows } from './registration-rows.fixture.ts'

testRows('an attack on registration', registrationRows)
testRows('an attack on devices', deviceRows)
