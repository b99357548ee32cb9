import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Sha256 } from '../../core/ids.js';
import { checkAddress } from '../../hub/address.js';
import { openFile } from '../../hub/read/range.js';
import { lfsBatch } from '../../hub/write/lfs-batch.js';
import { uploadBlobs } from '../../hub/write/upload.js';
import { makeCertificate } from '../support/certificate.js';
import { COMMIT, config, emptyJournal, fileOf, REPO, signal, tiny, type TinyServer } from './support.js';

const taken = (endpoint: string, address: string): boolean => {
  try {
    checkAddress(config(endpoint), new URL(address));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'hub/address-refused' });
    return false;
  }
};

const LOOPBACK = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.1',
  '127.0.0.1.',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '0.0.0.0',
  '[::]',
  'localhost',
];
const NAMES = ['LocalHost.', 'hub.localhost', 'a.b.localhost.'];
const PRIVATE = [
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '[fc00::1]',
  '[fd12:3456::1]',
  '[::ffff:10.0.0.1]',
];
const LINK_LOCAL = ['169.254.169.254', '[fe80::1]', '[::ffff:169.254.169.254]'];
const RESERVED = ['224.0.0.1', '255.255.255.255', '198.18.0.1', '[ff02::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]'];
const PUBLIC = [
  'cdn-lfs.hf.co',
  'bucket.s3.us-east-1.amazonaws.com',
  '8.8.8.8',
  '172.32.0.1',
  '[2606:4700::1111]',
  'localhost.example',
  '11.0.0.1',
];

describe('an address that the Hub hands out', () => {
  it.each(PUBLIC)('may be https://%s', (host) => {
    for (const endpoint of ['https://huggingface.co', 'http://hub.example', 'https://10.0.0.1', 'http://127.0.0.1:8333'])
      expect(taken(endpoint, `https://${host}/x?signature=1`), endpoint).toBe(true);
  });

  it.each(PUBLIC)('may be http://%s only where the Hub itself is at http', (host) => {
    expect(taken('https://huggingface.co', `http://${host}/x`)).toBe(false);
    expect(taken('http://hub.example', `http://${host}/x`)).toBe(true);
  });

  it.each([...LOOPBACK, ...NAMES, ...PRIVATE, ...LINK_LOCAL, ...RESERVED])(
    'may not be %s, where the Hub is not in such a network',
    (host) => {
      expect(taken('https://huggingface.co', `https://${host}/x`)).toBe(false);
      expect(taken('http://hub.example', `http://${host}:9/x`)).toBe(false);
    },
  );

  it('may be in the network of the Hub, and in no other', () => {
    const endpoints = {
      'http://localhost:8333': LOOPBACK,
      'http://127.0.0.2': NAMES,
      'http://192.168.0.7': PRIVATE,
      'http://169.254.1.1': LINK_LOCAL,
    };
    for (const [endpoint, hosts] of Object.entries(endpoints))
      for (const host of hosts) expect(taken(endpoint, `http://${host}:1/x`)).toBe(true);
    for (const host of [...LOOPBACK, ...LINK_LOCAL, ...RESERVED]) expect(taken('http://192.168.0.7', `http://${host}/x`), host).toBe(false);
    for (const host of [...PRIVATE, ...LINK_LOCAL]) expect(taken('http://localhost:8333', `http://${host}/x`), host).toBe(false);
  });

  it.each(['ftp://hub.example/x', 'file:///etc/passwd', 'data:,x', 'javascript:1'])('may not be %s', (address) => {
    expect(taken('http://hub.example', address)).toBe(false);
  });

  it("may be the Hub's own, whatever that is", () => {
    for (const endpoint of ['http://10.0.0.1:1', 'https://huggingface.co', 'http://[::1]:8333'])
      expect(taken(endpoint, `${endpoint}/x`)).toBe(true);
  });
});

