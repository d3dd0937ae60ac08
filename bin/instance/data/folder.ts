import { access, chmod, constants, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Files hold conversations and settings: only the user this runs as may read them. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * Makes the data folder and takes everybody else's access to it and to what is in it away.
 * @throws {NodeJS.ErrnoException} when it cannot be made or written to
 */
export async function prepareFolder(folder: string): Promise<void> {
  process.umask(0o077)
  await mkdir(folder, { recursive: true })
  await access(folder, constants.W_OK)
  await restrict(folder)
}

async function restrict(folder: string) {
  // A volume may belong to another user or a file system without modes: what cannot be changed stays as it is.
  await chmod(folder, FOLDER_MODE).catch(() => {})
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await restrict(path)
    else if (entry.isFile()) await chmod(path, FILE_MODE).catch(() => {})
  }
}
