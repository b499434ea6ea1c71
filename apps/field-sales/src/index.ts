export { parseConfig, readConfig } from './config.ts'
export type { FieldSalesConfig } from './config.ts'
export { startFieldSales } from './field-sales.ts'
export type { FieldSales, FieldSalesOptions } from './field-sales.ts'
