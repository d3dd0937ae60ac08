/**
 * Preloaded into the instance: profiles the CPU between two SIGUSR2, and writes the profile to a file after the second.
 */

/* eslint-disable @typescript-eslint/no-require-imports */
const { renameSync, writeFileSync } = require('node:fs')
const { Session } = require('node:inspector')

const SAMPLING_INTERVAL_US = 200

const file = process.env.BENCH_PROFILE
let session

function toggle() {
  if (!session) {
    session = new Session()
    session.connect()
    session.post('Profiler.enable')
    session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US })
    session.post('Profiler.start')
    return
  }
  session.post('Profiler.stop', (error, result) => {
    writeFileSync(`${file}.part`, JSON.stringify(error ?? result.profile))
    renameSync(`${file}.part`, file)
  })
  session.disconnect()
  session = undefined
}

if (file && process.send) process.on('SIGUSR2', toggle)
