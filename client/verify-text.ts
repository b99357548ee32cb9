import type { Examination, Unpublished } from '../publish/verify/examine-target.js';
import { sanitizeLine, plural, truncateList } from '../core/text.js';
import type { Hub } from '../hub/hub.js';
import { decisionText } from '../plan/decision.js';
import { levelOf, type Finding } from '../plan/findings/finding.js';
import { readBackText, readFilesText } from '../plan/read-back.js';
import type { Paint } from '../plan/render/paint.js';
import { commitAddress } from './addresses.js';
import { hubName } from './hub-name.js';

/** Maximum number of findings in the text; `--json` has all of them. */
const SHOWN = 20;

const unpublishedText = (found: Unpublished, hub: Hub): string =>
  found.state === 'absent'
    ? `${found.target}: not found on ${hubName(hub)} with this token`
    : `${found.target}: not published by SWP; its head is ${found.head}`;

const line = (label: string, text: string): string => `  ${label.padEnd(8)}  ${sanitizeLine(text, 1000)}`;

const recordLines = ({ commit, record }: Examination['publish'], page: string): string[] => [
  line('commit', commit),
  line('see', page),
  ...(record === null
    ? []
    : [
        line('entry', record.entry),
        line('source', `${record.source.repo} @ ${record.source.commit}`),
        line('plan', record.plan),
        ...record.decisions.map((decision) => line(`round ${decision.round}`, `${decisionText(decision)} (${decision.at})`)),
        line('manifest', record.manifest),
      ]),
];

const findingLines = (findings: readonly Finding[], paint: Paint): string[] => [
  ...findings
    .slice(0, SHOWN)
    .map((found) => `  ${(levelOf(found) === 'info' ? paint.dim : paint.bad)(found.code)}  ${sanitizeLine(found.message, 1000)}`),
  ...(findings.length > SHOWN ? [`  and ${findings.length - SHOWN} more findings: --json lists all`] : []),
];

const examinedLines = (found: Examination, hub: Hub, paint: Paint): string[] => [
  `${found.target}: ${found.state === 'intact' ? `${paint.good('intact')}, ${readBackText(found.readBack)}` : paint.bad('differs from what was published')}`,
  ...recordLines(found.publish, commitAddress(hub, found.target, found.publish.commit)),
  ...(found.head === found.publish.commit ? [] : [line('head', `${found.head}, after later commits`)]),
  line('compared', `${plural(found.files, 'file')} as listed; read back: ${readFilesText(found.readBack)}`),
  ...(found.wrongOnce.length === 0
    ? []
    : [line('reread', `${plural(found.wrongOnce.length, 'file')}, wrong on the first read only: ${truncateList(found.wrongOnce)}`)]),
  ...(found.foreign.length === 0
    ? []
    : [line('foreign', `${plural(found.foreign.length, 'file')} not from this publish: ${truncateList(found.foreign)}`)]),
  ...findingLines(found.findings, paint),
];

/**
 * Formats one target. Its commits, files and record contain untrusted text.
 *
 * @param source the findings about its source
 */
export const examinationText = (found: Examination | Unpublished, source: readonly Finding[], hub: Hub, paint: Paint): string =>
  ['findings' in found ? examinedLines(found, hub, paint).join('\n') : unpublishedText(found, hub), ...findingLines(source, paint)].join(
    '\n',
  );
