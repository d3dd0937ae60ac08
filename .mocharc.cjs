module.exports = {
  extension: ['ts'],
  require: ['esbuild-register', 'yml-register', './tests/support/open-handles.ts'],
  reporter: './tests/support/reporter.cjs',
  timeout: 60_000,
  // Specs talk to real sockets and processes, and a machine of CI may be busy. What was run again is listed at the end.
  retries: process.env.CI ? 1 : 0,
}
