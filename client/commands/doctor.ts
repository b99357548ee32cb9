import { SwpError, messageOf } from '../../core/error.js';
import type { Context } from '../context.js';
import type { Finding, Look } from '../doctor/finding.js';
import { lookAtHub, lookAtSourceToken, lookAtWriting } from '../doctor/hub.js';
import { lookAtLarql } from '../doctor/larql.js';
import { lookAtCatalog, lookAtNode, lookAtScratch, lookAtSettings } from '../doctor/machine.js';
import { lookAtTemporal, lookAtWorkers } from '../doctor/temporal.js';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { neutralise } from '../output/neutralise.js';

const NAMES = ['node', 'catalog', 'settings', 'scratch', 'hub', 'writing', 'sources', 'larql', 'temporal', 'workers'] as const;

/** Looks at everything that a publish needs, and tells the fix for what is wrong. `--setup` registers search attributes. */
export const doctor = async ({ setup }: { readonly setup?: boolean }, context: Context): Promise<ExitCode> => {
  const looks: Record<(typeof NAMES)[number], Look> = {
    node: lookAtNode,
    catalog: lookAtCatalog,
    settings: lookAtSettings,
    scratch: lookAtScratch,
    hub: lookAtHub,
    writing: lookAtWriting,
    sources: lookAtSourceToken,
    larql: lookAtLarql,
    temporal: lookAtTemporal(setup === true),
    workers: lookAtWorkers,
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
        `${mark[verdict]}  ${what.padEnd(8)}  ${neutralise(message)}`,
        ...(fix === undefined
          ? []
          : neutralise(fix)
              .split('\n')
              .map((line) => `                ${line}`)),
      ])
      .join('\n'),
  );
  return code;
};
