import { sanitizeLine } from '../core/text.js';

/**
 * Escapes text from outside to inert Markdown on one line, without images, links, HTML, emphasis or table cells. The
 * Temporal Web UI and the Hub render Markdown and load its images.
 */
export const escapeMarkdown = (text: string, max = 300): string =>
  sanitizeLine(text, max)
    .replace(/[\\`*_{}[\]()!|~<>&@$]|^[-+#=]/g, (character) => `&#${character.codePointAt(0)};`)
    .replace(/:\/\//g, '&#58;//')
    .replace(/\bwww\./gi, 'www&#46;');

/** Returns a code span that its content cannot end. */
export const codeSpan = (text: string, max = 300): string => {
  const line = sanitizeLine(text, max).replaceAll('`', '´').replaceAll('|', '¦');
  return line === '' ? '` `' : `\`${line}\``;
};
