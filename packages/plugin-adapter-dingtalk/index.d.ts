export * from '@satorijs/adapter-dingtalk'
export { default } from '@satorijs/adapter-dingtalk'
