import { expect, it } from 'vitest';
import { readProductSources } from '../support/product-sources.js';

it('only core/faults.ts reads the issues of schemas', async () => {
  const readers = [...(await readProductSources())].filter(([, text]) => /\.issues\b|prettifyError|flattenError/.test(text));
  expect(readers.map(([name]) => name)).toEqual(['core/faults.ts']);
});
