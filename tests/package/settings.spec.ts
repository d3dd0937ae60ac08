import assert from 'node:assert/strict'
import type { Dict } from 'koishi'
import { entries, locales, parts, schemas, textOf, texts } from './schema'
import type { Texts } from './schema'

/** The paths of all texts, and the tree with every text replaced by its path. */
function number(texts: Texts, path: string, paths: string[]): Texts {
  if (typeof texts === 'string') {
    paths.push(path)
    return path
  }
  if (Array.isArray(texts)) return texts.map((text, index) => number(text, `${path}[${index}]`, paths))
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, number(text, `${path}.${key}`, paths)]))
}

/** Names of settings whose value lets its reader in somewhere; an address does where it carries a key or a password. */
const secret = /(key|token|secret|password|proxy|webhook|webhookUrl)s?$/i

/** Named like a secret and none: the name of a variable in DingTalk's card template. */
const open = ['cardKey']

for (const [name, schema] of Object.entries(schemas)) {
  describe(`the settings of ${name}`, () => {
    for (const locale of locales) {
      it(`have every text in ${locale}, none of it in the other language`, () => {
        const blank = entries(schema).filter(entry => !textOf(entry, locale)?.trim()).map(entry => entry.path)
        assert.deepEqual(blank, [])
        const foreign = entries(schema)
          .map(entry => [entry.path, textOf(entry, locale)!])
          .filter(([, text]) => /\p{Script=Han}/u.test(text) !== (locale === 'zh-CN'))
        assert.deepEqual(foreign, [])
      })

      it(`have no text in ${locale} that belongs to none of them`, () => {
        const paths: string[] = []
        const numbered = schema.i18n({ test: number(texts[name][locale], '_config', paths) as Dict })
        const used = Array.from(parts(numbered), ([, { meta }]) => (meta.description as Dict | undefined)?.test)
        assert.deepEqual(paths.filter(path => !used.includes(path)), [])
      })
    }

    it('have the same texts in both languages', () => {
      const [zh, en] = locales.map((locale) => {
        const paths: string[] = []
        number(texts[name][locale], '_config', paths)
        return paths
      })
      assert.deepEqual(en, zh)
    })

    it('mask every secret', () => {
      const bare = [...parts(schema)]
        .filter(([path, { type }]) => type === 'string' && !path.endsWith('.*') && !open.includes(path))
        .filter(([path, { meta }]) => secret.test(path.replaceAll('[]', '')) && meta.role !== 'secret')
        .map(([path]) => path)
      assert.deepEqual(bare, [])
    })

    it('say in which unit a duration is', () => {
      const durations = entries(schema).filter(entry => entry.schema.meta.role === 'ms')
      const silent = durations.filter(entry =>
        !/毫秒/.test(textOf(entry, 'zh-CN')!) || !/milliseconds/i.test(textOf(entry, 'en-US')!))
      assert.deepEqual(silent.map(entry => entry.path), [])
    })
  })
}
