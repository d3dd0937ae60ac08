import assert from 'node:assert/strict'
import { detectFileType } from 'common/files'

const files: [type: string | undefined, content: string][] = [
  ['image/png', '\x89PNG\r\n\x1a\n\0\0'],
  ['image/jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
  ['image/gif', 'GIF89a\x01\0'],
  ['image/webp', 'RIFF\x10\0\0\0WEBPVP8 '],
  ['image/heic', '\0\0\0\x18ftypheic'],
  ['image/heic', '\0\0\0\x18ftypheix'],
  ['image/heic', '\0\0\0\x18ftyphevc'],
  ['image/heic', '\0\0\0\x18ftyphevx'],
  ['image/heif', '\0\0\0\x18ftypmif1'],
  ['image/heif', '\0\0\0\x18ftypmsf1'],
  ['image/avif', '\0\0\0\x1cftypavif'],
  ['image/bmp', 'BM\x36\0\0\0\0\0\0\0'],
  ['image/tiff', 'II*\0'],
  ['image/tiff', 'MM\0*'],
  ['image/svg+xml', '<?xml version="1.0"?>\n<!-- x --><svg xmlns="y">'],
  ['image/svg+xml', '<svg>'],
  ['application/pdf', '%PDF-1.7'],
  ['application/pdf', '\n%PDF-1.7\n%\xe2\xe3'],
  ['application/zip', 'PK\x03\x04\0\0'],
  ['audio/wav', 'RIFF\x10\0\0\0WAVEfmt '],
  ['audio/aiff', 'FORM\0\0\0\0AIFF'],
  ['audio/ogg', 'OggS\0\x02'],
  ['audio/flac', 'fLaC\0\0'],
  ['audio/amr', '#!AMR\n\x04'],
  ['audio/silk', '\x02#!SILK_V3'],
  ['audio/silk', '#!SILK_V3'],
  ['audio/mp4', '\0\0\0\x1cftypM4A '],
  ['audio/aac', '\xff\xf1\x50\x80'],
  ['audio/mpeg', 'ID3\x04\0\0'],
  ['audio/mpeg', '\xff\xfb\x90\0'],
  ['video/mp4', '\0\0\0\x20ftypisom'],
  ['video/mp4', '\0\0\0\x20ftypmp42'],
  ['video/quicktime', '\0\0\0\x14ftypqt  '],
  ['video/quicktime', '\0\0\0\x14moov'],
  ['video/3gpp', '\0\0\0\x18ftyp3gp4'],
  ['application/mp4', '\0\0\0\x1cftypcrx '],
  ['video/webm', '\x1a\x45\xdf\xa3\x9fB\x82\x84webm'],
  ['video/x-matroska', '\x1a\x45\xdf\xa3\x9fB\x82\x88matroska'],
  ['video/mpeg', '\0\0\x01\xba\x44'],
  ['video/x-flv', 'FLV\x01\x05'],
  ['video/x-msvideo', 'RIFF\x10\0\0\0AVI LIST'],
  ['video/x-ms-wmv', '\x30\x26\xb2\x75\x8e\x66\xcf\x11'],
  [undefined, 'BM is a brand, <b>GIF</b> is not'],
  [undefined, 'RIFF\x10\0\0\0XXXX'],
  [undefined, 'WEBPWEBPWEBP'],
  [undefined, '\0\x01\x02'],
  [undefined, ''],
]

describe('detectFileType', () => {
  for (const [type, content] of files) {
    it(`finds ${type ?? 'nothing'} in ${JSON.stringify(content.slice(0, 12))}`, () => {
      assert.equal(detectFileType(Buffer.from(content, 'latin1')), type)
    })
  }

  it('looks at the first kilobyte only', () => {
    const late = Buffer.concat([Buffer.alloc(1024, ' '), Buffer.from('%PDF-1.7')])
    assert.equal(detectFileType(late), undefined)
  })
})
