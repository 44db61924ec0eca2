import { defineConfig, type ViteUserConfig } from 'vitest/config';

const skipReporter = new URL('scripts/skip-reporter.ts', import.meta.url).pathname;

/** Settings that every package's own vitest.config.ts re-exports. */
const shared: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    restoreMocks: true,
    // A guard against hanging, not a measure: machines may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json', skipReporter],
    outputFile: { json: '.reports/vitest.json' },
  },
});

export default shared;
