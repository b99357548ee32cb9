import { THIS_MACHINE } from '../../core/this-machine.js';
import { RateLimiter as ByteRateLimiter } from '../../core/rate-limiter.js';
import { type HubAdmin, createAdmin } from './admin.js';
import { createDevEndpoint, isForDevEndpoint } from './dev-endpoint.js';
import { disturb } from './faults/disturb.js';
import { Gate } from './gate.js';
import type { HubState } from './http/context.js';
import { createHandler, type HandleRequest } from './http/handle-request.js';
import { serveRequests } from './http/serve-requests.js';
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

/** The handlers of a local hub, and what a test does with it. */
export interface OpenedHub extends Omit<LocalHub, 'close'> {
  readonly handleHub: HandleRequest;
  /** Serves the content of LFS objects, at the origin of the CDN. */
  readonly handleCdn: HandleRequest;
  /** Answers tests in another process, if the settings allow it. */
  readonly handleDev: ReturnType<typeof createDevEndpoint> | null;
  /** Ends every hold. */
  readonly endHolds: () => void;
}

/** Opens a strict Hugging Face hub that stores its data in a directory. It refuses everything that the real Hub refuses. */
export const openLocalHub = async (
  { machine = THIS_MACHINE, ...options }: LocalHubOptions,
  { url, cdnUrl }: Pick<LocalHub, 'url' | 'cdnUrl'>,
): Promise<OpenedHub> => {
  const settings = HubSettings.parse(options);
  const { clock, files, random } = machine;
  const store = await openStore(machine, settings.directory);
  const hub: HubState = {
    settings,
    store,
    signer: new UrlSigner(store.secret, clock),
    limiter: new RateLimiter(settings.rateLimit, clock),
    machine,
    url,
    cdnUrl,
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
  const admin = createAdmin(files, store, script);
  const common = {
    log,
    intercept,
    disturb: (fault: Fault, exchange: Exchange) => disturb(admin, random, fault, exchange),
    closed: closing.opened,
  };
  const pace = settings.downloadRate === undefined ? undefined : new ByteRateLimiter(settings.downloadRate, clock);
  return {
    url,
    cdnUrl,
    directory: settings.directory,
    tokens: settings.tokens,
    admin,
    requests: log.records,
    on: (hook) => {
      hooks.add(hook);
      return () => void hooks.delete(hook);
    },
    handleHub: createHandler(hub, { routes: hubRoutes, ...common }),
    handleCdn: createHandler(hub, { routes: cdnRoutes, ...common, pace }),
    handleDev: settings.devEndpoint ? createDevEndpoint(script, log) : null,
    endHolds: closing.open,
  };
};

/** Starts a local hub on 127.0.0.1. */
export const startLocalHub = async (options: LocalHubOptions): Promise<LocalHub> => {
  const { machine: _machine, ...settings } = options;
  const main = await listen(HubSettings.parse(settings).port);
  const cdn = await listen(0);
  const { handleHub, handleCdn, handleDev, endHolds, ...hub } = await openLocalHub(options, { url: main.url, cdnUrl: cdn.url });
  const serveHub = serveRequests(handleHub);
  const stops = [
    serve(main.server, (request, response) => (handleDev !== null && isForDevEndpoint(request) ? handleDev : serveHub)(request, response)),
    serve(cdn.server, serveRequests(handleCdn)),
  ];
  return {
    ...hub,
    close: async () => {
      endHolds();
      await Promise.all(stops.map((stop) => stop()));
    },
  };
};
