export * from '@minatojs/driver-sqlite'
export { default } from '@minatojs/driver-sqlite'
