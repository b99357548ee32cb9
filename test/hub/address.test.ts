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

const isAllowed = (endpoint: string, address: string): boolean => {
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

describe('a URL from the Hub', () => {
  it.each(PUBLIC)('may be https://%s', (host) => {
    for (const endpoint of ['https://huggingface.co', 'http://hub.example', 'https://10.0.0.1', 'http://127.0.0.1:8333'])
      expect(isAllowed(endpoint, `https://${host}/x?signature=1`), endpoint).toBe(true);
  });

  it.each(PUBLIC)('may be http://%s only when the Hub itself uses http', (host) => {
    expect(isAllowed('https://huggingface.co', `http://${host}/x`)).toBe(false);
    expect(isAllowed('http://hub.example', `http://${host}/x`)).toBe(true);
  });

  it.each([...LOOPBACK, ...NAMES, ...PRIVATE, ...LINK_LOCAL, ...RESERVED])('may not be %s when the Hub is outside that network', (host) => {
    expect(isAllowed('https://huggingface.co', `https://${host}/x`)).toBe(false);
    expect(isAllowed('http://hub.example', `http://${host}:9/x`)).toBe(false);
  });

  it('may be in the network of the Hub, but in no other', () => {
    const endpoints = {
      'http://localhost:8333': LOOPBACK,
      'http://127.0.0.2': NAMES,
      'http://192.168.0.7': PRIVATE,
      'http://169.254.1.1': LINK_LOCAL,
    };
    for (const [endpoint, hosts] of Object.entries(endpoints))
      for (const host of hosts) expect(isAllowed(endpoint, `http://${host}:1/x`)).toBe(true);
    for (const host of [...LOOPBACK, ...LINK_LOCAL, ...RESERVED])
      expect(isAllowed('http://192.168.0.7', `http://${host}/x`), host).toBe(false);
    for (const host of [...PRIVATE, ...LINK_LOCAL]) expect(isAllowed('http://localhost:8333', `http://${host}/x`), host).toBe(false);
  });

  it.each(['ftp://hub.example/x', 'file:///etc/passwd', 'data:,x', 'javascript:1'])('may not be %s', (address) => {
    expect(isAllowed('http://hub.example', address)).toBe(false);
  });

  it('may be that of the Hub itself, in any network', () => {
    for (const endpoint of ['http://10.0.0.1:1', 'https://huggingface.co', 'http://[::1]:8333'])
      expect(isAllowed(endpoint, `${endpoint}/x`)).toBe(true);
  });
});

const open: TinyServer[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

it('does not request bytes that an https Hub redirects to a plain http URL', async () => {
  let requestCount = 0;
  const plain = await tiny((_, answer) => {
    requestCount += 1;
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
  expect(requestCount).toBe(0);
});

describe('an LFS batch', () => {
  const file = fileOf('a.safetensors', Buffer.from('abc'));
  const LINK_LOCAL_URL = 'http://169.254.169.254/latest';
  const batch = async (actions: object, over: object = {}) => {
    const server = await tiny(
      (_, answer) => void answer.end(JSON.stringify({ objects: [{ oid: file.sha256, size: 3, actions }], ...over })),
    );
    open.push(server);
    return lfsBatch(config(server.url), REPO, [file], { signal });
  };

  it.each<[string, object]>([
    ['a plain upload', { upload: { href: LINK_LOCAL_URL } }],
    ['a completion', { upload: { href: LINK_LOCAL_URL, header: { chunk_size: '3', '1': '/put' } } }],
    ['a part', { upload: { href: '/complete', header: { chunk_size: '3', '1': LINK_LOCAL_URL } } }],
    ['a check', { upload: { href: '/put' }, verify: { href: LINK_LOCAL_URL } }],
  ])('is refused when the URL of %s is in another network', async (_, actions) => {
    await expect(batch(actions)).rejects.toMatchObject({ code: 'hub/address-refused' });
  });

  it.each(['xet', 'custom', ''])('is refused with transfer %j, which was not offered', async (transfer) => {
    await expect(batch({ upload: { href: '/api/models/acme/weights/xet-write-token/main' } }, { transfer })).rejects.toMatchObject({
      code: 'hub/transfer',
      message: expect.stringContaining('basic and multipart'),
    });
  });

  it.each([undefined, null, 'basic', 'multipart'])('is accepted with transfer %j', async (transfer) => {
    expect((await batch({ upload: { href: '/put' } }, { transfer })).get(file.path)).toMatchObject({ kind: 'basic' });
  });

  it.each([{ 'x\ny': '1' }, { x: 'a\r\nHost: evil' }, { 'bad name': '1' }])('is refused with invalid headers: %j', async (header) => {
    await expect(batch({ upload: { href: '/put', header } })).rejects.toMatchObject({ code: 'hub/bad-answer' });
  });

  it('is refused when its URLs from an older journal are in another network', async () => {
    const server = await tiny((request, answer) => {
      request.resume();
      answer.end(JSON.stringify({ files: [{ path: file.path, uploadMode: 'lfs' }], objects: [] }));
    });
    open.push(server);
    const journal = await emptyJournal();
    const address = { url: new URL(LINK_LOCAL_URL), headers: {} };
    await journal.begin(file.sha256, {
      kind: 'multipart',
      complete: address,
      verify: null,
      parts: [{ number: 1, url: new URL(LINK_LOCAL_URL), begin: 0, end: 3 }],
    });
    const options = { signal, journal, shouldStop: () => false, onProgress: () => undefined };
    await expect(uploadBlobs(config(server.url), REPO, [file], options)).rejects.toMatchObject({ code: 'hub/address-refused' });
    await journal.close();
  });
});
