/**
 * Makes the instance reload a plugin when one of its sources changes:
 * `node -r esbuild-register -r ./scripts/watch-sources.ts bin/start.ts`
 */

import { resolve } from 'node:path'

process.env.KOISHI_WATCH_SOURCES ??= resolve(__dirname, '..')
