import { ENTRY_FIELDS } from '../../catalog/entry.js';
import { SwpError } from '../../core/error.js';

/** Fields of an entry from the command line, which take precedence over the proposal. */
export interface Overrides {
  readonly key?: string;
  readonly tier?: string;
  readonly collection?: string;
  readonly private?: true;
  /** `field=value`, for any other field. */
  readonly set?: readonly string[];
}

const fieldOf = (text: string): readonly [string, string] => {
  const at = text.indexOf('=');
  const field = text.slice(0, Math.max(at, 0));
  if (ENTRY_FIELDS.includes(field)) return [field, text.slice(at + 1)];
  throw new SwpError('usage', 'client/bad-set', `--set ${text} does not name a field of an entry.`, {
    hint: `Write field=value, with one of ${ENTRY_FIELDS.join(', ')}.`,
  });
};

/** Returns the given fields; the catalog's own schema validates their values. */
export const overridesOf = ({ key, tier, collection, private: isPrivate, set = [] }: Overrides): Record<string, unknown> => ({
  ...(key === undefined ? {} : { key }),
  ...(tier === undefined ? {} : { tier }),
  ...(collection === undefined ? {} : { hf_collection: collection }),
  ...(isPrivate === undefined ? {} : { private: true }),
  ...Object.fromEntries(set.map(fieldOf)),
});
