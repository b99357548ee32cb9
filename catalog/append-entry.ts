import { isDeepStrictEqual } from 'node:util';
import { Document, isMap, Lexer, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { SwpError } from '../core/error.js';
import { ENTRY_FIELDS } from './entry.js';

/** The layout of the built-in entries: long lines stay, and `slices: [full]` has no spaces. */
const LAYOUT = { lineWidth: 0, flowCollectionPadding: false } as const;

const BYTE_ORDER_MARK = '\uFEFF';

type EntryFields = Readonly<Record<string, unknown>>;

const cannotEdit = (why: string): SwpError =>
  new SwpError('invalid', 'catalog/cannot-edit', `SWP cannot add the entry without changing the rest of the file: ${why}.`, {
    hint: 'Print the entry with --dry-run, then add it to the file by hand.',
  });

const parse = (text: string): Document => {
  const document = parseDocument(text, { logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw cannotEdit(error.message);
  return document;
};

const modelsOf = ({ contents }: Document): { readonly list: YAMLSeq; readonly isInFlow: boolean } => {
  const list = isMap(contents) ? contents.get('models', true) : undefined;
  if (list === undefined) throw cannotEdit('it has no `models`');
  if (!isSeq(list)) throw cannotEdit('its `models` is not written as a list in this file');
  return { list, isInFlow: isMap(contents) && contents.flow === true };
};

/** Returns the entry as a node, with its fields in the order of the built-in entries, and its lists on one line, as there. */
const nodeOf = (document: Document, entry: EntryFields): YAMLMap => {
  const ordered = ENTRY_FIELDS.flatMap((field) => (entry[field] === undefined ? [] : [[field, entry[field]] as const]));
  const node = document.createNode(Object.fromEntries(ordered));
  if (!isMap(node)) throw new TypeError('an entry is a mapping');
  for (const { value } of node.items) if (isSeq(value)) value.flow = true;
  return node;
};

/** Renders an entry as an item of a list, as {@link appendEntry} writes it. */
export const entryYaml = (entry: EntryFields): string => {
  const document = new Document([]);
  if (isSeq(document.contents)) document.contents.add(nodeOf(document, entry));
  return document.toString(LAYOUT).trimEnd();
};

/** Returns the comments of a text, as the lexer finds them: a `#` inside a value begins none. */
const commentsOf = (text: string): readonly string[] =>
  [...new Lexer().lex(text)].filter((token) => token.startsWith('#')).map((comment) => comment.trimEnd());

/** Moves comments that an empty line separates from the last entry to the end of the document: they are not about that entry. */
const detachComments = (document: Document, list: YAMLSeq): void => {
  const last = list.items.at(-1);
  const at = isMap(last) ? (last.comment ?? '').indexOf('\n\n') : -1;
  if (!isMap(last) || last.comment == null || at < 0) return;
  document.comment = [last.comment.slice(at + 2), document.comment ?? ''].filter((text) => text !== '').join('\n\n');
  last.comment = last.comment.slice(0, at);
};

/**
 * Appends an entry to the text of a catalog source. Entries, comments and their order stay. A text with other indentation or spacing
 * gets that of SWP.
 *
 * @param original valid YAML with a list in `models`
 * @throws SwpError `catalog/cannot-edit` if the edit would change the rest of the text in another way
 */
export const appendEntry = (original: string, entry: EntryFields): string => {
  const hasMark = original.startsWith(BYTE_ORDER_MARK);
  const hasReturns = original.includes('\r\n');
  const text = original.slice(hasMark ? 1 : 0).replaceAll('\r\n', '\n');
  const document = parse(text);
  const { list, isInFlow } = modelsOf(document);
  const before: unknown[] = list.toJS(document);
  const node = nodeOf(document, entry);
  if (list.items.length === 0 && !isInFlow) {
    list.flow = false;
    [list.commentBefore, list.comment] = [list.comment ?? list.commentBefore ?? null, null];
  }
  if (list.flow === true) node.flow = true;
  const [, second] = list.items;
  if (isMap(second) && second.spaceBefore === true) node.spaceBefore = true;
  detachComments(document, list);
  list.add(node);
  const indentSeq = !/^models:[^\n]*\n(?:[^\S\n]*(?:#[^\n]*)?\n)*-/m.test(text);
  const edited = document.toString({ ...LAYOUT, indentSeq });
  const result = parse(edited);
  const after: unknown = modelsOf(result).list.toJS(result);
  if (!isDeepStrictEqual(after, [...before, entry])) throw cannotEdit('its other entries would change');
  if (!isDeepStrictEqual(commentsOf(edited), commentsOf(text))) throw cannotEdit('its comments would change');
  return `${hasMark ? BYTE_ORDER_MARK : ''}${hasReturns ? edited.replaceAll('\n', '\r\n') : edited}`;
};
