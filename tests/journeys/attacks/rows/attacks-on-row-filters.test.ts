import { testRowsOn } from '../../../../packages/site/src/oauth/testing/rows/attack-row.fixture.ts'
import { outsideRows } from './outside-rows.fixture.ts'
import { seenRows } from './seen-rows.fixture.ts'
import { unreachedRows } from './unreached-rows.fixture.ts'
import { walledGround } from './walled.fixture.ts'

testRowsOn(walledGround, 'an attack of an app that is held to one company', [...seenRows, ...unreachedRows, ...outsideRows])
