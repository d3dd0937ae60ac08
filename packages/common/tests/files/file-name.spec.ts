import assert from 'node:assert/strict'
import { fileName } from 'common/files'

/** A header that holds UTF-8 as it is: `node:http` gives one character for each byte. */
const raw = (name: string) => Buffer.from(name).toString('latin1')

describe('fileName', () => {
  for (const [header, name] of [
    ['attachment; filename=PC+D%26T+Strategy.docx', 'PC D&T Strategy.docx'],
    ['attachment; filename="a b.txt"', 'a b.txt'],
    ['attachment; filename="a \\"b\\".txt"', 'a "b".txt'],
    ['attachment; filename=a.txt; filename*=UTF-8\'\'%E4%BD%A0%2B.txt', '你+.txt'],
    ['attachment; filename*=utf-8\'zh\'%E4%BD%A0.txt; filename=a.txt', '你.txt'],
    ['ATTACHMENT; FILENAME = a.txt', 'a.txt'],
    ['attachment; filename="..%2F..%2Fetc%2Fpasswd"', 'passwd'],
    ['attachment; filename="C:%5CUsers%5Ca.txt"', 'a.txt'],
    ['attachment; filename*=UTF-8\'\'..%2F.ssh%2Fid', 'id'],
    ['attachment; filename=a%00%0Ab.txt', 'ab.txt'],
    ['attachment; filename=100%.txt', '100%.txt'],
    ['attachment; filename=..', undefined],
    ['attachment; filename="."', undefined],
    ['attachment; filename=a%2F', undefined],
    ['attachment; filename=""', undefined],
    ['attachment', undefined],
    ['', undefined],
    ['attachment; filename="C:\\Users\\a.txt"', 'a.txt'],
    ['attachment; filename="C++ 1.pdf"', 'C++ 1.pdf'],
    ['attachment; filename*="UTF-8\'\'%E4%BD%A0.txt"', '你.txt'],
    ['attachment; filename*=GBK\'\'%B1%A8%BC%DB.csv', '报价.csv'],
    ['attachment; filename*=gb2312\'zh-CN\'%B1%A8%BC%DB.csv; filename=x.csv', '报价.csv'],
    ['attachment; filename*=iso-8859-1\'en\'caf%E9.txt', 'café.txt'],
    ['attachment; filename*=UTF-8\'\'%B1%A8%BC%DB.csv', '报价.csv'],
    ['attachment; filename*=x-unknown\'\'%FF%FF.csv; filename=a.csv', 'a.csv'],
    ['attachment; filename=%B1%A8%BC%DB%B5%A5.csv', '报价单.csv'],
    ['attachment; filename="%E6%8A%A5%E4%BB%B7%E5%8D%95.csv"', '报价单.csv'],
    [`attachment; filename="${raw('报价单.csv')}"`, '报价单.csv'],
    [`attachment; filename=${raw('报价单 二.csv')}`, '报价单 二.csv'],
    ['attachment; filename="\xb1\xa8\xbc\xdb\xb5\xa5.csv"', '报价单.csv'],
    ['attachment; filename="\xb1\xa8\xbc\xdb 100%.csv"', '报价 100%.csv'],
    ['attachment; filename="报价单.csv"', '报价单.csv'],
    [`attachment; filename="=?UTF-8?B?${Buffer.from('报价单.csv').toString('base64')}?="`, '报价单.csv'],
    ['attachment; filename="=?GBK?Q?=B1=A8=BC=DB_1=2Ecsv?="', '报价 1.csv'],
    ['attachment; filename="=?none?B?YQ==?="', '=?none?B?YQ==?='],
  ] as const) {
    it(`reads ${name} from ${JSON.stringify(header)}`, () => {
      assert.equal(fileName(header), name)
    })
  }

  it('returns at most 255 characters', () => {
    assert.equal(fileName(`attachment; filename=${'a'.repeat(5000)}`)!.length, 255)
  })
})
