import { defineConfig } from 'vitest/config';

// While developing, the gateway is asked where `make demo` has it.
const gateway = 'http://127.0.0.1:8000';

export default defineConfig({
  base: './', // the portal may be served below any path
  server: { proxy: { '/graphql': gateway, '/graphiql': gateway } },
  build: { target: 'es2023', assetsInlineLimit: 0, reportCompressedSize: false },
  test: { include: ['src/**/*.test.ts'] },
});
