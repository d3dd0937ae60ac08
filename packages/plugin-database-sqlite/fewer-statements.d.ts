import type { SQLiteDriver } from '@minatojs/driver-sqlite'

export declare function withFewerStatements(driver: typeof SQLiteDriver): typeof SQLiteDriver
