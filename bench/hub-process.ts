import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { LocalHubOptions } from '../dev/hub/index.js';

const Address = z.object({ url: z.string() });
const Requests = z.array(
  z.object({ operation: z.string().optional(), repo: z.string().optional(), status: z.number().optional(), sent: z.number() }),
);

export interface HubProcess {
  readonly url: string;
  /** Returns every request so far, with the bytes of its response. */
  requests(): Promise<z.infer<typeof Requests>>;
}

/** Calls `run` with a local hub in its own process, and stops the hub afterwards. */
export const withHub = async <T>(settings: Omit<LocalHubOptions, 'now'>, run: (hub: HubProcess) => Promise<T>): Promise<T> => {
  const main = fileURLToPath(new URL('../dev/hub/main.js', import.meta.url));
  const hub = spawn(process.execPath, [main, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(hub.stdout, 'data');
    const { url } = Address.parse(JSON.parse(String(line)));
    const requests = async () => Requests.parse(await (await fetch(`${url}/__dev__/requests`)).json());
    return await run({ url, requests });
  } finally {
    hub.kill();
  }
};
