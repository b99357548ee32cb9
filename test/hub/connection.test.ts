import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer } from 'node:https';
import tls from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { callJson, hubUrl } from '../../hub/call.js';
import { makeCertificate, type Certificate } from '../support/certificate.js';
import { config, signal } from './support.js';

let server: Server;
afterEach(() => {
  vi.restoreAllMocks();
  server.close();
});
const listen = async (made: Server): Promise<string> => {
  server = made;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return `https://127.0.0.1:${port}`;
};
const call = async (endpoint: string, attempts: number) => {
  const hub = config(endpoint, { attempts });
  return callJson(hub, { method: 'GET', url: hubUrl(hub, '/api/x'), signal }, z.object({ ok: z.boolean() }));
};

/** Replies to the first bytes of each connection with these, and ends it. */
const replying = (bytes: Uint8Array) => {
  const seen = { connections: 0 };
  const made = createTcpServer((socket: Socket) => {
    seen.connections += 1;
    socket.on('error', () => undefined).once('data', () => socket.end(bytes));
  });
  return { made, seen };
};
const FATAL = 2;
const alert = (description: number): Uint8Array => Uint8Array.of(0x15, 3, 3, 0, 2, FATAL, description);

describe('a connection that fails in the TLS handshake', () => {
  it.each<[string, Uint8Array]>([
    ['handshake_failure', alert(40)],
    ['internal_error', alert(80)],
    ['unrecognized_name', alert(112)],
    ['a reply without TLS', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('is retried after %s', async (_, bytes) => {
    const { made, seen } = replying(bytes);
    await expect(call(await listen(made), 3)).rejects.toMatchObject({ kind: 'unavailable', code: 'hub/connection' });
    expect(seen.connections).toBe(3);
  });
});

describe('a certificate', () => {
  const serving = async ({ key, cert }: Certificate) => {
    let answers = 0;
    const endpoint = await listen(
      createServer({ key: key.export({ type: 'pkcs8', format: 'pem' }), cert }, (_, answer) => {
        answers += 1;
        answer.end('{"ok":true}');
      }),
    );
    return { endpoint, answers: () => answers };
  };
  const trust = ({ cert }: Certificate): void => {
    const { createSecureContext } = tls;
    vi.spyOn(tls, 'createSecureContext').mockImplementation((options) => createSecureContext({ ...options, ca: cert }));
  };

  it('is accepted when it is trusted, valid and for this host', async () => {
    const certificate = makeCertificate('127.0.0.1');
    const { endpoint } = await serving(certificate);
    trust(certificate);
    expect((await call(endpoint, 1)).value).toEqual({ ok: true });
  });

  it.each<[string, Certificate, boolean, string]>([
    ['an untrusted issuer', makeCertificate('127.0.0.1'), false, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['an expired date', makeCertificate('127.0.0.1', new Date(86_400_000)), true, 'CERT_HAS_EXPIRED'],
    ['another host', makeCertificate('10.0.0.1'), true, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('is refused for %s, with a hint', async (_, certificate, trusted, code) => {
    const { endpoint, answers } = await serving(certificate);
    if (trusted) trust(certificate);
    await expect(call(endpoint, 5)).rejects.toMatchObject({
      kind: 'invalid',
      code: 'hub/certificate',
      message: expect.stringContaining(code),
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    expect(answers()).toBe(0);
  });
});
