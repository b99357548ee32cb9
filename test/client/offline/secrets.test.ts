import { createServer, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Output } from '../../../client/output/output.js';
import { SwpError } from '../../../core/error.js';
import { Secret } from '../../../core/secret.js';
import { swp } from '../../support/swp.js';

/** Matches no known token format, so that only its exact text identifies it. */
const TOKEN = 'corp-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789';

let cwd: string;
let server: Server;
let seen: number;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-secrets-'));
  seen = 0;
  server = createServer((request, answer) => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
    if (token === TOKEN) seen += 1;
    answer
      .writeHead(400, { 'x-request-id': token })
      .end(JSON.stringify({ error: `${'x'.repeat(270)} ${token} is not ${Array.from(token).join('\u200b')}` }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  await writeFile(join(cwd, 'skulk-weights.yaml'), 'include_foxlight: false\nsources:\n  - name: acme\n    path: mine.yaml\n');
  await writeFile(
    join(cwd, 'mine.yaml'),
    'models:\n  - key: one\n    tier: smoke\n    mtp_source_repo: labs/tiny\n    mtp_sidecar_repo: acme/tiny-mtp\n',
  );
  await writeFile(join(cwd, 'base.yaml'), 'include_foxlight: false\n');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(cwd, { recursive: true, force: true });
});

/** No 8 consecutive characters of the token may appear. */
const expectHidden = (text: string): void => {
  for (const clean of [text, text.replaceAll(/[^!-~]/g, '')])
    for (let at = 0; at + 8 <= TOKEN.length; at += 1) expect(clean).not.toContain(TOKEN.slice(at, at + 8));
};

describe('a hub that repeats the token in its errors', () => {
  it.each([
    ['verify', 'acme/tiny-mtp'],
    ['verify'],
    ['start', 'acme/one', '--dry-run'],
    ['mtp', 'inspect', 'labs/tiny'],
    ['mtp', 'extract', 'labs/tiny', '-o', 'out'],
    ['catalog', 'find', 'tiny'],
    ['catalog', 'add', 'labs/tiny', '--dry-run'],
    ['catalog', 'diff', '--base', 'base.yaml'],
    ['doctor'],
  ])('does not expose it through swp %s %s %s', async (...argv) => {
    const words = argv.filter((word) => word !== undefined);
    const env = {
      HF_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      HF_TOKEN: TOKEN,
      HOME: cwd,
      SWP_SCRATCH: join(cwd, 'scratch'),
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    };
    for (const json of [[], ['--json']]) {
      const { out, err } = await swp([...words, ...json], { cwd, env, terminal: json.length === 0 });
      expect(out + err).toContain('400');
      expectHidden(out + err);
    }
    expect(seen).toBeGreaterThan(0);
  });
});

describe('the output', () => {
  const sink = (json: boolean, isTTY: boolean) => {
    const kept = { text: '' };
    const stream = { isTTY, rows: 24, write: (text: string) => void (kept.text += text) };
    return { kept, output: new Output({ out: stream, err: stream }, { json, colour: true, secrets: [new Secret(TOKEN)] }) };
  };

  it.each([
    [false, false],
    [false, true],
    [true, false],
  ])('contains no token with json=%s on a terminal=%s', async (json, isTTY) => {
    const { kept, output } = sink(json, isTTY);
    const row = [`a ${TOKEN}`, Array.from(TOKEN).join('\u0007')];
    output.note(TOKEN);
    output.warn(`${TOKEN.slice(0, 20)}\u001b[31m${TOKEN.slice(20)}`);
    output.error(new SwpError('internal', 'x/y', TOKEN, { hint: encodeURIComponent(TOKEN), cause: new Error(TOKEN) }));
    output.error(new Error(`thrown ${TOKEN}`));
    output.data({ deep: [{ token: TOKEN }] }, () => TOKEN);
    output.table([row], ['a', 'b'], [row]);
    await output.pages(
      ['a', 'b'],
      (async function* () {
        yield [row];
      })(),
      (cells) => cells,
    );
    output.live()?.show([TOKEN]);
    expect(kept.text.match(/\[secret\]/g)!.length).toBeGreaterThan(8);
    expectHidden(kept.text);
  });

  it('hides a secret that is registered later', () => {
    const { kept, output } = sink(false, false);
    output.conceal([new Secret('another-secret')]);
    output.note(`${TOKEN} and another-secret`);
    expect(kept.text).toBe('[secret] and [secret]\n');
  });
});

it('does not repeat a token from the arguments in the error', async () => {
  const { err } = await swp(['verify', `--token=${TOKEN}`], { cwd, env: { HF_TOKEN: TOKEN, HOME: cwd } });
  expect(err).toContain('unknown option');
  expectHidden(err);
});
