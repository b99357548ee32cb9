import { createHash } from 'node:crypto';
import type { Reply } from '../http/reply.js';
import { html, Html } from './html.js';

const STYLE = `body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:#1c1e21}
a{color:#0b57d0}table{border-collapse:collapse;margin:1rem 0}th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd;vertical-align:top}
code,pre{font:14px/1.4 ui-monospace,monospace;background:#f4f5f7;border-radius:4px}code{padding:0 .2rem;overflow-wrap:anywhere}pre{padding:.75rem;overflow-x:auto}
header,.dim{color:#5f6570}`;

// The policy names the style by its digest, so the element must not add even a space.
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

/** A page loads and runs nothing: content of a card or a file name is only text. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Returns a whole page for a browser. */
export const page = (
  title: string,
  body: Html,
  { status = 200, headers = {} }: Partial<Pick<Reply, 'status' | 'headers'>> = {},
): Reply => ({
  status,
  headers: {
    ...headers,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  },
  body: html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header><a href="/">Local hub</a> of SWP: what is here stays on this machine.</header>
        ${body}
      </body>
    </html>`.source,
});
