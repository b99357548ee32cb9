import { sanitizeLine, plural } from '../../core/text.js';
import type { Detected, Part } from '../../plan/proposal/detect.js';
import type { ProposalFacts } from '../../plan/proposal/model-facts.js';

/** One part of a model in a few words: its summary and notes, or the reasons why the model does not have it. */
export interface Offer {
  readonly part: 'vindex' | 'mtp' | 'vision' | 'assistant';
  /** Null if it was not found. */
  readonly found: string | null;
  readonly notes: readonly string[];
}

const offer = <T>(name: Offer['part'], part: Part<T>, words: (value: T) => string): Offer => ({
  part: name,
  found: part.found ? sanitizeLine(words(part.value)) : null,
  notes: (part.found ? part.notes : part.reasons).map((note) => sanitizeLine(note, 1000)),
});

export const offersOf = ({ vindex, mtp, vision, assistant }: Detected): Offer[] => [
  offer(
    'vindex',
    vindex,
    ({ quant, slice, kind }) => `${slice}, quant ${quant}, of a ${kind === 'moe' ? 'mixture-of-experts' : kind} model`,
  ),
  offer(
    'mtp',
    mtp,
    ({ source, selection: { heads, family, outputs } }) =>
      `${plural(heads, 'head')}${family === null ? '' : ` of ${family}`}, ${plural(outputs.length, 'tensor')}, from ${source.repo}`,
  ),
  offer('vision', vision, ({ repo, files }) => `${plural(files.length, 'file')} of ${repo}`),
  offer('assistant', assistant, ({ repo }) => repo),
];

export const offerLines = ({ model: { source } }: ProposalFacts, offers: readonly Offer[]): string[] => [
  `${source.repo} @ ${source.commit.slice(0, 12)}${source.gated ? ', gated' : ''}${source.private ? ', private' : ''}`,
  ...offers.flatMap(({ part, found, notes }) => {
    const [first = '', ...rest] = found === null ? notes : [found, ...notes];
    return [`  ${part.padEnd(9)}  ${found === null ? 'no: ' : ''}${first}`, ...rest.map((note) => `             ${note}`)];
  }),
];
