/** Markup that is not escaped; every other value is text. */
export class Html {
  constructor(readonly source: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

type Content = Html | string | number | readonly Content[];

const sourceOf = (content: Content): string => {
  if (content instanceof Html) return content.source;
  return typeof content === 'object' ? content.map(sourceOf).join('') : escapeText(String(content));
};

/** Builds markup; escapes every inserted value that is not markup itself. */
export const html = (parts: TemplateStringsArray, ...contents: readonly Content[]): Html =>
  new Html(parts.map((part, at) => part + (at < contents.length ? sourceOf(contents[at] ?? '') : '')).join(''));
