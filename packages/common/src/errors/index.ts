export { CodedError } from './coded-error'
export { describeError } from './describe-error'
