import assert from 'node:assert/strict'
import { typeOf } from '../../src/media/file-type'

const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('the type of a file', () => {
  const supported: [string, string][] = [
    ['image/png', '\x89PNG\r\n\x1a\n\0\0'],
    ['image/jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
    ['image/webp', 'RIFF\x10\0\0\0WEBPVP8 '],
    ['image/heic', '\0\0\0\x18ftypheic'],
    ['image/heif', '\0\0\0\x18ftypmif1'],
    ['application/pdf', '\n%PDF-1.7\n%\xe2\xe3'],
    ['audio/wav', 'RIFF\x10\0\0\0WAVEfmt '],
    ['audio/mp3', 'ID3\x04\0\0'],
    ['audio/mp3', '\xff\xfb\x90\0'],
    ['audio/aac', '\xff\xf1\x50\x80'],
    ['audio/ogg', 'OggS\0\x02'],
    ['audio/flac', 'fLaC\0\0'],
    ['audio/aiff', 'FORM\0\0\0\0AIFF'],
    ['video/mp4', '\0\0\0\x20ftypisom'],
    ['video/mp4', '\0\0\0\x20ftypmp42'],
    ['video/quicktime', '\0\0\0\x14ftypqt  '],
    ['video/3gpp', '\0\0\0\x18ftyp3gp4'],
    ['video/webm', '\x1a\x45\xdf\xa3\x9fB\x82\x84webm'],
    ['video/mpeg', '\0\0\x01\xba\x44'],
    ['video/x-flv', 'FLV\x01\x05'],
    ['video/avi', 'RIFF\x10\0\0\0AVI LIST'],
    ['video/wmv', '\x30\x26\xb2\x75\x8e\x66\xcf\x11'],
  ]
  for (const [mime, content] of supported) {
    it(`is ${mime} for ${JSON.stringify(content.slice(0, 12))}`, () => {
      assert.deepEqual(typeOf(bytes(content), 'lies.gif'), { mime, data: bytes(content) })
    })
  }

  const foreign: [string, string][] = [
    ['GIF', 'GIF89a\x01\0'],
    ['BMP', 'BM\x36\0\0\0\0\0\0\0'],
    ['SVG', '<?xml version="1.0"?>\n<!-- x --><svg xmlns="y">'],
    ['SVG', '<svg>'],
    ['AVIF', '\0\0\0\x1cftypavif'],
    ['AMR', '#!AMR\n\x04'],
    ['SILK', '\x02#!SILK_V3'],
    ['M4A', '\0\0\0\x1cftypM4A '],
    ['MP4', '\0\0\0\x1cftypcrx '],
    ['MKV', '\x1a\x45\xdf\xa3\x9fB\x82\x88matroska'],
    ['DOCX', 'PK\x03\x04\0\0'],
    ['', '\0\x01\x02'],
    ['', ''],
  ]
  for (const [format, content] of foreign) {
    it(`is not supported for ${format || 'whatever it is'} ${JSON.stringify(content.slice(0, 12))}`, () => {
      assert.deepEqual(typeOf(bytes(content), format === 'DOCX' ? 'letter.docx' : 'x'), { format })
    })
  }

  const text = (data: Buffer) => {
    const type = typeOf(data)
    return 'data' in type ? `${type.mime} ${type.data}` : type
  }

  it('detects text in several encodings', () => {
    assert.equal(text(Buffer.from('中文, \tlines\r\n')), 'text/plain 中文, \tlines\r\n')
    assert.equal(text(Buffer.from([0xd6, 0xd0, 0xce, 0xc4])), 'text/plain 中文')
    assert.equal(text(Buffer.from('\ufeff中文', 'utf16le')), 'text/plain 中文')
    assert.equal(text(Buffer.from('\ufeff中文', 'utf16le').swap16()), 'text/plain 中文')
    assert.equal(text(Buffer.from('BM is a brand, <b>GIF</b> is not')), 'text/plain BM is a brand, <b>GIF</b> is not')
  })
})
