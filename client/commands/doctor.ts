import { SwpError, messageOf } from '../../core/error.js';
import { whoAmI } from '../../hub/access.js';
import { hubConfigFromEnv, withPatience } from '../../hub/config.js';
import { readCatalog } from '../../catalog/load.js';
import { checkSearchAttributes, registerSearchAttributes, searchAttributesError } from '../../worker/search-attributes.js';
import { readSettings } from '../../worker/settings.js';
import { catalogOptions } from '../catalog.js';
import type { Context } from '../context.js';
import { lookAtLarql } from '../doctor-larql.js';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { withTemporal } from '../publish/connect.js';

export interface Finding {
  readonly what: string;
  readonly verdict: 'ok' | 'warn' | 'bad';
  readonly message: string;
  readonly fix?: string;
}

type Look = (context: Context) => Promise<Finding>;

const ATTEMPTS = 2;
const OLDEST_NODE = [20, 19] as const;

const lookAtNode: Look = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const message = `Node ${process.versions.node}`;
  return Promise.resolve(
    good
      ? { what: 'node', verdict: 'ok', message }
      : { what: 'node', verdict: 'bad', message, fix: `Install Node ${OLDEST_NODE.join('.')} or newer.` },
  );
};

const lookAtCatalog: Look = async (context) => {
  const { catalog, problems } = await readCatalog(catalogOptions(context));
  if (catalog !== null) return { what: 'catalog', verdict: 'ok', message: `${catalog.entries.size} entries` };
  return { what: 'catalog', verdict: 'bad', message: `${problems.length} mistakes`, fix: 'swp catalog validate' };
};

const lookAtSettings: Look = (context) => {
  const settings = readSettings(context.env);
  const targets = settings.targets === null ? 'any namespace that its token may write' : settings.targets.join(', ');
  const message = `scratch ${settings.scratch}; a worker with these settings writes to ${targets}`;
  return Promise.resolve(
    settings.targets === null
      ? { what: 'settings', verdict: 'warn', message, fix: 'Set SWP_TARGETS on high-memory workers.' }
      : { what: 'settings', verdict: 'ok', message },
  );
};

const lookAtHub: Look = async (context) => {
  const hub = withPatience(hubConfigFromEnv(context.env), ATTEMPTS);
  const who = await whoAmI(hub, { signal: context.signal });
  if (who === null)
    return {
      what: 'hub',
      verdict: 'warn',
      message: `${hub.endpoint.host} answers; no token`,
      fix: 'Set HF_TOKEN, or log in with `hf auth login`, to read private repositories.',
    };
  return { what: 'hub', verdict: 'ok', message: `${hub.endpoint.host} knows the token as ${who.user}, role ${who.role}` };
};

const lookAtTemporal =
  (setup: boolean): Look =>
  (context) =>
    withTemporal(context, async ({ connection, namespace, address }) => {
      if (setup) await registerSearchAttributes(connection, namespace);
      const problems = await checkSearchAttributes(connection, namespace);
      const message = `${address}, namespace ${namespace}`;
      if (problems.length === 0) return { what: 'temporal', verdict: 'ok', message };
      const error = searchAttributesError(problems, namespace);
      return { what: 'temporal', verdict: 'bad', message: error.message, ...(error.hint === undefined ? {} : { fix: error.hint }) };
    });

const NAMES = ['node', 'catalog', 'settings', 'hub', 'larql', 'temporal'] as const;

/** Looks at everything that a publish needs, and tells the fix for what is wrong. `--setup` registers search attributes. */
export const doctor = async ({ setup }: { readonly setup?: boolean }, context: Context): Promise<ExitCode> => {
  const looks: Record<(typeof NAMES)[number], Look> = {
    node: lookAtNode,
    catalog: lookAtCatalog,
    settings: lookAtSettings,
    hub: lookAtHub,
    larql: lookAtLarql,
    temporal: lookAtTemporal(setup === true),
  };
  let code: ExitCode = EXIT.ok;
  const findings = await Promise.all(
    NAMES.map(async (what): Promise<Finding> => {
      try {
        const finding = await looks[what](context);
        if (finding.verdict === 'bad') code = EXIT.invalid;
        return finding;
      } catch (error) {
        code = error instanceof SwpError ? exitCodeOf(error.kind) : EXIT.failed;
        const fix = error instanceof SwpError ? error.hint : undefined;
        return { what, verdict: 'bad', message: messageOf(error), ...(fix === undefined ? {} : { fix }) };
      }
    }),
  );
  const { paint } = context.out;
  const mark = { ok: paint.good('ok  '), warn: paint.careful('warn'), bad: paint.bad('bad ') };
  context.out.data(findings, () =>
    findings
      .flatMap(({ what, verdict, message, fix }) => [
        `${mark[verdict]}  ${what.padEnd(8)}  ${message}`,
        ...(fix === undefined ? [] : fix.split('\n').map((line) => `                ${line}`)),
      ])
      .join('\n'),
  );
  return code;
};
