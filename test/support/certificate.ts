import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** Encodes a tag-length-value of DER (X.690). */
const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const value = Buffer.concat(parts);
  const length = value.length < 128 ? [value.length] : [0x82, value.length >> 8, value.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const objectId = (...bytes: readonly number[]): Buffer => der(0x06, Uint8Array.from(bytes));

const ECDSA_WITH_SHA256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const COMMON_NAME = objectId(0x55, 0x04, 0x03);
const ALTERNATIVE_NAMES = objectId(0x55, 0x1d, 0x11);
const IP_ADDRESS = 0x87;

const time = (date: Date): Buffer => der(0x18, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`));
const nameOf = (text: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(text)))));
const pem = (label: string, bytes: Buffer): string => `-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`;

export interface Certificate {
  readonly key: KeyObject;
  /** PEM; self-signed. */
  readonly cert: string;
}

/** Creates a self-signed certificate (RFC 5280) for an IPv4 address. */
export const makeCertificate = (address: string, until = new Date(Date.now() + 86_400_000)): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf('swp test');
  const addresses = sequence(der(IP_ADDRESS, Uint8Array.from(address.split('.'), Number)));
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, Uint8Array.of(1)),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(new Date(0)), time(until)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(ALTERNATIVE_NAMES, der(0x04, addresses)))),
  );
  const signature = der(0x03, Uint8Array.of(0), sign('sha256', body, privateKey));
  return { key: privateKey, cert: pem('CERTIFICATE', sequence(body, ECDSA_WITH_SHA256, signature)) };
};
