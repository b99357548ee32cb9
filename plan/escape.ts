import { sanitizeLine } from '../core/text.js';

/**
 * Text from outside as inert Markdown on one line: no images, links, HTML, emphasis or table cells come
 * out of it. The Temporal Web UI renders Markdown and loads its images; so does the Hub.
 */
export const escapeMarkdown = (text: string, max = 300): string =>
  sanitizeLine(text, max)
    .replace(/[\\`*_{}[\]()!|~<>&@$]|^[-+#=]/g, (character) => `&#${character.codePointAt(0)};`)
    .replace(/:\/\//g, '&#58;//')
    .replace(/\bwww\./gi, 'www&#46;');

/** A code span that no content can leave. */
export const codeSpan = (text: string, max = 300): string => {
  const line = sanitizeLine(text, max).replaceAll('`', '´').replaceAll('|', '¦');
  return line === '' ? '` `' : `\`${line}\``;
};
