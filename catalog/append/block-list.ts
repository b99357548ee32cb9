import { contentEnd, cannotEdit, indentOf, lineEnd, lineEndAfter, lineStart, spaces, type Edit, type Splice } from './edit.js';
import { entryLines } from './render-entry.js';

/** Inserts the entry on its own lines; the text may lack its last line break. */
export const linesAt = ({ text, document, eol, entry }: Edit, at: number, indent: number, before: readonly string[] = []): Splice => {
  const lines = entryLines(entry, document.directives?.yaml.version).map((line) => `${spaces(indent)}${line}`);
  const open = at > 0 && text[at - 1] !== '\n';
  return { at, text: `${open ? eol : ''}${[...before, ...lines].join(eol)}${eol}` };
};

/**
 * Comments below the last entry that are indented deeper than the list's key belong to the list: the next entry follows
 * them.
 */
const belowComments = ({ text, column }: Edit, from: number): number => {
  let below = from;
  for (let at = from; at < text.length; at = lineEnd(text, at)) {
    const line = text.slice(at, lineEnd(text, at));
    if (line.trimStart().startsWith('#') && indentOf(line) > column) below = lineEnd(text, at);
    else if (line.trim() !== '') break;
  }
  return below;
};

/** Inserts the entry below the last item with the same indent, after an empty line if one separates the last two items. */
export const appendToBlockList = (edit: Edit): Splice[] => {
  const { text, list } = edit;
  const token = list.srcToken;
  // An item without a dash contains the comments after the last item.
  const dashes =
    token?.type === 'block-seq' ? token.items.flatMap(({ start }) => start.find(({ type }) => type === 'seq-item-ind') ?? []) : [];
  const dash = dashes.at(-1);
  if (dash === undefined) throw cannotEdit('its `models` is a list in a form that SWP cannot edit');
  const previous = list.items.at(-2);
  const apart = previous !== undefined && /\n[ \t]*\r?\n/.test(text.slice(contentEnd(previous) - 1, dash.offset));
  const below = belowComments(edit, lineEndAfter(text, contentEnd(list)));
  return [linesAt(edit, below, dash.offset - lineStart(text, dash.offset), apart ? [''] : [])];
};
