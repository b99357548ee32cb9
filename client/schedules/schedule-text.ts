import { sanitizeLine, plural } from '../../core/text.js';
import { levelOf } from '../../plan/findings/finding.js';
import { findingCounts, readText, repairText } from '../../plan/render/findings-markdown.js';
import type { Paint } from '../../plan/render/paint.js';
import type { RevalidateResult } from '../../contract/results.js';
import type { TimeText } from '../output/time.js';
import type { Run, ShownSchedule } from '../../temporal/read-schedules.js';

/** Maximum number of findings of a run in the text; `--json` has all that the run kept. */
const SHOWN = 30;

/** Formats the findings of a run, a line each. */
export const resultText = (result: RevalidateResult, paint: Paint): string[] => {
  const { findings, repairs } = result;
  const beyond = findings.attention + findings.info - Math.min(findings.rows.length, SHOWN);
  return [
    `  ${readText(result)}`,
    ...findings.rows.slice(0, SHOWN).map((found) => {
      const code = (levelOf(found) === 'info' ? paint.dim : paint.bad)(found.code);
      return `  ${found.target ?? found.entry ?? 'catalog'}  ${code}  ${sanitizeLine(found.message, 500)}`;
    }),
    ...(beyond > 0 ? [`  and ${plural(beyond, 'more finding')}; to see those of one entry: swp verify <entry>`] : []),
    ...repairs.map((repair) => `  ${repair.entry}: ${sanitizeLine(repairText(repair), 400)}`),
  ];
};

const runLines = ({ at, status, result, workflow }: Run, isNewest: boolean, paint: Paint, time: TimeText): string[] => {
  const outcome = result === null ? status.toLowerCase() : findingCounts(result);
  return [
    `  ${time(at)}  ${outcome}  (${workflow})`,
    ...(isNewest && result !== null ? resultText(result, paint).map((line) => `  ${line}`) : []),
  ];
};

/** Formats a schedule, its newest runs, and the findings of the newest run that has completed. */
export const scheduleText = ({ which, paused, note, cron, timezone, next, runs }: ShownSchedule, paint: Paint, time: TimeText): string => {
  const when = cron === null ? 'at times that another program set' : `at ${cron}, ${timezone ?? 'UTC'}`;
  const state = paused
    ? paint.careful(`paused${note === null ? '' : `: ${sanitizeLine(note, 300)}`}`)
    : next === null
      ? 'no next run'
      : `next ${time(next)}`;
  const newest = runs.findIndex(({ result }) => result !== null);
  return [`${paint.bold(which)}: ${when}; ${state}`, ...runs.flatMap((run, at) => runLines(run, at === newest, paint, time))].join('\n');
};
