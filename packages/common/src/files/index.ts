export { detectFileType } from './file-type'
export { fileName } from './file-name'
