import { nextConnector } from '@annex/connector/next'
import { stubConnector } from '../../../stub-connector.mjs'

export const { GET, POST, OPTIONS } = nextConnector(() => stubConnector(process.env.APP))
