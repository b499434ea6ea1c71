import { nextConnector } from '@annex/connector/next'
import { theApp } from '../../../src/the-app.ts'

export const dynamic = 'force-dynamic'
export const { GET, POST, OPTIONS } = nextConnector(async () => (await theApp()).connector)
