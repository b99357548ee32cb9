import { BlockList, isIP } from 'node:net';
import { SwpError } from '../core/error.js';
import type { Hub } from './hub.js';
import { shownUrl } from './errors.js';

/** Networks that are not part of the Internet (IANA special-purpose address registries), by the place that they reach. */
const NETWORKS = {
  'this machine': ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'],
  'this link': ['169.254.0.0/16', 'fe80::/10'],
  'a private network': ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
  // Benchmarks, multicast, future use, and IPv4 in IPv6, which can reach any of the networks above.
  'a reserved network': [
    '192.0.0.0/24',
    '198.18.0.0/15',
    '224.0.0.0/4',
    '240.0.0.0/4',
    'ff00::/8',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '2002::/16',
  ],
} as const;

const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');

const LISTS = Object.entries(NETWORKS).map(([name, subnets]) => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits] = subnet.split('/');
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return { name, list };
});

/** Returns the network of a literal address or a localhost name; null for the Internet and for names that need DNS. */
const networkOf = ({ hostname }: URL): string | null => {
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return LISTS.find(({ list }) => list.check(host, familyOf(host)))?.name ?? null;
  return /(?:^|\.)localhost\.?$/i.test(host) ? 'this machine' : null;
};

const faultOf = (endpoint: URL, url: URL): string | null => {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'it is not an http or https address';
  if (url.protocol === 'http:' && endpoint.protocol !== 'http:') return 'it uses http, so the data would be sent unencrypted';
  const network = networkOf(url);
  return network === null || network === networkOf(endpoint) ? null : `it points to ${network}, but the Hub is not there`;
};

/**
 * Checks that an address from the Hub is safe to use. The Hub's storage has other hosts, but a hostile Hub must not make
 * this host use unencrypted connections or reach private networks. Does not resolve names.
 *
 * @throws SwpError `hub/address-refused`
 */
export const checkAddress = (hub: Hub, url: URL): void => {
  if (url.origin === hub.endpoint.origin) return;
  const fault = faultOf(hub.endpoint, url);
  if (fault === null) return;
  throw new SwpError('conflict', 'hub/address-refused', `SWP refuses an address from the Hub, ${shownUrl(hub, url)}: ${fault}.`, {
    hint: 'Check HF_ENDPOINT. If you run your own hub, give its storage a host name with https, or an address in the network of the hub.',
  });
};
