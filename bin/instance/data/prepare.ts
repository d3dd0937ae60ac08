import { join } from 'node:path'
import type { BilingualText } from '../bilingual'
import { prepareFolder } from './folder'
import { lockDatabase, lockFolder } from './lock'

/** What ends the process. @param code of sysexits.h for settings that have to be changed */
export type Fail = (texts: BilingualText[], code?: number) => never

/** EX_CONFIG of sysexits.h, which service managers distinguish from a crash. */
export const CONFIG_EXIT_CODE = 78

/** Creates the data folder and reserves it for this process. @returns its path */
export async function prepareData(baseDir: string, fail: Fail): Promise<string> {
  const folder = join(baseDir, 'data')
  try {
    await prepareFolder(folder)
    const pid = await lockFolder(folder, () => {
      fail([{
        zh: `数据目录 ${folder} 已被另一个进程占用，本进程退出。`,
        en: `the data folder ${folder} was taken over by another process, so this one exits.`,
      }], CONFIG_EXIT_CODE)
    })
    if (pid === undefined) return folder
    fail([{
      zh: `数据目录 ${folder} 正被另一个进程（pid ${pid || '未知'}）使用，请先停止它，或在另一个目录里启动。`,
      en: `the data folder ${folder} is used by another process (pid ${pid || 'unknown'}): stop it first, `
        + 'or start in another folder.',
    }], CONFIG_EXIT_CODE)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const uid = process.getuid?.()
    fail([{
      zh: `无法写入数据目录 ${folder}（${code}）：请把它的所有者改为运行本程序的用户（uid ${uid}），例如 chown -R ${uid} ${folder}。`,
      en: `cannot write the data folder ${folder} (${code}): make the user of this process (uid ${uid}) its owner, `
        + `e.g. chown -R ${uid} ${folder}.`,
    }])
  }
}

/** Reserves the SQLite files for this process: instances in different folders may name the same one. */
export async function reserveDatabases(files: readonly string[], fail: Fail) {
  for (const file of files) {
    const pid = await lockDatabase(file, () => {
      fail([{
        zh: `数据库文件 ${file} 已被另一个进程占用，本进程退出。`,
        en: `the database file ${file} was taken over by another process, so this one exits.`,
      }], CONFIG_EXIT_CODE)
    })
    if (pid === undefined) continue
    fail([{
      zh: `数据库文件 ${file} 正被另一个进程（pid ${pid || '未知'}）使用：每个实例要有自己的 SQLite 文件，`
        + '请修改 database-sqlite 的 path，或先停止那个进程。',
      en: `the database file ${file} is used by another process (pid ${pid || 'unknown'}): each instance needs a SQLite `
        + 'file of its own. Change path of database-sqlite, or stop that process first.',
    }], CONFIG_EXIT_CODE)
  }
}
