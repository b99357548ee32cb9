import { messageOf } from '../../core/error.js';
import { HubSettings } from './options.js';
import { startLocalHub } from './start-local-hub.js';

/**
 * Runs the local hub as a process, with its dev endpoint enabled. Takes the settings as one JSON argument and prints the address
 * as one JSON line on stdout. It ends on SIGINT or SIGTERM.
 */
const main = async (argument: string | undefined): Promise<void> => {
  const settings = HubSettings.parse(JSON.parse(argument ?? '{}'));
  const hub = await startLocalHub({ ...settings, devEndpoint: true });
  process.stdout.write(`${JSON.stringify({ url: hub.url, cdnUrl: hub.cdnUrl, pid: process.pid })}\n`);
  const stop = (): void => void hub.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
};

try {
  await main(process.argv[2]);
} catch (error) {
  process.stderr.write(`local hub: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
