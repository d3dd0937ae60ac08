import assert from 'node:assert/strict'
import type { Dict } from 'koishi'
import { entries, locales, parts, schemas, textOf, texts } from './schema'
import type { Texts } from './schema'

/** Replaces every text in a tree by its path, and collects the paths. */
function replaceByPaths(texts: Texts, path: string, paths: string[]): Texts {
  if (typeof texts === 'string') {
    paths.push(path)
    return path
  }
  if (Array.isArray(texts)) return texts.map((text, index) => replaceByPaths(text, `${path}[${index}]`, paths))
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, replaceByPaths(text, `${path}.${key}`, paths)]))
}

/** Names of secret settings. Addresses are secret if they contain a key or a password. */
const secretNames = /(key|token|secret|password|proxy|webhook|webhookUrl)s?$/i

/** Named like a secret, but only the name of a variable in DingTalk's card template. */
const notSecret = ['cardKey']

for (const [name, schema] of Object.entries(schemas)) {
  describe(`the settings of ${name}`, () => {
    for (const locale of locales) {
      it(`have every text in ${locale}`, () => {
        const blank = entries(schema).filter(entry => !textOf(entry, locale)?.trim()).map(entry => entry.path)
        assert.deepEqual(blank, [])
        const foreign = entries(schema)
          .map(entry => [entry.path, textOf(entry, locale)!])
          .filter(([, text]) => /\p{Script=Han}/u.test(text) !== (locale === 'zh-CN'))
        assert.deepEqual(foreign, [])
      })

      it(`have no unused text in ${locale}`, () => {
        const paths: string[] = []
        const tree = schema.i18n({ test: replaceByPaths(texts[name][locale], '_config', paths) as Dict })
        const used = Array.from(parts(tree), ([, { meta }]) => (meta.description as Dict | undefined)?.test)
        assert.deepEqual(paths.filter(path => !used.includes(path)), [])
      })
    }

    it('have the same texts in both languages', () => {
      const [zh, en] = locales.map((locale) => {
        const paths: string[] = []
        replaceByPaths(texts[name][locale], '_config', paths)
        return paths
      })
      assert.deepEqual(en, zh)
    })

    it('mask every secret', () => {
      const unmasked = [...parts(schema)]
        .filter(([path, { type }]) => type === 'string' && !path.endsWith('.*') && !notSecret.includes(path))
        .filter(([path, { meta }]) => secretNames.test(path.replaceAll('[]', '')) && meta.role !== 'secret')
        .map(([path]) => path)
      assert.deepEqual(unmasked, [])
    })

    it('name the unit of durations', () => {
      const durations = entries(schema).filter(entry => entry.schema.meta.role === 'ms')
      const withoutUnit = durations.filter(entry =>
        !/毫秒/.test(textOf(entry, 'zh-CN')!) || !/milliseconds/i.test(textOf(entry, 'en-US')!))
      assert.deepEqual(withoutUnit.map(entry => entry.path), [])
    })
  })
}
