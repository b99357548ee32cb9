import { repoKey } from '../core/ids.js';

/** A rule that an entry breaks, with the field to fix. */
export interface BrokenRule {
  readonly field: string;
  readonly message: string;
}

type Raw = Readonly<Record<string, unknown>>;

const VINDEX_FIELDS = ['source_model', 'quant', 'slices', 'output_name', 'hf_repo'] as const;

/** The source and target fields of each kind. */
const PAIRS = [
  ['source_model', 'hf_repo'],
  ['mtp_source_repo', 'mtp_sidecar_repo'],
  ['vision_source_repo', 'vision_sidecar_repo'],
] as const;

/** Fields that have no meaning without another field. */
const NEEDS: Readonly<Record<string, string>> = {
  source_revision: 'source_model',
  mtp_source_revision: 'mtp_source_repo',
  mtp_names: 'mtp_sidecar_repo',
  mtp_quant: 'mtp_sidecar_repo',
  vision_source_revision: 'vision_source_repo',
};

const vindexRules = (has: (field: string) => boolean): BrokenRule[] => {
  const present = VINDEX_FIELDS.filter(has);
  const missing = VINDEX_FIELDS.filter((field) => !has(field));
  if (present.length > 0)
    return missing.map((field) => ({ field, message: `is missing: an entry with ${present[0]} needs ${VINDEX_FIELDS.join(', ')}` }));
  const hasSidecar = has('mtp_sidecar_repo') || has('vision_sidecar_repo') || has('mtp_source_repo') || has('vision_source_repo');
  return hasSidecar
    ? []
    : [{ field: 'key', message: `the entry publishes nothing: add ${VINDEX_FIELDS.join(', ')}, or the MTP or vision fields` }];
};

const pairRules = (has: (field: string) => boolean): BrokenRule[] =>
  PAIRS.slice(1).flatMap(([source, target]) => {
    if (has(source) === has(target)) return [];
    const [given, missing] = has(source) ? [source, target] : [target, source];
    return [{ field: given, message: `needs ${missing} too` }];
  });

const selfRules = (entry: Raw): BrokenRule[] => {
  const repos = PAIRS.flatMap(([source, target]) => [
    { field: source, repo: entry[source], target: false },
    { field: target, repo: entry[target], target: true },
  ]).filter((item): item is { field: (typeof PAIRS)[number][number]; repo: string; target: boolean } => typeof item.repo === 'string');
  return repos.flatMap((item, at) => {
    if (!item.target) return [];
    const clash = repos.find((other, index) => repoKey(other.repo) === repoKey(item.repo) && index !== at && (!other.target || index < at));
    if (clash === undefined) return [];
    return [
      {
        field: item.field,
        message: clash.target
          ? `is also the target in ${clash.field}: a repository can hold only one kind`
          : `is also read as ${clash.field}: a target must never be a source`,
      },
    ];
  });
};

/** Returns the rules between fields that an entry breaks. Works on unparsed values, so that all errors appear together. */
export const brokenRules = (entry: Raw): BrokenRule[] => {
  const has = (field: string): boolean => entry[field] !== undefined && entry[field] !== null;
  const dangling = Object.entries(NEEDS).flatMap(([field, needed]) =>
    has(field) && !has(needed) ? [{ field, message: `has no effect without ${needed}` }] : [],
  );
  const drafters =
    has('assistant_model_repo') && (has('mtp_source_repo') || has('mtp_sidecar_repo'))
      ? [
          {
            field: 'assistant_model_repo',
            message: 'cannot be combined with the MTP fields: a model has either a companion drafter or heads of its own',
          },
        ]
      : [];
  return [...vindexRules(has), ...pairRules(has), ...dangling, ...drafters, ...selfRules(entry)];
};
