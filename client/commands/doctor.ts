import { SwpError, messageOf } from '../../core/error.js';
import type { Context } from '../context.js';
import type { Finding, DoctorCheck } from '../doctor/finding.js';
import { checkHub, checkSourceToken, checkWriting } from '../doctor/hub.js';
import { checkLarql } from '../doctor/larql.js';
import { checkCatalog, checkNode, checkScratch, checkSettings } from '../doctor/machine.js';
import { checkTemporal, checkWorkers } from '../doctor/temporal.js';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';

const NAMES = ['node', 'catalog', 'settings', 'scratch', 'hub', 'writing', 'sources', 'larql', 'temporal', 'workers'] as const;

/** Checks everything that a publish needs, and prints how to fix problems. The first problem decides the exit code. */
export const doctor = async ({ setup }: { readonly setup?: boolean }, context: Context): Promise<ExitCode> => {
  const checks: Record<(typeof NAMES)[number], DoctorCheck> = {
    node: checkNode,
    catalog: checkCatalog,
    settings: checkSettings,
    scratch: checkScratch,
    hub: checkHub,
    writing: checkWriting,
    sources: checkSourceToken,
    larql: checkLarql,
    temporal: checkTemporal(setup === true),
    workers: checkWorkers,
  };
  const results = await Promise.all(
    NAMES.map(async (check): Promise<{ readonly finding: Finding; readonly code: ExitCode }> => {
      try {
        const finding = await checks[check](context);
        return { finding, code: finding.verdict === 'bad' ? EXIT.invalid : EXIT.ok };
      } catch (error) {
        const fix = error instanceof SwpError ? error.hint : undefined;
        const finding: Finding = { check, verdict: 'bad', message: messageOf(error), ...(fix === undefined ? {} : { fix }) };
        return { finding, code: error instanceof SwpError ? exitCodeOf(error.kind) : EXIT.failed };
      }
    }),
  );
  const findings = results.map(({ finding }) => finding);
  const { paint } = context.out;
  const mark = { ok: paint.good('ok  '), warn: paint.careful('warn'), bad: paint.bad('bad ') };
  context.out.data(findings, () =>
    findings
      .flatMap(({ check, verdict, message, fix }) => [
        `${mark[verdict]}  ${check.padEnd(8)}  ${stripControls(message)}`,
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
