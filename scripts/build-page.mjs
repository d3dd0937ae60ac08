/** Builds the page of a plugin for Koishi's console: the sources in `client/` to `dist/`. */

import { readFile, writeFile } from 'node:fs/promises'
import vue from '@vitejs/plugin-vue'
import { transform } from 'esbuild'
import { build } from 'vite'

/** What the console serves to all pages. */
const provided = ['vue', 'vue-router', '@vueuse/core', '@koishijs/client']

/** @throws where the page does not compile */
export async function buildPage(folder) {
  await build({
    root: folder,
    configFile: false,
    logLevel: 'warn',
    plugins: [vue()],
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      target: 'es2022',
      lib: { entry: 'client/index.ts', formats: ['es'], fileName: () => 'index.js', cssFileName: 'style' },
      rollupOptions: { external: provided },
    },
  })
  // Vite keeps the white space of libraries.
  const file = `${folder}/dist/index.js`
  const { code } = await transform(await readFile(file, 'utf8'), { minify: true, format: 'esm', target: 'es2022', charset: 'utf8' })
  await writeFile(file, code)
}
