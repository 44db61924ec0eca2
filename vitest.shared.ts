import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Settings that every package's own vitest.config.ts re-exports. */
const shared: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    restoreMocks: true,
    reporters: ['default', 'json'],
    outputFile: { json: '.reports/vitest.json' },
  },
});

export default shared;
