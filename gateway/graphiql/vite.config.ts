import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// The page answers at the GraphQL endpoint itself, so its assets lie one folder below that address. Relative
// references keep both working behind a path prefix.
const assetsDir = 'graphiql/assets';

/** Moves fonts out of the style sheet: a browser then loads only the alphabets it shows. */
function extractFonts(): Plugin {
  return {
    name: 'extract-fonts',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.css')) continue;
        const css = file.source.toString();
        file.source = css.replaceAll(/url\(data:font\/(\w+);base64,([^)]+)\)/g, (_match, type: string, encoded: string) => {
          const source = Buffer.from(encoded, 'base64');
          const name = `font-${createHash('sha256').update(source).digest('hex').slice(0, 8)}.${type}`;
          this.emitFile({ type: 'asset', fileName: `${assetsDir}/${name}`, source });
          return `url(./${name})`;
        });
      }
    },
  };
}

/** Writes `name.gz` beside every text asset, so that the server never compresses. */
function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    writeBundle({ dir }) {
      if (dir === undefined) throw new Error('the bundle is not written to a directory');
      for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|html|svg|ttf)$/.test(name)) continue;
        const path = join(dir, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [extractFonts(), compress()],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    assetsDir,
    assetsInlineLimit: 0,
    // Monaco is one piece of 2.8 MB that loads after the page's frame is up.
    chunkSizeWarningLimit: 3000,
    reportCompressedSize: false,
    rolldownOptions: {
      onLog(level, log, report) {
        // GraphiQL's modules carry hints for a compiler that does not run here; there is a warning for each.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
  test: { include: ['src/**/*.test.ts'] },
});
