import { SQLiteDriver } from '@minatojs/driver-sqlite'

export { SQLiteDriver }
export default SQLiteDriver
