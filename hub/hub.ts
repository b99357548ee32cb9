import { Readable } from 'node:stream';
import type { SwpError } from '../core/error.js';
import type { Machine } from '../core/machine.js';
import { RateLimiter } from '../core/rate-limiter.js';
import { redactor, type Redact } from '../core/redact.js';
import type { Secret } from '../core/secret.js';
import type { RateBudget } from './budget.js';
import { httpTransport } from './http-transport.js';
import type { HubConfig } from './hub-config.js';
import type { HubMeter } from './meter.js';
import { wrapTransport, type SeparateTransport, type Transport } from './transport.js';

/** Receives the reason for each retry, the wait before it, and the time for which the call has failed. */
export type OnRetry = (error: SwpError, waitMs: number, failingMs: number) => void;

/** A Hub and everything that is needed to call it. The `with…` functions return a changed copy. */
export interface Hub extends HubConfig {
  /** Removes the secrets of this process from text of the Hub. */
  readonly redact: Redact;
  readonly transport: Transport;
  readonly machine: Machine;
  /** Maximum attempts per call. */
  readonly attempts: number;
  readonly onRetry: OnRetry;
  /** Counts the traffic of all calls. */
  readonly meter?: HubMeter;
}

export interface HubOptions {
  /** Removes the secrets of this process; without it, only the Hub's token is removed. */
  readonly redact?: Redact;
  /** Without it, requests go over HTTP. */
  readonly transport?: Transport;
}

/** Returns a Hub whose calls are retried after transient failures until they succeed. */
export const openHub = ({ endpoint, token }: HubConfig, machine: Machine, options: HubOptions = {}): Hub => ({
  endpoint,
  ...(token === undefined ? {} : { token }),
  redact: options.redact ?? redactor(token === undefined ? [] : [token]),
  transport: options.transport ?? httpTransport(machine.clock),
  machine,
  attempts: Infinity,
  onRetry: () => undefined,
});

/** Returns the same Hub with another token. The previous token stays redacted: a hostile Hub may repeat it. */
export const withToken = (hub: Hub, token: Secret): Hub => {
  const own = redactor([token]);
  return { ...hub, token, redact: (text, end) => own(hub.redact(text, end), end) };
};

/** Limits the attempts of each call, for interactive use. */
export const withMaxAttempts = (hub: Hub, attempts: number): Hub => ({ ...hub, attempts });

/** Reports retries to `onRetry` too. */
export const withOnRetry = (hub: Hub, onRetry: OnRetry): Hub => ({
  ...hub,
  onRetry: (...retry) => {
    onRetry(...retry);
    hub.onRetry(...retry);
  },
});

/** Counts the traffic, and the retries by the code of their error. */
export const withMeter = (hub: Hub, meter: HubMeter): Hub => withOnRetry({ ...hub, meter }, ({ code }) => meter.retried(code));

/** Leaves the rest of the Hub's rate limit to other work: for calls in the background. */
export const withBudget = (hub: Hub, budget: RateBudget): Hub => ({
  ...hub,
  transport: wrapTransport(hub.transport, (exchange) => async (request) => {
    if (request.url.origin !== hub.endpoint.origin) return exchange(request);
    await budget.take(request.url, request.signal);
    const answer = await exchange(request);
    budget.observe(answer.headers);
    return answer;
  }),
});

/** Throttles the files that are sent, all together; a rate of null does not. */
export const withUploadRate = (hub: Hub, bytesPerSecond: number | null): Hub => {
  if (bytesPerSecond === null) return hub;
  const limiter = new RateLimiter(bytesPerSecond, hub.machine.clock);
  const throttle = (source: Readable, signal: AbortSignal): Readable =>
    Readable.from(
      (async function* () {
        for await (const chunk of source as AsyncIterable<Uint8Array>) {
          await limiter.take(chunk.byteLength, signal);
          yield chunk;
        }
      })(),
      { objectMode: false },
    );
  return {
    ...hub,
    transport: wrapTransport(hub.transport, (exchange) => (request) => {
      const { body, signal } = request;
      if (body === undefined || body instanceof Uint8Array) return exchange(request);
      return exchange({ ...request, body: { ...body, open: () => throttle(body.open(), signal) } });
    }),
  };
};

export interface OwnConnections extends Pick<SeparateTransport, 'close'> {
  readonly hub: Hub;
}

/**
 * Returns the Hub with new connections that no other call uses: one faulty connection cannot affect both reads of the
 * same bytes.
 */
export const withOwnConnections = (hub: Hub): OwnConnections => {
  const transport = hub.transport.separate();
  return { hub: { ...hub, transport }, close: transport.close };
};
