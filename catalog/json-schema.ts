import { z } from 'zod';
import { SettingsFile } from './settings-file.js';
import { SourceFile } from './source-file.js';

/** Returns the JSON Schema files for editors, by file name; a test keeps the checked-in files in sync. */
export const jsonSchemas = (): Readonly<Record<string, string>> => {
  const render = (schema: z.ZodType, title: string): string =>
    `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input' }) }, null, 2)}\n`;
  return {
    'catalog.schema.json': render(SourceFile, 'A catalog source of SWP'),
    'skulk-weights.schema.json': render(SettingsFile, "skulk-weights.yaml: the operator's catalog sources of SWP"),
  };
};
