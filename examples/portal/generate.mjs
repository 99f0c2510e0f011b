/**
 * Writes src/graph/generated.ts: a type for every operation in src/graph/*.graphql, from the gateway's schema.
 * `--check` writes nothing and fails when the file is not what would be written.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { codegen } from '@graphql-codegen/core';
import * as typedDocuments from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';

const folder = join(import.meta.dirname, 'src', 'graph');
const target = join(folder, 'generated.ts');
const read = (path) => parse(readFileSync(path, 'utf8'));

const documents = readdirSync(folder)
  .filter((name) => name.endsWith('.graphql'))
  .sort()
  .map((name) => ({ location: name, document: read(join(folder, name)) }));

const written = await codegen({
  filename: target,
  schema: read(join(import.meta.dirname, '..', '..', 'schema', 'schema.graphql')),
  documents,
  plugins: [{ operations: {} }, { typedDocuments: {} }],
  pluginMap: { operations, typedDocuments },
  config: {
    scalars: { Date: 'string', DateTime: 'string', Decimal: 'string' },
    strictScalars: true,
    enumsAsTypes: true,
    onlyOperationTypes: true,
    skipTypename: true,
    immutableTypes: true,
    useTypeImports: true,
  },
});

if (!process.argv.includes('--check')) {
  writeFileSync(target, written);
} else if (written !== readFileSync(target, 'utf8')) {
  console.error('src/graph/generated.ts is not what the schema and the operations say: run `npm run generate`.');
  process.exitCode = 1;
}
