import { join } from 'node:path';
import { expect, it } from 'vitest';
import { jsonSchemas } from '../../catalog/json-schema.js';
import { projectRoot } from '../../dev/temporal/project.js';

it.each(Object.entries(jsonSchemas()))('%s is the generated JSON schema', async (name, text) => {
  await expect(text).toMatchFileSnapshot(join(projectRoot(), 'catalog', name));
});