const open: TinyServer[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

it('bytes that an encrypted Hub redirects to a plain address are not asked for', async () => {
  let asked = 0;
  const plain = await tiny((_, answer) => {
    asked += 1;
    answer.end();
  });
  open.push(plain);
  const { key, cert } = makeCertificate('127.0.0.1');
  const { createSecureContext } = tls;
  vi.spyOn(tls, 'createSecureContext').mockImplementation((options) => createSecureContext({ ...options, ca: cert }));
  const server = createServer({ key: key.export({ type: 'pkcs8', format: 'pem' }), cert }, (_, answer) => {
    answer.writeHead(302, { location: `${plain.url}/bytes` }).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  open.push({ url: '', close: () => new Promise((resolve) => server.close(() => resolve())) });
  const hub = config(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const file = { repo: REPO, commit: COMMIT, path: 'm.safetensors', size: 10, lfs: Sha256.parse('b'.repeat(64)) };
  const read = async (): Promise<void> => {
    for await (const _ of openFile(hub, file).read(0, 10, signal));
  };
  await expect(read()).rejects.toMatchObject({ code: 'hub/address-refused', message: expect.stringContaining('http:') });
  expect(asked).toBe(0);
});

describe('an LFS batch', () => {
  const file = fileOf('a.safetensors', Buffer.from('abc'));
  const NOWHERE = 'http://169.254.169.254/latest';
  const batch = async (actions: object, over: object = {}) => {
    const server = await tiny(
      (_, answer) => void answer.end(JSON.stringify({ objects: [{ oid: file.sha256, size: 3, actions }], ...over })),
    );
    open.push(server);
    return lfsBatch(config(server.url), REPO, [file], { signal });
  };

  it.each<[string, object]>([
    ['a plain upload', { upload: { href: NOWHERE } }],
    ['a completion', { upload: { href: NOWHERE, header: { chunk_size: '3', '1': '/put' } } }],
    ['a part', { upload: { href: '/complete', header: { chunk_size: '3', '1': NOWHERE } } }],
    ['a check', { upload: { href: '/put' }, verify: { href: NOWHERE } }],
  ])('that hands out an address in a network of its own for %s is refused before a byte is sent', async (_what, actions) => {
    await expect(batch(actions)).rejects.toMatchObject({ code: 'hub/address-refused' });
  });

  it.each(['xet', 'custom', ''])('with transfer %j is refused: it was not offered', async (transfer) => {
    await expect(batch({ upload: { href: '/api/models/acme/weights/xet-write-token/main' } }, { transfer })).rejects.toMatchObject({
      code: 'hub/transfer',
      message: expect.stringContaining('basic and multipart'),
    });
  });

  it.each([undefined, null, 'basic', 'multipart'])('with transfer %j is taken', async (transfer) => {
    expect((await batch({ upload: { href: '/put' } }, { transfer })).get(file.path)).toMatchObject({ kind: 'basic' });
  });

  it.each([{ 'x\ny': '1' }, { x: 'a\r\nHost: evil' }, { 'bad name': '1' }])('with headers that are none is refused: %j', async (header) => {
    await expect(batch({ upload: { href: '/put', header } })).rejects.toMatchObject({ code: 'hub/bad-answer' });
  });

  it('that an older journal has the addresses of is held to the same rule', async () => {
    const server = await tiny((request, answer) => {
      request.resume();
      answer.end(JSON.stringify({ files: [{ path: file.path, uploadMode: 'lfs' }], objects: [] }));
    });
    open.push(server);
    const journal = await emptyJournal();
    const address = { url: new URL(NOWHERE), headers: {} };
    await journal.begin(file.sha256, {
      kind: 'multipart',
      complete: address,
      verify: null,
      parts: [{ number: 1, url: new URL(NOWHERE), begin: 0, end: 3 }],
    });
    const options = { signal, journal, shouldStop: () => false, onProgress: () => undefined };
    await expect(uploadBlobs(config(server.url), REPO, [file], options)).rejects.toMatchObject({ code: 'hub/address-refused' });
    await journal.close();
  });
});
