import { readdirSync } from 'node:fs'
import stylistic from '@stylistic/eslint-plugin'
import importX, { createNodeResolver } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'
import { rooms } from './scripts/rooms.mjs'

const layers = Object.entries(rooms).flatMap(([folder, order]) => {
  const source = `./${folder}/src`
  return [
    ...order.slice(1).map((room, index) => ({
      target: `${source}/${room}`,
      from: order.slice(0, index + 1).map(above => `${source}/${above}`),
      message: 'a room imports only rooms listed after it in scripts/rooms.mjs',
    })),
    {
      target: order.map(room => `${source}/${room}`),
      from: source,
      except: ['config.ts', 'locales', ...order],
      message: 'a room imports no root file but config.ts',
    },
  ]
})

/** Rooms use the engine contract only, except the doctor, which checks the connection of this very engine. */
const engines = {
  target: rooms['plugins/gemini-chat'].filter(room => !['engine', 'doctor'].includes(room))
    .map(room => `./plugins/gemini-chat/src/${room}`),
  from: './plugins/gemini-chat/src/engine',
  except: ['types.ts', 'error.ts', 'unavailable.ts', 'stored-contents.ts', 'providers.ts'],
  message: 'import the engine contract, not an engine: engines can be exchanged',
}

/** Each plugin can be installed without the others. */
const plugins = readdirSync(new URL('plugins', import.meta.url)).map(plugin => ({
  target: `./plugins/${plugin}/src`,
  from: './plugins',
  except: [plugin],
  message: 'a plugin imports nothing of another one: put shared code into packages/common',
}))

export default tseslint.config(
  { ignores: ['**/lib/', '**/dist/', '**/node_modules/', 'coverage/', 'data/'] },
  ...tseslint.configs.recommended,
  stylistic.configs.customize({ semi: false, quotes: 'single', indent: 2, braceStyle: '1tbs', arrowParens: false }),
  {
    plugins: { 'import-x': importX },
    rules: {
      'import-x/consistent-type-specifier-style': ['error', 'prefer-top-level'],
      'no-console': 'error',
      // Koishi hands out bots and services through proxies, and a #field cannot be read through a proxy.
      'no-restricted-syntax': ['error', { selector: 'PrivateIdentifier', message: 'write `private`: Koishi reads objects through proxies, where #fields throw' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': ['error', { destructuring: 'all' }],
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-empty-object-type': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      '@stylistic/arrow-parens': 'off',
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: 'always' }],
      '@stylistic/quote-props': ['error', 'as-needed'],
      '@stylistic/max-statements-per-line': ['error', { max: 2 }],
      '@stylistic/operator-linebreak': 'off',
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/indent-binary-ops': 'off',
      '@stylistic/space-before-function-paren': ['error', { anonymous: 'never', named: 'never', asyncArrow: 'always' }],
      '@stylistic/comma-dangle': ['error', 'always-multiline'],
    },
  },
  {
    files: ['plugins/*/src/**/*.ts', 'packages/*/src/**/*.ts', 'examples/*/src/**/*.ts'],
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-duplicates': 'error',
      'import-x/no-restricted-paths': ['error', {
        zones: [...layers, engines, ...plugins, { target: './packages', from: './plugins', message: 'packages/common serves every plugin' }],
      }],
      // This rule ignores type-only imports; tests/structure/import-circles.spec.ts includes them.
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
    },
  },
  {
    // The one circle that Satori asks of every adapter: a bot names its adapter, which is given its bots.
    files: ['plugins/adapter-wecom-bot/src/{bot,adapter,message,dispatch}.ts'],
    rules: { 'import-x/no-cycle': 'off' },
  },
  {
    files: ['bin/**', 'scripts/**', 'bench/**', 'endure/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['bin/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{
        regex: '/plugins/(?!gemini-chat/src/doctor$|shared-state/src/redis/inspect-server$|'
          + 'dingtalk-companion/src/delivery/card-template$|assistant-mcp/src/examine-server$)',
        message: 'programs import only what the doctor needs of the plugins',
      }] }],
    },
  },
  {
    // Plugin sources are only loaded in the child processes that are measured.
    files: ['bench/*.ts', 'bench/cases/**', 'bench/harness/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{
        regex: '/(plugins|packages)/', message: 'import plugin sources in bench/servers/ only',
      }] }],
    },
  },
  {
    files: ['testkit/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{
        regex: '/(plugins|packages|bin)/', message: 'the testkit shares no code with what it tests',
      }] }],
    },
  },
  {
    // The console rewrites only imports that end with a semicolon.
    files: ['packages/*/client/*.js'],
    rules: { '@stylistic/semi': 'off' },
  },
  {
    // CommonJS packages that are loaded as they are, without a build.
    files: ['packages/*/*.js', 'tests/**/*.cjs'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
)
