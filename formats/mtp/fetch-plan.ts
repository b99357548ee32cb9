import { SwpError } from '../../core/error.js';
import { compareBytes } from '../../core/text.js';
import { joinTouching, mergeRanges, sizeOf, type FetchRange } from '../ranges.js';
import type { OutputSlab } from './slabs.js';
import type { SourceTensor } from './tensors.js';

/** One request for weights that is read as a stream, with the scales that its slabs need. */
export interface FetchSpan extends FetchRange {
  /** In the order of their weights, which do not overlap. */
  readonly slabs: readonly OutputSlab[];
  /** Read before the stream; each slab's scales are in one of them. */
  readonly scales: readonly FetchRange[];
}

export interface FetchPlan {
  readonly spans: readonly FetchSpan[];
  /** Tensors of a few bytes that apply to whole weights: second scales, shapes. */
  readonly constants: readonly SourceTensor[];
  readonly constantRanges: readonly FetchRange[];
  /** Bytes that are needed, and bytes that are read, including the gaps that were not worth a separate request. */
  readonly neededBytes: number;
  readonly fetchBytes: number;
}

/** Extra bytes that may be read, as a share of the needed bytes, to save requests, which the Hub limits. */
const GAP_BUDGET = 0.015;
/** Longer runs are split, so that several requests can be in flight. */
const MAX_SPAN = 32 * 1024 * 1024;
/** Maximum bytes of scales per span: they stay in memory while their span streams. */
export const MAX_SPAN_SCALES = 4 * 1024 * 1024;

const rangeOf = ({ file, begin, end }: FetchRange): FetchRange => ({ file, begin, end });

const scalesOf = (slabs: readonly OutputSlab[]): FetchRange[] => slabs.flatMap(({ scale }) => (scale === null ? [] : [scale]));

const constantsOf = (slabs: readonly OutputSlab[]): SourceTensor[] => {
  const found = slabs.flatMap(({ output: { quantised } }) => [quantised?.global?.tensor, quantised?.shapeTensor]);
  return [...new Set(found)].filter((tensor) => tensor !== undefined && tensor !== null);
};

/** Groups the slabs that one request reads: they are in one run of merged ranges and within the size limits. */
const groupSlabs = (sorted: readonly OutputSlab[], runs: readonly FetchRange[]): OutputSlab[][] => {
  const groups: OutputSlab[][] = [];
  let run = 0;
  let bytes = 0;
  let scales = 0;
  let openRun = -1;
  for (const slab of sorted) {
    while (runs[run] !== undefined && (runs[run]?.file !== slab.weight.file || (runs[run]?.end ?? 0) < slab.weight.end)) run += 1;
    const weightBytes = slab.weight.end - slab.weight.begin;
    const scaleBytes = slab.scale === null ? 0 : slab.scale.end - slab.scale.begin;
    const group = groups.at(-1);
    if (group === undefined || run !== openRun || bytes + weightBytes > MAX_SPAN || scales + scaleBytes > MAX_SPAN_SCALES) {
      groups.push([slab]);
      [openRun, bytes, scales] = [run, weightBytes, scaleBytes];
    } else {
      group.push(slab);
      bytes += weightBytes;
      scales += scaleBytes;
    }
  }
  return groups;
};

/** Returns the bytes of scales that are read repeatedly, because the weights of several groups share them. */
const repeatedScaleBytes = (groups: readonly (readonly OutputSlab[])[]): number => {
  const ranges = groups.map((group) => joinTouching(scalesOf(group)));
  return ranges.reduce((sum, some) => sum + sizeOf(some), 0) - sizeOf(joinTouching(ranges.flat()));
};

/** Groups weights merged across gaps if the budget also covers the repeated scales; otherwise groups them without gaps. */
const groupWithin = (sorted: readonly OutputSlab[], budget: number): { readonly groups: OutputSlab[][]; readonly left: number } => {
  const weights = sorted.map(({ weight }) => weight);
  for (const forGaps of [budget, 0]) {
    const runs = mergeRanges(weights, forGaps);
    const groups = groupSlabs(sorted, runs);
    const left = budget - (sizeOf(runs) - sizeOf(joinTouching(weights))) - repeatedScaleBytes(groups);
    if (left >= 0) return { groups, left };
  }
  throw new SwpError(
    'invalid',
    'formats/scales-read-again',
    'The scales of these heads are stored so that SWP would have to read them many times.',
    {
      hint: 'No quantiser that SWP knows shares scales between rows this wide: check the tool that made this checkpoint.',
    },
  );
};

/**
 * Plans the requests that fetch these slabs. Merges ranges across gaps, the smallest first, while the bytes beyond the
 * needed ones stay within a budget.
 *
 * @throws SwpError `formats/scales-read-again`
 */
export const fetchPlan = (slabs: readonly OutputSlab[]): FetchPlan => {
  const sorted = slabs.toSorted((a, b) => compareBytes(a.weight.file, b.weight.file) || a.weight.begin - b.weight.begin);
  const weights = sorted.map(({ weight }) => weight);
  const scales = scalesOf(sorted);
  const constants = constantsOf(slabs);
  const neededBytes = sizeOf(joinTouching([...weights, ...scales, ...constants.map(rangeOf)]));
  const budget = Math.floor(neededBytes * GAP_BUDGET);
  const { groups, left } = groupWithin(sorted, budget);
  const share = Math.floor(left / (groups.length + 1));
  const spans = groups.flatMap((group): FetchSpan[] => {
    const [first, last] = [group[0], group.at(-1)];
    if (first === undefined || last === undefined) return [];
    const merged = mergeRanges(scalesOf(group), share);
    return [{ file: first.weight.file, begin: first.weight.begin, end: last.weight.end, slabs: group, scales: merged }];
  });
  const constantRanges = mergeRanges(constants.map(rangeOf), share);
  const fetchBytes = sizeOf(spans) + sizeOf(spans.flatMap((span) => span.scales)) + sizeOf(constantRanges);
  return { spans, constants, constantRanges, neededBytes, fetchBytes };
};
