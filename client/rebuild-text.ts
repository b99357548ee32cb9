import type { Rebuild, RebuiltFile } from '../publish/verify/rebuild/result.js';
import { formatBytes, sanitizeLine, plural } from '../core/text.js';
import type { BuildEnvironment } from '../plan/provenance.js';
import type { Paint } from '../plan/render/paint.js';

/** Maximum number of files in the text; `--json` has all of them. */
const SHOWN = 20;

const OUTCOMES: Readonly<Record<Rebuild['outcome'], readonly [string, keyof Paint]>> = {
  reproduced: ['reproduced', 'good'],
  'not-reproduced': ['not reproduced here', 'careful'],
  differs: ['differs', 'bad'],
  cannot: ['cannot be rebuilt here', 'careful'],
};

const line = (label: string, text: string): string => `  ${label.padEnd(8)}  ${sanitizeLine(text, 1000)}`;

const environmentText = (environment: BuildEnvironment | null): string => {
  if (environment === null) return 'not known';
  const { cpu, blas } = environment;
  return `${cpu}; BLAS ${blas === null ? 'not known' : `${blas.name} ${blas.sha256}`}`;
};

const fileLine = ({ path, verdict, published, rebuilt }: RebuiltFile, paint: Paint): string => {
  const file = published ?? rebuilt;
  const painted = verdict === 'equal' ? verdict.padEnd(8) : paint.bad(verdict.padEnd(8));
  const [was, is] = [published, rebuilt].map((one) => (one === null ? 'no file' : one.sha256));
  return `  ${painted}  ${sanitizeLine(path, 240)}  ${formatBytes(file?.size ?? 0)}  ${verdict === 'equal' ? was : `published ${was}, here ${is}`}`;
};

/** Lists the files that differ first. */
const fileLines = (files: readonly RebuiltFile[], paint: Paint): string[] => {
  const sorted = files.toSorted((a, b) => Number(a.verdict === 'equal') - Number(b.verdict === 'equal'));
  return [
    ...sorted.slice(0, SHOWN).map((file) => fileLine(file, paint)),
    ...(sorted.length > SHOWN ? [`  and ${plural(sorted.length - SHOWN, 'more file')}: --json lists all`] : []),
  ];
};

const downMetaText = ({ scores, different, largest, tokens }: NonNullable<Rebuild['downMeta']>): string =>
  `at most ${largest.toPrecision(3)}, in ${different.toLocaleString('en-US')} of ${plural(scores, 'score')}; a different token in ${plural(tokens, 'place')}`;

/** Formats the rebuild of one target, for the place below its examination. */
export const rebuildText = ({ outcome, recipe, reason, files, environment, downMeta }: Rebuild, paint: Paint): string => {
  const [words, colour] = OUTCOMES[outcome];
  const { recorded, here } = environment;
  return [
    `  rebuilt   ${paint[colour](words)}`,
    ...(reason === null ? [] : [line('because', reason.message)]),
    ...(recipe === null ? [] : [line('recipe', recipe)]),
    ...(recorded === null && here === null ? [] : [line('computed', environmentText(recorded)), line('here', environmentText(here))]),
    ...(downMeta === null ? [] : [line('delta', downMetaText(downMeta))]),
    ...fileLines(files, paint),
  ].join('\n');
};
