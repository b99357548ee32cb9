import { html, type Html } from './html.js';

// Every repetition is bounded, so that no card takes long to render.
const INLINE =
  /`([^`]{1,500})`|\*\*([^*]{1,500})\*\*|\[([^\]]{1,500})\]\((https:\/\/[^\s()<>"]{1,1000})\)|&#(\d{1,7});|\\([!-/:-@[-`{-~])/g;

const LAST_CODE_POINT = 0x10_ff_ff;

/** Maps an address on huggingface.co, as cards name sources, to this hub. */
const ownAddress = (address: string): string => address.replace(/^https:\/\/huggingface\.co\//, '/');

const inline = (text: string): Html => {
  const parts: (Html | string)[] = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, bold, label, address, codePoint, escaped] = found;
    parts.push(text.slice(end, found.index));
    end = found.index + whole.length;
    if (code !== undefined) parts.push(html`<code>${code}</code>`);
    else if (bold !== undefined) parts.push(html`<strong>${inline(bold)}</strong>`);
    else if (label !== undefined && address !== undefined)
      parts.push(html`<a href="${ownAddress(address)}" rel="noreferrer nofollow">${inline(label)}</a>`);
    else if (escaped !== undefined) parts.push(escaped);
    else parts.push(Number(codePoint) > LAST_CODE_POINT ? whole : String.fromCodePoint(Number(codePoint)));
  }
  return html`${[...parts, text.slice(end)]}`;
};

const cells = (row: string): string[] =>
  row
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

const table = ([head = '', , ...rows]: readonly string[]): Html =>
  html`<table>
    <tr>
      ${cells(head).map((cell) => html`<th>${inline(cell)}</th>`)}
    </tr>
    ${rows.map(
      (row) =>
        html`<tr>
          ${cells(row).map((cell) => html`<td>${inline(cell)}</td>`)}
        </tr>`,
    )}
  </table>`;

const BULLET = /^(?:[-*+]|\d{1,9}\.)\s/;

const list = (lines: readonly string[]): Html =>
  html`<ul>
    ${lines
      .join('\n')
      .split(/\n(?=\S)/)
      .map((item) => html`<li>${inline(item.replace(BULLET, '').replaceAll(/\n\s+/g, ' '))}</li>`)}
  </ul>`;

const isSeparator = (line: string): boolean => /^[\s|:-]+$/.test(line) && line.includes('-');

/** Renders lines that no empty line separates. */
const block = (lines: readonly string[]): Html => {
  const [first = '', second = ''] = lines;
  if (first.includes('|') && isSeparator(second)) return table(lines);
  if (BULLET.test(first)) return list(lines);
  return html`<p>${inline(lines.join(' '))}</p>`;
};

const heading = (marks: string, title: string): Html => {
  if (marks === '#') return html`<h2>${inline(title)}</h2>`;
  return marks === '##' ? html`<h3>${inline(title)}</h3>` : html`<h4>${inline(title)}</h4>`;
};

const FRONT_MATTER = /^\uFEFF?---[ \t]*\n([\s\S]*?)\n---[ \t]*(?:\n|$)/;

/**
 * Renders the part of Markdown that model cards use: headings, paragraphs, lists, tables, code and links with https.
 * Everything else in a card, such as HTML, is shown as text.
 */
export const renderMarkdown = (source: string): Html => {
  const text = source.replaceAll(/\r\n?/g, '\n');
  const front = FRONT_MATTER.exec(text);
  const shown: Html[] =
    front === null
      ? []
      : [
          html`<details>
            <summary>Metadata</summary>
            <pre>${front[1] ?? ''}</pre>
          </details>`,
        ];
  let open: string[] = [];
  let fence: string[] | null = null;
  const close = (): void => {
    if (open.length > 0) shown.push(block(open));
    open = [];
  };
  for (const line of text.slice(front?.[0].length ?? 0).split('\n')) {
    if (fence !== null) {
      if (/^```\s*$/.test(line)) {
        shown.push(html`<pre>${fence.join('\n')}</pre>`);
        fence = null;
      } else fence.push(line);
    } else if (line.startsWith('```')) {
      close();
      fence = [];
    } else if (/^#{1,6}\s/.test(line)) {
      close();
      const marks = line.slice(0, line.search(/[^#]/));
      shown.push(heading(marks, line.slice(marks.length).trim()));
    } else if (line.trim() === '') close();
    else open.push(line);
  }
  if (fence !== null) shown.push(html`<pre>${fence.join('\n')}</pre>`);
  close();
  return html`${shown}`;
};
