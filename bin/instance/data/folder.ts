import { access, chmod, constants, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The files contain conversations and settings, so only the user of this process may read them. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * Creates the data folder and restricts access to it and its content to the user of this process.
 * @throws {NodeJS.ErrnoException} if it cannot be created or written
 */
export async function prepareFolder(folder: string): Promise<void> {
  process.umask(0o077)
  await mkdir(folder, { recursive: true })
  await access(folder, constants.W_OK)
  await restrict(folder)
}

async function restrict(folder: string) {
  // A volume may belong to another user or have no file modes. Then the modes stay unchanged.
  await chmod(folder, FOLDER_MODE).catch(() => {})
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await restrict(path)
    else if (entry.isFile()) await chmod(path, FILE_MODE).catch(() => {})
  }
}
