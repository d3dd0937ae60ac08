import { NodeSqliteDriver } from './driver'

export { Config } from './config'
export { NodeSqliteDriver } from './driver'
export { hasNodeSqlite } from './node-sqlite'

export default NodeSqliteDriver
