import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, parseDocument, type Document, type YAMLSeq } from 'yaml';
import { z } from 'zod';
import { appendToBlockList } from './block-list.js';
import { cannotEdit, lineStart, type Splice } from './edit.js';
import { appendToFlowList } from './flow-list.js';
import type { EntryFields } from './render-entry.js';

const apply = (text: string, splices: readonly Splice[]): string =>
  splices
    .toSorted((a, b) => b.at - a.at)
    .reduce((result, { at, end = at, text: added }) => `${result.slice(0, at)}${added}${result.slice(end)}`, text);

const modelsOf = ({ contents }: Document): { readonly list: YAMLSeq; readonly offset: number } => {
  const pair = isMap(contents) ? contents.items.find(({ key }) => isScalar(key) && key.value === 'models') : undefined;
  if (pair === undefined || !isScalar(pair.key)) throw cannotEdit('it has no `models`');
  if (!isSeq(pair.value)) throw cannotEdit('its `models` is not written as a list in this file');
  return { list: pair.value, offset: pair.key.range?.[0] ?? 0 };
};

const Models = z.object({ models: z.array(z.unknown()) });

const valueOf = (text: string): z.infer<typeof Models> => {
  const document = parseDocument(text, { logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw cannotEdit(error.message);
  return Models.parse(document.toJS());
};

/**
 * Appends an entry to the text of a catalog source and changes nothing else in it: comments, order and layout stay.
 *
 * @param text valid YAML with a list in `models`
 * @throws SwpError `catalog/cannot-edit` if the edit would change the meaning of the rest of the text
 */
export const appendEntry = (text: string, entry: EntryFields): string => {
  const document = parseDocument(text, { keepSourceTokens: true, logLevel: 'error' });
  const { list, offset } = modelsOf(document);
  const eol = /\r?\n/.exec(text)?.[0] ?? '\n';
  const edit = { text, document, list, column: offset - lineStart(text, offset), eol, entry };
  const edited = apply(text, list.flow === true ? appendToFlowList(edit) : appendToBlockList(edit));
  const { models } = valueOf(text);
  if (!isDeepStrictEqual(valueOf(edited).models, [...models, entry])) throw cannotEdit('its last lines would change their meaning');
  return edited;
};
