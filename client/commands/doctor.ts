import { SwpError, messageOf } from '../../core/error.js';
import type { Context } from '../context.js';
import type { Finding, Look } from '../doctor/finding.js';
import { lookAtHub, lookAtSourceToken, lookAtWriting } from '../doctor/hub.js';
import { lookAtLarql } from '../doctor/larql.js';
import { lookAtCatalog, lookAtNode, lookAtScratch, lookAtSettings } from '../doctor/machine.js';
import { lookAtTemporal, lookAtWorkers } from '../doctor/temporal.js';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';

const NAMES = ['node', 'catalog', 'settings', 'scratch', 'hub', 'writing', 'sources', 'larql', 'temporal', 'workers'] as const;

/** Checks everything that a publish needs, and prints how to fix problems. The first problem decides the exit code. */
export const doctor = async ({ setup }: { readonly setup?: boolean }, context: Context): Promise<ExitCode> => {
  const checks: Record<(typeof NAMES)[number], Look> = {
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
  const results = await Promise.all(
    NAMES.map(async (what): Promise<{ readonly finding: Finding; readonly code: ExitCode }> => {
      try {
        const finding = await checks[what](context);
        return { finding, code: finding.verdict === 'bad' ? EXIT.invalid : EXIT.ok };
      } catch (error) {
        const fix = error instanceof SwpError ? error.hint : undefined;
        const finding: Finding = { what, verdict: 'bad', message: messageOf(error), ...(fix === undefined ? {} : { fix }) };
        return { finding, code: error instanceof SwpError ? exitCodeOf(error.kind) : EXIT.failed };
      }
    }),
  );
  const findings = results.map(({ finding }) => finding);
  const { paint } = context.out;
  const mark = { ok: paint.good('ok  '), warn: paint.careful('warn'), bad: paint.bad('bad ') };
  context.out.data(findings, () =>
    findings
      .flatMap(({ what, verdict, message, fix }) => [
        `${mark[verdict]}  ${what.padEnd(8)}  ${stripControls(message)}`,
        ...(fix === undefined
          ? []
          : stripControls(fix)
              .split('\n')
              .map((line) => `                ${line}`)),
      ])
      .join('\n'),
  );
  return results.find(({ code }) => code !== EXIT.ok)?.code ?? EXIT.ok;
};
