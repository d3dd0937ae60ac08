export { detectFileType } from './file-type'
