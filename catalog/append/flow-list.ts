import { isMap, isNode, type CST } from 'yaml';
import { linesAt } from './block-list.js';
import { cannotEdit, contentEnd, indentOf, lineEnd, lineStart, spaces, type Edit, type Splice } from './edit.js';
import { entryInline } from './render-entry.js';

interface Brackets {
  /** Offsets of `[` and `]`. */
  readonly open: number;
  readonly close: number;
}

/** Replaces `[]` with a block list below its key, the form in which people continue by hand. */
const replaceEmpty = (edit: Edit, { open, close }: Brackets): Splice[] => {
  const { text, column } = edit;
  const before = text.slice(lineStart(text, open), open);
  return [
    { at: open - (before.length - before.trimEnd().length), end: close + 1, text: '' },
    linesAt(edit, lineEnd(text, close), column + 2),
  ];
};

/** Inserts the entry before the `]` of a list that contains only comments or is inside a flow map. */
const fillEmpty = ({ text }: Edit, { close }: Brackets, item: string, eol: string): Splice[] => {
  const line = text.slice(lineStart(text, close), close);
  if (line.trim() !== '' || !text.slice(0, close).includes('\n')) return [{ at: close, text: item }];
  return [{ at: lineStart(text, close), text: `${spaces(indentOf(line) + 2)}${item}${eol}` }];
};

const trailingComma = ({ items }: CST.FlowCollection): number | undefined => {
  const last = items.at(-1);
  return last?.value === undefined && last?.key == null ? last?.start.find(({ type }) => type === 'comma')?.offset : undefined;
};

/** Inserts the entry after the last item: on the same line, or on its own line if `]` has its own line. */
export const appendToFlowList = (edit: Edit): Splice[] => {
  const { text, document, list, eol, entry } = edit;
  const token = list.srcToken;
  const close = token?.type === 'flow-collection' ? token.end.find(({ type }) => type === 'flow-seq-end')?.offset : undefined;
  if (token?.type !== 'flow-collection' || close === undefined) throw cannotEdit('its `models` is a list in a form that SWP cannot edit');
  const open = token.start.offset;
  const item = entryInline(entry, document.directives?.yaml.version);
  const last = list.items.at(-1);
  if (last === undefined) {
    const inBlock = isMap(document.contents) && document.contents.flow !== true;
    const bare = text.slice(open + 1, close).trim() === '';
    return bare && inBlock ? replaceEmpty(edit, { open, close }) : fillEmpty(edit, { open, close }, item, eol);
  }
  const end = contentEnd(last);
  const comma = trailingComma(token);
  const after = comma === undefined ? end : comma + 1;
  if (!text.slice(after, close).includes('\n')) return [{ at: after, text: `${comma === undefined ? ', ' : ' '}${item}` }];
  const begin = (isNode(last) ? last.range?.[0] : undefined) ?? end;
  const before = text.slice(lineStart(text, begin), begin);
  const indent = before.trim() === '' ? before.length : indentOf(before) + 2;
  return [
    ...(comma === undefined ? [{ at: end, text: ',' }] : []),
    { at: lineEnd(text, after), text: `${spaces(indent)}${item}${comma === undefined ? '' : ','}${eol}` },
  ];
};
