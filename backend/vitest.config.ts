import { defineConfig } from 'vitest/config';

/** Three altitudes: pure parts, real PostgreSQL and RabbitMQ, the whole system as processes. */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['*/src/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts', 'e2e/src/*.test.ts', 'e2e/src/scenarios/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['*/src/**/*.integration.test.ts'],
          globalSetup: ['e2e/src/provision/global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/src/*.test.ts', 'e2e/src/scenarios/*.test.ts'],
          globalSetup: ['e2e/src/provision/global-setup.ts'],
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
