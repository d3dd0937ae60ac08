import { spawnSync } from 'node:child_process'

/** Mounts a small file system on a folder. @returns whether that was possible: it takes root and Linux */
export function mountDisk(folder: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=700', 'endure', folder]).status === 0
}

export function unmountDisk(folder: string) {
  spawnSync('umount', ['-l', folder])
}
