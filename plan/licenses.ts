import { compareBytes } from '../core/text.js';
import type { License } from '../hub/repo-file.js';
import type { CopiedFile } from './artifact-plan.js';
import type { SourceFacts } from './facts.js';
import { ok, warn, type Check } from './checks.js';

/** Names of license texts in the root of a repository. A copy of the weights must include these texts. */
const LICENSE_FILE = /^(licen[cs]e|notice|copying)([.-][\w.-]*)?$/i;
const LICENSE_FILE_LIMIT = 1024 * 1024;

/** Returns the source's license texts, sorted by path. They are copied beside the payload. */
export const licenseFiles = (source: SourceFacts): CopiedFile[] =>
  source.files
    .filter((file) => LICENSE_FILE.test(file.path) && file.size <= LICENSE_FILE_LIMIT)
    .toSorted((a, b) => compareBytes(a.path, b.path))
    .map(({ path, size, gitBlob, lfs }) => ({ path, size, gitBlob, lfs }));

export const licenseName = (license: License | null): string | null => license?.name ?? license?.id ?? null;

/** Base of links, as on a page of the Hub. */
const BASE = 'https://huggingface.co/';

/** Returns true for an `https:` address, or a link relative to the repository's page. */
const isSafeLink = (link: string): boolean => URL.canParse(link, BASE) && new URL(link, BASE).protocol === 'https:';

/** Returns the license for our card. Its link comes from an untrusted card, so addresses of other kinds are left out. */
export const cardLicense = (license: License | null): License | null =>
  license === null || license.link === null || isSafeLink(license.link) ? license : { ...license, link: null };

export const checkLicenseLink = ({ repo, license }: SourceFacts): Check[] =>
  cardLicense(license)?.link === license?.link
    ? []
    : [
        warn(
          'license-link',
          `The card of ${repo} links its license to "${license?.link ?? ''}", which is not an https address. Our card omits the link.`,
        ),
      ];

export const checkLicense = (source: SourceFacts): Check => {
  const name = licenseName(source.license);
  if (name !== null) return ok('source-license', `${source.repo} is licensed ${name}; the card inherits it.`);
  return warn(
    'source-license',
    `The card of ${source.repo} names no license.`,
    'Before you approve, find out whether its license allows republishing.',
  );
};
