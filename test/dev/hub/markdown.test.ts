import fc from 'fast-check';
import { expect, it } from 'vitest';
import { renderMarkdown } from '../../../dev/hub/pages/markdown.js';
import { escapeMarkdown } from '../../../plan/escape.js';
import { runs } from '../../support/tiers.js';

const render = (text: string): string => renderMarkdown(text).source.replaceAll(/\n\s*/g, '');

it.each([
  ['a heading', '# One\n## Two\n### Three', '<h2>One</h2><h3>Two</h3><h4>Three</h4>'],
  ['a paragraph over two lines', 'one\ntwo', '<p>one two</p>'],
  ['a list', '- one\n  more\n- **two**', '<ul><li>one more</li><li><strong>two</strong></li></ul>'],
  [
    'a table',
    '| a | b |\n|---|--:|\n| `x` | 2 |',
    '<table><tr><th>a</th><th>b</th></tr><tr><td><code>x</code></td><td>2</td></tr></table>',
  ],
  ['a code block', '```sh\n# <b>\n**x**\n```', '<pre># &lt;b&gt;**x**</pre>'],
  [
    'metadata',
    '---\nlicense: <mit>\n---\ntext',
    '<details><summary>Metadata</summary><pre>license: &lt;mit&gt;</pre></details><p>text</p>',
  ],
  [
    'a link to another site as text',
    '[a `b`](https://example.org/?q="x")',
    '<p>[a <code>b</code>](https://example.org/?q=&quot;x&quot;)</p>',
  ],
  ['a link to the Hub', '[a](https://huggingface.co/a/b)', '<p><a href="/a/b" rel="noreferrer nofollow">a</a></p>'],
  ['other links as text', '[a](javascript:x) <https://x> [b](http://x)', '<p>[a](javascript:x) &lt;https://x&gt; [b](http://x)</p>'],
  ['markup as text', '<script>x</script>', '<p>&lt;script&gt;x&lt;/script&gt;</p>'],
])('renders %s', (_, text, expected) => {
  expect(render(text)).toBe(expected);
});

it('shows escaped text unchanged', () => {
  const text = 'a_b*c* <b>| [x](y) https://example.org';
  expect(render(`before ${escapeMarkdown(text)}`)).toBe('<p>before a_b*c* &lt;b&gt;| [x](y) https://example.org</p>');
});

it('makes only known elements and links from any text', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '"',
    "'",
    '&',
    '`',
    '**',
    '[',
    ']',
    '(',
    ')',
    'https://',
    'javascript:',
    '|',
    '---',
    '\n',
    '\n\n',
    '```',
    '# ',
    '- ',
    '\\',
    '&#60;',
    'a',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const shown = renderMarkdown(pieces.join('')).source;
      const known =
        /<\/?(?:h[234]|p|ul|li|table|tr|th|td|code|pre|strong|details|summary)>|<a href="(?:https:\/\/|\/)[^"<>]*" rel="noreferrer nofollow">|<\/a>/g;
      expect(shown.replaceAll(known, '')).not.toMatch(/[<>]/);
    }),
    { numRuns: runs(1000) },
  );
});

it('renders hostile cards in less than five seconds', () => {
  const begun = performance.now();
  for (const text of ['[', '**', '`', '[a](https://', '| ', '# ', '- '].map((piece) => piece.repeat(20_000))) renderMarkdown(text);
  renderMarkdown('# a\n'.repeat(50_000));
  expect(performance.now() - begun).toBeLessThan(5_000);
});
