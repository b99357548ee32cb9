import { THIS_MACHINE } from '../../core/this-machine.js';
import { RateLimiter as ByteRateLimiter } from '../../core/rate-limiter.js';
import { type HubAdmin, createAdmin } from './admin.js';
import { createDevEndpoint, isForDevEndpoint } from './dev-endpoint.js';
import { disturb } from './faults/disturb.js';
import { Gate } from './gate.js';
import type { HubState } from './http/context.js';
import { createDispatch } from './http/dispatch.js';
import { listen, serve } from './http/listen.js';
import { RequestLog, type RequestRecord } from './http/request-log.js';
import type { Exchange, Fault, Intercept } from './operations.js';
import { HubSettings, type LocalHubOptions, type TokenSpec } from './options.js';
import { RateLimiter } from './rate-limit.js';
import { cdnRoutes } from './routes/resolve.js';
import { hubRoutes } from './routes/index.js';
import { scriptFaults } from './script-faults.js';
import { UrlSigner } from './signing.js';
import { openStore } from './store/open-store.js';

export interface LocalHub {
  /** Origin without a trailing slash, as `HF_ENDPOINT` takes it. */
  readonly url: string;
  /** Another origin, to which downloads of LFS content are redirected. */
  readonly cdnUrl: string;
  readonly directory: string;
  readonly tokens: readonly TokenSpec[];
  readonly admin: HubAdmin;
  /** All requests so far, oldest first; the records of open requests still change. */
  readonly requests: readonly RequestRecord[];
  /** Calls `intercept` for every request from now on; returns a function that removes it. */
  on(intercept: Intercept): () => void;
  /** Cuts all connections and waits until nothing more is written. */
  close(): Promise<void>;
}

/** Starts a strict Hugging Face hub on 127.0.0.1 that stores its data in a directory. It refuses everything that the real Hub refuses. */
export const startLocalHub = async ({ now = Date.now, ...options }: LocalHubOptions): Promise<LocalHub> => {
  const settings = HubSettings.parse(options);
  const store = await openStore(settings.directory, now);
  const main = await listen(settings.port);
  const cdn = await listen(0);
  const hub: HubState = {
    settings,
    store,
    signer: new UrlSigner(store.secret, now),
    limiter: new RateLimiter(settings.rateLimit, now),
    now,
    url: main.url,
    cdnUrl: cdn.url,
  };

  const log = new RequestLog();
  const script = scriptFaults();
  const hooks = new Set<Intercept>([script.intercept]);
  const intercept: Intercept = (exchange) => {
    for (const hook of hooks) {
      const fault = hook(exchange);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  const closing = new Gate();

  const admin = createAdmin(store, script);
  const common = {
    log,
    intercept,
    disturb: (fault: Fault, exchange: Exchange) => disturb(admin, fault, exchange),
    closed: closing.opened,
  };
  const pace = settings.downloadRate === undefined ? undefined : new ByteRateLimiter(settings.downloadRate, THIS_MACHINE.clock);
  const serveHub = createDispatch(hub, { routes: hubRoutes, ...common });
  const serveDev = createDevEndpoint(script, log);
  const stops = [
    serve(main.server, (request, response) => (settings.devEndpoint && isForDevEndpoint(request) ? serveDev : serveHub)(request, response)),
    serve(cdn.server, createDispatch(hub, { routes: cdnRoutes, ...common, pace })),
  ];
  return {
    url: hub.url,
    cdnUrl: hub.cdnUrl,
    directory: settings.directory,
    tokens: settings.tokens,
    admin,
    requests: log.records,
    on: (hook) => {
      hooks.add(hook);
      return () => void hooks.delete(hook);
    },
    close: async () => {
      closing.open();
      await Promise.all(stops.map((stop) => stop()));
    },
  };
};
