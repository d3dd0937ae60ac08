const { reporters } = require('mocha')

/** Mocha's reporter of behaviours, with a list of the specs that failed and were run again: see .mocharc.cjs. */
module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const failures = []
    runner.on('retry', (test, { message = '' }) => failures.push(`    ${test.fullTitle()}: ${message.split('\n')[0]}\n`))
    runner.once('end', () => {
      if (failures.length) process.stdout.write(`  run again after a failure:\n${failures.join('')}\n`)
    })
  }
}
